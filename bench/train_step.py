"""Time of a training step: vhost against Hugging Face's VideoMAE in eager PyTorch, alternating, same threads, same work.

    train_step.py [base|tiny|tiny-4|all] [--rounds 3] [--precision fp32|bf16]

base: VideoMAE-B pre-training, 16 x 224 x 224, mask 0.9, batch 2. tiny: width 96, 4 blocks, 8 x 32 x 32, mask 0.5, batch 32, bound
by matrix products; tiny-4: the same with batch 4, bound by the host's time per operator.
Neither side decodes video: vhost draws stripes (plugin toy), the reference has one batch in memory. The reference steps with PyTorch's default AdamW (fp32), or the fused one (bf16). Prints the median ratio vhost / reference last.
Needs the test tools' Python (tools/setup --tests); without it the benchmark is skipped and says so.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))
from vhost_run import BUILD, Run  # noqa: E402

try:
    import torch
    from transformers import VideoMAEConfig, VideoMAEForPreTraining
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

SIZES = {
    "base": {"frames": 16, "size": 224, "patch": 16, "ratio": 0.9, "batch": 2, "steps": 5,
             "vit": {"size": "base"}, "decoder": {}, "hf": {}},
    "tiny": {"frames": 8, "size": 32, "patch": 8, "ratio": 0.5, "batch": 32, "steps": 60,
             "vit": {"dim": 96, "depth": 4, "heads": 3}, "decoder": {"dim": 48, "depth": 1, "heads": 3},
             "hf": {"hidden_size": 96, "num_hidden_layers": 4, "num_attention_heads": 3, "intermediate_size": 384,
                    "decoder_hidden_size": 48, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 3, "decoder_intermediate_size": 192}},
}
SIZES["tiny-4"] = {**SIZES["tiny"], "batch": 4, "steps": 200}


def run_vhost(work, precision, steps, **top):
    """The finished Run of `steps` steps."""
    run = Run({
        "vhost": 1, "name": "bench", "task": "pretrain", "plugins": {"toy": "*", "videomae": "*"}, "precision": precision,
        "data": {"train": {"use": "toy/stripes", "count": 4 * work["batch"], "frames": work["frames"], "size": work["size"], "noise": 0},
                 "batch": work["batch"], "workers": 1},
        "model": {"backbone": {"use": "videomae/vit", "patch": work["patch"], **work["vit"]}, "heads": {"main": {"use": "videomae/decoder", **work["decoder"]}}},
        "mask": {"use": "videomae/tube", "ratio": work["ratio"]}, "target": {"use": "videomae/pixels"},
        "losses": [{"use": "videomae/mse", "head": "main"}], "optimizer": {"lr": 1e-4}, "schedule": {"steps": steps},
        "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 1}, **top,
    })
    run.run("--plugin-path", str(BUILD / "tests/plugins"))
    return run


def vhost_step(work, precision):
    """Median seconds of a step, the first two left out."""
    run = run_vhost(work, precision, work["steps"] + 2)
    lines = [json.loads(line) for line in (run.work / "metrics.jsonl").read_text().splitlines()]
    seconds = [work["batch"] / line["time"]["samples_per_second"] for line in lines if line["kind"] == "step"][2:]
    run.remove()
    return statistics.median(seconds)


def reference_step(work, precision):
    config = VideoMAEConfig(image_size=work["size"], patch_size=work["patch"], num_frames=work["frames"], **work["hf"])
    torch.manual_seed(0)
    model = VideoMAEForPreTraining(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=precision == "bf16")
    grid = (work["size"] // work["patch"]) ** 2
    video = torch.randint(0, 256, (work["batch"], work["frames"], 3, work["size"], work["size"]), dtype=torch.uint8)
    mean, std = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1), torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    seconds = []
    for _ in range(work["steps"] + 2):
        frame = torch.zeros(grid, dtype=torch.bool)
        frame[torch.randperm(grid)[: int(work["ratio"] * grid)]] = True
        mask = frame.repeat(work["frames"] // 2).expand(work["batch"], -1)
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = model((video.float() - mean) / std, bool_masked_pos=mask).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[2:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="?", default="all", choices=[*SIZES, "all"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    for size in SIZES if options.size == "all" else [options.size]:
        ratios = []
        for _ in range(options.rounds):
            ours, theirs = vhost_step(SIZES[size], options.precision), reference_step(SIZES[size], options.precision)
            ratios.append(ours / theirs)
            print(f"{size} {options.precision}: vhost {1e3 * ours:.1f} ms, Hugging Face {1e3 * theirs:.1f} ms, ratio {ratios[-1]:.3f}", flush=True)
        print(f"{size} {options.precision} ratio: median {statistics.median(ratios):.3f} (min {min(ratios):.3f}, max {max(ratios):.3f})", flush=True)


if __name__ == "__main__":
    main()
