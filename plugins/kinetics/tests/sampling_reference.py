#!/usr/bin/env python3
"""sampling_reference.py DRIVER: the frames of VideoMAE's rule for Something-Something V2 against NumPy, on the same draws.

The rule as its authors' data loader has it: in training one frame of each of L segments of whole length; at test time the starts and
the middles of L segments of real length, sorted together, of which the first clip takes every other one and the second the rest."""
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print("skipped: no NumPy")
    sys.exit(77)

MASK = (1 << 64) - 1


class Stream:
    """vhost/random.h"""

    def __init__(self, seed):
        self.key, self.counter = seed, 0

    def number(self):
        self.counter += 1
        z = (self.key + self.counter * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        limit = MASK - MASK % n
        while (x := self.number()) >= limit:
            pass
        return x % n


def train(length, frames, stream):
    whole = frames // length
    if whole == 0:
        return np.zeros(length, dtype=int)
    return np.arange(length) * whole + np.array([stream.below(whole) for _ in range(length)])


def test(length, frames, clip):
    tick = frames / float(length)
    starts, middles = (np.floor(np.arange(length) * tick + shift).astype(int) for shift in (0.0, tick / 2.0))
    return np.sort(np.concatenate([middles, starts]))[clip::2]


def main():
    lengths, counts = [1, 8, 16, 32], [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 36, 47, 48, 64, 100, 117, 300]
    cases = [(length, frames, seed) for length in lengths for frames in counts for seed in (1, 77)]
    text = "".join(f"videomae_ssv2 {length} 4 2 {frames} {seed}\n" for length, frames, seed in cases)
    out = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(out) == 3 * len(cases), f"{len(out)} lines for {len(cases)} cases"
    for i, (length, frames, seed) in enumerate(cases):
        got = [np.array(line.split(), dtype=int) for line in out[3 * i:3 * i + 3]]
        wanted = [train(length, frames, Stream(seed)), test(length, frames, 0), test(length, frames, 1)]
        for what, a, b in zip(("training", "clip 0", "clip 1"), got, wanted):
            assert np.array_equal(a, b), f"{length} of {frames} frames, seed {seed}, {what}: {a}, not {b}"
    print(f"{3 * len(cases)} choices of frames are NumPy's")


main()
