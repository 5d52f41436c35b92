"""HOG targets on the CPU: the plugin's kernel against the convolution version in PyTorch, alternating, same threads, same pictures.

    hog.py [--batch 8 64] [--threads 2] [--rounds 5]

224 x 224 x 3, 9 bins, cells of 8, a window of 16. The convolution version, as training code in Python does it: reflection padding,
depth-wise convolutions, atan2, scatter_add over 9 maps, average pooling, normalisation. The plugin runs as the host runs it, on u8.
Prints, per batch, the largest difference, images/s of both, and the median ratio (plugin / convolution, higher is better) last.
Needs the test tools' Python (tools/setup --tests) and the target hog_driver; without them it is skipped and says so.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file, save_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("VHOST_BUILD_DIR", SOURCE / "build/release"))
DRIVER = BUILD / "tests/hog_driver"


class Convolutions:
    """[N,3,H,W] -> [N,H/16 * W/16,108]."""

    def __init__(self):
        sobel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
        self.across, self.down = (k.expand(3, 1, 3, 3).contiguous() for k in (sobel, sobel.T))
        z = (torch.arange(16) - 7.5) / 8
        one = torch.exp(-z * z / 2)
        self.window = one[:, None] * one / one.sum() ** 2

    @torch.no_grad()
    def __call__(self, x):
        n, c, h, w = x.shape
        padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
        gx, gy = F.conv2d(padded, self.across, groups=c), F.conv2d(padded, self.down, groups=c)
        magnitude = torch.stack([gx, gy], -1).norm(dim=-1) * self.window.repeat(h // 16, w // 16)
        bins = (torch.atan2(gx, gy) / torch.pi * 9).floor().long().remainder(9)
        maps = torch.zeros(n, c, 9, h, w).scatter_add_(2, bins[:, :, None], magnitude[:, :, None])
        cells = F.normalize(F.avg_pool2d(maps.flatten(1, 2), 8).view(n, c, 9, h // 8, w // 8), p=2, dim=2)
        tokens = cells.flatten(1, 2).unfold(2, 2, 2).unfold(3, 2, 2)  # N x 27 x H/16 x W/16 x 2 x 2
        return tokens.permute(0, 2, 3, 1, 4, 5).reshape(n, h // 16 * (w // 16), 108)


def kernel(folder, threads):
    """Milliseconds of a batch, median of the repeats."""
    env = {**os.environ, "OMP_NUM_THREADS": str(threads), "VHOST_BUILD_DIR": str(BUILD)}
    text = subprocess.run([DRIVER, folder], env=env, check=True, capture_output=True, text=True).stdout
    return float(text.split(": ")[-1].split()[0])


def convolutions(pixels, repeat):
    hog, times = Convolutions(), []
    for _ in range(repeat):
        start = time.perf_counter()
        hog(pixels)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def compare(batch, options):
    repeat = max(5, 128 // batch)
    raw = torch.randint(0, 256, (batch, 1, 224, 224, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    pixels = raw[:, 0].permute(0, 3, 1, 2).float().contiguous()
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "case.json").write_text(json.dumps({"token": [1, 16, 16], "hog": {}, "fp64": False, "repeat": repeat}))
        save_file({"raw": raw}, folder / "inputs.safetensors")
        for round_ in range(options.rounds):
            ours, theirs = kernel(folder, options.threads), convolutions(pixels, max(2, repeat // 8))
            if round_ == 0:
                difference = (load_file(folder / "outputs.safetensors")["target.hog"] - Convolutions()(pixels)).abs().max().item()
                print(f"batch {batch}: largest difference {difference:.1e}")
            ratios.append(theirs / ours)
            print(f"batch {batch}: kernel {1e3 * batch / ours:.0f}, convolutions {1e3 * batch / theirs:.0f} images/s, ratio {ratios[-1]:.1f}", flush=True)
    print(f"batch {batch} ratio: median {statistics.median(ratios):.1f} (min {min(ratios):.1f}, max {max(ratios):.1f})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[8, 64])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not DRIVER.is_file():
        print(f"skipped: {DRIVER} is missing; build the target hog_driver")
        sys.exit(77)
    torch.set_num_threads(options.threads)
    for batch in options.batch:
        compare(batch, options)


if __name__ == "__main__":
    main()
