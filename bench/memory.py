"""Peak memory of VideoMAE-B pre-training on video with two loading workers, batch 2: vhost against a plain PyTorch loop with Hugging
Face's model and a DataLoader around decord or torchcodec (what is installed). Memory is the sum of the proportional set sizes of all
processes, sampled five times a second.

    memory.py [--rounds 1] [--steps 6]

Prints the ratio vhost / reference last. Needs a Python with torch, transformers and a reader; skipped without.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import decode_clips_common as common

sys.path.insert(0, str(common.ROOT / "tests/e2e"))
from vhost_run import Run  # noqa: E402

BATCH, WORKERS = 2, 2


def processes(root):
    """`root` and all that descends from it."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        parents.setdefault(int(text.rsplit(")", 1)[1].split()[1]), []).append(int(stat.parent.name))
    found = [root]
    for process in found:
        found += parents.get(process, [])
    return found


def proportional_bytes(process):
    try:
        lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def peak(command, environment=None):
    """Bytes; exits if the command fails."""
    highest = 0
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        while process.poll() is None:
            highest = max(highest, sum(map(proportional_bytes, processes(process.pid))))
            time.sleep(0.2)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{errors.read()[-2000:]}")
    return highest


def reference(reader, steps):
    import torch
    from transformers import VideoMAEConfig, VideoMAEForPreTraining

    files, read = common.make_files(12), common.REFERENCES[reader]

    class Clips(torch.utils.data.Dataset):
        def __len__(self):
            return steps * BATCH

        def __getitem__(self, i):
            video = torch.from_numpy(read(files[i % len(files)], list(range(i, i + 64, 4)))).permute(0, 3, 1, 2)
            return torch.nn.functional.interpolate(video, size=(224, 224), mode="bilinear")

    model = VideoMAEForPreTraining(VideoMAEConfig())
    optimizer = torch.optim.AdamW(model.parameters())
    for video in torch.utils.data.DataLoader(Clips(), batch_size=BATCH, num_workers=WORKERS):
        frame = torch.zeros(196, dtype=torch.bool)
        frame[torch.randperm(196)[:176]] = True
        loss = model((video.float() - 118) / 57, bool_masked_pos=frame.repeat(8).expand(BATCH, -1)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--reference", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reference:
        return reference(options.reference, options.steps)
    readers = [name for name in ("decord", "torchcodec") if common.usable(name)]
    if not readers or not common.usable("transformers"):
        print("skipped: needs transformers, and decord or torchcodec")
        sys.exit(77)
    files = common.make_files(12)
    listing = common.CACHE / "memory.txt"
    listing.write_text("".join(f"{files[i % len(files)]} 0\n" for i in range(8)))
    run = Run({
        "vhost": 1, "name": "memory", "task": "pretrain", "plugins": {"kinetics": "*", "videomae": "*"},
        "data": {"train": {"use": "kinetics/clips", "list": str(listing), "frames": 16, "stride": 4, "size": 224}, "batch": BATCH, "workers": WORKERS},
        "model": {"backbone": {"use": "videomae/vit", "size": "base"}, "heads": {"main": {"use": "videomae/decoder"}}},
        "mask": {"use": "videomae/tube", "ratio": 0.9}, "target": {"use": "videomae/pixels"}, "losses": [{"use": "videomae/mse", "head": "main"}],
        "optimizer": {"lr": 1e-4}, "schedule": {"steps": options.steps}, "checkpoint": {"every_epochs": 0},
    })
    ratios = []
    for _ in range(options.rounds):
        ours = peak(run.command("--no-resume"), run.environment())
        theirs = {name: peak([sys.executable, __file__, "--reference", name, "--steps", str(options.steps)]) for name in readers}
        ratios.append(ours / min(theirs.values()))
        print(f"vhost {ours / 1e6:.0f} MB, " + ", ".join(f"{name} {bytes_ / 1e6:.0f} MB" for name, bytes_ in theirs.items()), flush=True)
    run.remove()
    print(f"memory ratio: median {statistics.median(ratios):.3f} (min {min(ratios):.3f}, max {max(ratios):.3f})")


if __name__ == "__main__":
    main()
