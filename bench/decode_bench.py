#!/usr/bin/env python3
"""Sparse sampling: 16 frames, stride 4, from random starts of 340x256 videos; one thread; the file is opened for each clip, as in
training. Ours against decord, torchcodec, PyAV and OpenCV, in alternating runs; prints the median ratio to the best of them last.
Speeds are clips per second of the process's CPU time, which other work on the machine disturbs less than wall time; all files are in
the page cache and every reader is bound by the CPU.

    python bench/decode_bench.py [--build BUILD] [--rounds 5] [--clips 60] [--gop 12 250]

Run it with the Python of a venv that has decord, av, opencv-python-headless, torchcodec; what is missing is skipped."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import decode_clips_common as common

TARGETS = {12: 1.5, 250: 1.8}


def worker(name, jobs):
    read = common.REFERENCES[name]
    jobs = list(common.read_jobs(jobs))
    read(*jobs[0])  # imports and first-call costs are not the decoder's
    begin = time.process_time()
    for path, frames in jobs:
        assert len(read(path, frames)) == len(frames)
    print(len(jobs) / (time.process_time() - begin))


def one_cpu():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=one_cpu)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[0])


def check_frames(ours, jobs, names, folder):
    """Decoded pictures against each reference's: the decoding is bit-equal if conversion to RGB is all that differs."""
    import numpy
    dump = os.path.join(folder, "frames.rgb")
    few = os.path.join(folder, "few.txt")
    lines = open(jobs).read().splitlines()[:4]
    open(few, "w").write("\n".join(lines) + "\n")
    subprocess.run([ours, few, "--fast", "--dump", dump], check=True, capture_output=True)
    frames = numpy.fromfile(dump, numpy.uint8).reshape(len(lines), -1, 256, 340, 3)
    for name in names:
        worst, equal = 0, 0
        for k, (path, indices) in enumerate(common.read_jobs(few)):
            difference = numpy.abs(frames[k].astype(int) - common.REFERENCES[name](path, indices))
            worst, equal = max(worst, int(difference.max())), equal + float((difference == 0).mean())
        print(f"  frames against {name}: {100 * equal / len(lines):.2f} % of values equal, largest difference {worst}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(common.ROOT / "build" / "release"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--gop", type=int, nargs="+", default=[12, 250])
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker(*args.worker)
    ours = common.tool("kinetics-decode-clips", args.build)
    names = [name for name in common.REFERENCES if common.usable(name)]
    if not names:
        common.skip("no reference is installed: nothing to compare with")
    summary = []
    with tempfile.TemporaryDirectory() as folder:
        for gop in args.gop:
            jobs = os.path.join(folder, f"jobs{gop}.txt")
            common.make_jobs(common.make_files(gop), args.clips, gop, jobs)
            print(f"GOP {gop}: {args.clips} clips, {args.rounds} rounds, one CPU")
            check_frames(ours, jobs, names, folder)
            speeds = {name: [] for name in ["ours", "ours, bit-exact RGB", *names]}
            for _ in range(args.rounds):
                speeds["ours"].append(run([ours, jobs, "--fast"]))
                speeds["ours, bit-exact RGB"].append(run([ours, jobs]))
                for name in names:
                    speeds[name].append(run([sys.executable, __file__, "--worker", name, jobs]))
            for name, values in speeds.items():
                print(f"  {name:20s} {statistics.median(values):7.1f} clips/s ({min(values):.1f} to {max(values):.1f})")
            ratios = [speeds["ours"][r] / max(speeds[name][r] for name in names) for r in range(args.rounds)]
            target = TARGETS.get(gop)
            summary.append(f"GOP {gop}: {statistics.median(ratios):.2f} times the best reference ({min(ratios):.2f} to {max(ratios):.2f})"
                           + (f"; target {target}" if target else ""))
    print("\n".join(summary))


if __name__ == "__main__":
    main()
