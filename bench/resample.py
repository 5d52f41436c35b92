"""Resizing a 500 x 375 picture to 224 x 224 with antialiasing: sdk/media against Pillow and torchvision (uint8 tensors), alternating, one
thread.

    resample.py [--rounds 5] [--calls 200]

A figure is the median time of one call, without decoding; ours is taken in media_driver, the others in this process. Prints the median
ratio ours / the faster of the two last, one line a filter.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import torch
    import torchvision.transforms.v2.functional as F
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

BUILD = pathlib.Path(os.environ.get("VHOST_BUILD_DIR", pathlib.Path(__file__).resolve().parents[1] / "build/release"))
WIDTH, HEIGHT, SIZE = 500, 375, 224
FILTERS = {"bilinear": (Image.BILINEAR, F.InterpolationMode.BILINEAR), "bicubic": (Image.BICUBIC, F.InterpolationMode.BICUBIC)}


def milliseconds(calls, function):
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def ours(folder, filter, calls):
    words = [BUILD / "tests/media_driver", "resample", folder / "from.rgb", WIDTH, HEIGHT, 0, 0, WIDTH, HEIGHT, filter, 0, SIZE, SIZE, folder / "to.rgb", calls]
    return float(subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]  # as a decoder leaves it: channels last
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pixels.tofile(folder / "from.rgb")
        for filter, (pil, mode) in FILTERS.items():
            ratios = []
            for _ in range(options.rounds):
                vhost = ours(folder, filter, options.calls)
                pillow = milliseconds(options.calls, lambda: picture.resize((SIZE, SIZE), pil))
                vision = milliseconds(options.calls, lambda: F.resize(tensor, [SIZE, SIZE], mode, antialias=True))
                ratios.append(vhost / min(pillow, vision))
                print(f"{filter}: vhost {vhost:.3f} ms, Pillow {pillow:.3f} ms, torchvision {vision:.3f} ms", flush=True)
            print(f"{filter} ratio to the faster: median {statistics.median(ratios):.3f} (min {min(ratios):.3f}, max {max(ratios):.3f})", flush=True)


if __name__ == "__main__":
    main()
