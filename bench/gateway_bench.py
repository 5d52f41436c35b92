#!/usr/bin/env python3
"""Operator calls: direct C++, the gateway, Python. Runs build/bench/gateway_bench, then the same calls in Python.

    bench/gateway_bench.py [--bench PATH] [--rounds N] [--calls N]

Skips (exit 77) where torch or the C++ program is missing. Last line: the median ratio of gateway to Python."""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import time


def find_program(given):
    if given:
        return pathlib.Path(given)
    root = pathlib.Path(__file__).resolve().parent.parent
    found = sorted(root.glob("build*/**/bench/gateway_bench")) + sorted(root.glob("build*/bin/gateway_bench"))
    return found[0] if found else None


def python_times(rounds, calls):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(1)
    times = {}
    for suffix, grad in (("", False), (" with grad", True)):
        x, y, w, b, g = (torch.randn(*s, requires_grad=grad) for s in ((4, 16), (4, 16), (16, 16), (16,), (16,)))
        bodies = {
            "linear": lambda: F.linear(x, w, b),
            "layer_norm": lambda: F.layer_norm(x, (16,), g, b),
            "add": lambda: torch.add(x, y),
        }
        for name, body in bodies.items():
            samples = []
            for _ in range(rounds + 1):
                begin = time.thread_time()
                for _ in range(calls):
                    body()
                samples.append((time.thread_time() - begin) / calls * 1e6)
            times[name + suffix] = statistics.median(samples[1:])
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", help="path of the C++ program")
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--calls", type=int, default=2000)
    args = parser.parse_args()
    program = find_program(args.bench)
    if not program or not program.exists():
        print("skipped: gateway_bench isn't built")
        return 77
    try:
        import torch  # noqa: F401
    except ImportError:
        print("skipped: this Python has no torch")
        return 77
    text = subprocess.run([program, str(args.rounds), str(args.calls)], check=True, capture_output=True, text=True).stdout
    python = python_times(args.rounds, args.calls)
    print(f"{'us a call':<22}{'C++':>8}{'gateway':>9}{'Python':>8}{'gateway/C++':>13}{'gateway/Python':>16}")
    ratios = []
    for name, direct, gateway in re.findall(r"^(\w+(?: with grad)?)\s+([\d.]+)\s+([\d.]+)\s+ratio", text, re.M):
        direct, gateway = float(direct), float(gateway)
        ratios.append(gateway / python[name])
        print(f"{name:<22}{direct:8.2f}{gateway:9.2f}{python[name]:8.2f}{gateway / direct:13.2f}{ratios[-1]:16.2f}")
    print(text.strip().splitlines()[-1])
    print(f"gateway/Python: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
