#!/usr/bin/env python3
"""The whole clip pipeline with two workers: decode 16 frames (stride 4), random resized crop to 224, flip, batches of 8. Ours
against a DataLoader around each installed reader, in alternating runs; prints the median ratios to the best of them last, by CPU
time of all processes (little disturbed by other work on the machine) and by wall time.

    python bench/pipeline_bench.py [--build BUILD] [--rounds 3] [--batches 12] [--gop 12] [--workers 2]

Run it with the Python of a venv that has torch and decord or torchcodec."""
import argparse
import pathlib
import resource
import statistics
import subprocess
import sys
import time

import decode_clips_common as common

TARGET = 2.5


def worker(name, gop, batches, workers):
    import math
    import torch
    import torch.nn.functional as functional

    files = common.make_files(gop)
    read = common.REFERENCES[name]

    class Clips(torch.utils.data.Dataset):
        def __len__(self):
            return batches * 8

        def __getitem__(self, i):
            rng = torch.Generator().manual_seed(i)
            draw = lambda low, high: low + (high - low) * torch.rand((), generator=rng).item()
            start = int(draw(0, 219))
            video = torch.from_numpy(read(files[i % len(files)], list(range(start, start + 64, 4)))).permute(0, 3, 1, 2)
            for _ in range(10):
                area, aspect = draw(0.08, 1) * 340 * 256, math.exp(draw(math.log(0.75), math.log(4 / 3)))
                w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
                if 0 < w <= 340 and 0 < h <= 256:
                    break
            else:
                w = h = 256
            x, y = int(draw(0, 340 - w + 1)), int(draw(0, 256 - h + 1))
            video = functional.interpolate(video[:, :, y:y + h, x:x + w], size=(224, 224), mode="bilinear", align_corners=False)
            return video.flip(-1) if draw(0, 1) < 0.5 else video

    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(Clips(), batch_size=8, num_workers=workers, prefetch_factor=2)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, wall, count = time.process_time(), time.perf_counter(), 0
    for batch in loader:
        count += len(batch)
    wall = time.perf_counter() - wall
    del loader, batch
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = time.process_time() - cpu + after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    print(count / cpu, count / wall)


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return tuple(float(number) for number in done.stdout.replace("clips/s of CPU time,", "").split()[:2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(common.ROOT / "build" / "release"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--gop", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker(args.worker, args.gop, args.batches, args.workers)
    ours = common.tool("kinetics-read-clips", args.build)
    if not common.usable("torch"):
        common.skip("torch is not installed: nothing to compare with")
    names = [name for name in common.REFERENCES if common.usable(name)]
    if not names:
        common.skip("no reference is installed: nothing to compare with")
    list_file = pathlib.Path(common.CACHE) / f"list{args.gop}.txt"
    list_file.write_text("".join(f"{path} 0\n" for path in common.make_files(args.gop)))
    command = [ours, str(list_file), str(common.CACHE / "scan"), str(args.workers), str(args.batches)]
    run(command[:-1] + ["1"])  # scans
    options = ["--gop", str(args.gop), "--batches", str(args.batches), "--workers", str(args.workers)]
    speeds = {name: [] for name in ["ours", *names]}
    for _ in range(args.rounds):
        speeds["ours"].append(run(command))
        for name in names:
            speeds[name].append(run([sys.executable, __file__, "--worker", name, *options]))
    print(f"GOP {args.gop}, {args.workers} workers, {args.batches} batches of 8, {args.rounds} rounds")
    for unit, which in enumerate(["CPU second", "second"]):
        for name, values in speeds.items():
            numbers = [value[unit] for value in values]
            print(f"  {name:20s} {statistics.median(numbers):7.1f} clips per {which} ({min(numbers):.1f} to {max(numbers):.1f})")
    for unit, which in enumerate(["CPU time", "wall time"]):
        ratios = [speeds["ours"][r][unit] / max(speeds[name][r][unit] for name in names) for r in range(args.rounds)]
        print(f"{which}: {statistics.median(ratios):.2f} times the best reference ({min(ratios):.2f} to {max(ratios):.2f}); target {TARGET}")


if __name__ == "__main__":
    main()
