"""VideoMAE's fine-tuning augmentation (flip, 4 operations of RandAugment at 7, erasing 0.25) of a batch: in the workers, one frame after the
other, against data.augment, with ATen on the batch; both give the same bytes. On the CPU, alternating, one thread each.

    augment.py [--rounds 5] [--batches 8] [--rows 4] [--frames 16] [--size 224]

A figure is the median time of a batch. Prints the median ratio device / worker last: what moving the work to a CPU that is the device costs;
it is meant for a GPU, beside which the workers' cores are scarce.
"""
import argparse
import os
import pathlib
import statistics
import subprocess

BUILD = pathlib.Path(os.environ.get("VHOST_BUILD_DIR", pathlib.Path(__file__).resolve().parents[1] / "build/release"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in ("rounds", 5), ("batches", 8), ("rows", 4), ("frames", 16), ("size", 224):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    process = subprocess.Popen([BUILD / "tests/augment_driver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "OMP_NUM_THREADS": "1"})

    def milliseconds(where):
        print("time", where, options.rows, options.frames, options.size, options.batches, file=process.stdin, flush=True)
        status, value = process.stdout.readline().split(maxsplit=1)
        assert status == "ok", value
        return float(value)

    ratios = []
    for _ in range(options.rounds):
        worker, device = milliseconds("worker"), milliseconds("device")
        ratios.append(device / worker)
        print(f"{options.rows} clips of {options.frames} x {options.size}: worker {worker:.1f} ms, device {device:.1f} ms", flush=True)
    print(f"ratio device / worker: median {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})")


if __name__ == "__main__":
    main()
