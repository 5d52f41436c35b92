"""maskfeat/hog, as built, against hog_numpy.py (float64).

    hog.py --driver BUILD/tests/hog_driver

Random and real pictures and clips, u8 and float, several sizes, with and without the window, by every implementation. Real pictures
come from VHOST_MEDIA and are left out, saying so, without it. Exit code 0, 1, or 77 if a tool is missing.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    from PIL import Image
    from safetensors.torch import load_file, save_file

    import hog_numpy
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

MEDIA = pathlib.Path(os.environ.get("VHOST_MEDIA", pathlib.Path(__file__).resolve().parents[4] / "shared/media"))
PICTURES = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "dog1.jpg"]
IMPLEMENTATIONS = [("auto", False), ("operators", False), ("operators", True)]  # name, float64
LIMIT = {False: 2e-6, True: 1e-12}  # largest difference of a feature, by float64


class Jobs:
    """Runs of the plugin, all in one process."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.jobs = []

    def add(self, name, pixels, key, token, want, limit, fp64=False, **hog):
        folder = pathlib.Path(self.folder.name) / str(len(self.jobs))
        folder.mkdir()
        (folder / "case.json").write_text(json.dumps({"token": token, "hog": hog, "fp64": fp64}))
        save_file({key: pixels.contiguous()}, folder / "inputs.safetensors")
        self.jobs.append((name, folder, want, limit))

    def compare(self, driver):
        """How many differ by more than their limit in any feature."""
        subprocess.run([driver, *(job[1] for job in self.jobs)], check=True)
        failed = 0
        for name, folder, want, limit in self.jobs:
            got = load_file(folder / "outputs.safetensors")["target.hog"].numpy()
            worst = np.abs(got - want).max() if got.shape == want.shape else np.inf
            ok = worst <= limit
            failed += not ok
            print(f"{'ok  ' if ok else 'FAIL'} {name}: {got.shape}, {worst:.1e}")
        return failed


def random_clips(rng, batch, frames, height, width, channels=3):
    return rng.integers(0, 256, (batch, frames, height, width, channels), dtype=np.uint8)


def pictures(size):
    """The middle of real pictures, one frame each: [P,1,size,size,3]."""
    rows = []
    for name in PICTURES:
        picture = np.asarray(Image.open(MEDIA / "images" / name).convert("RGB"))
        y, x = (picture.shape[0] - size) // 2, (picture.shape[1] - size) // 2
        rows.append(picture[y:y + size, x:x + size])
    return np.stack(rows)[:, None]


def scaled(raw):
    """Floats in the layout of `input`, [B,C,T,H,W], each channel scaled and shifted without rounding: the features stay the same.

    With the usual mean and deviation they don't: a gradient of exactly 0 from left to right becomes 1e-7 on either side, which lies in
    bin 0 or in the last one. Hence the target takes `raw` where there is one.
    """
    scale, shift = torch.tensor([0.5, -2.0, 1 / 64, 3.0]), torch.tensor([-3.0, 5.0, 0.25, 0.0])
    channels = raw.shape[-1]
    return (torch.from_numpy(raw).float() * scale[:channels] + shift[:channels]).permute(0, 4, 1, 2, 3)


def cases():
    rng = np.random.default_rng(7)
    yield "random pictures", random_clips(rng, 3, 1, 64, 48), [1, 16, 16], {}
    yield "random pictures, no window", random_clips(rng, 2, 1, 48, 80), [1, 16, 16], {"gaussian_window": 0}
    yield "random clips of 5 tubelets", random_clips(rng, 2, 10, 32, 48), [2, 16, 16], {}
    yield "one channel", random_clips(rng, 2, 2, 32, 32, 1), [2, 16, 16], {}
    yield "four channels, tokens of one cell", random_clips(rng, 2, 1, 32, 32, 4), [1, 8, 8], {}
    yield "tokens of 4 x 2 cells", random_clips(rng, 1, 1, 64, 64), [1, 32, 16], {}
    yield "one cell, window of 8", random_clips(rng, 2, 1, 8, 8), [1, 8, 8], {"gaussian_window": 8}
    yield "6 bins, cells of 4", random_clips(rng, 2, 1, 32, 32), [1, 16, 16], {"bins": 6, "cell": 4}
    yield "two grey levels", random_clips(rng, 2, 1, 64, 64) // 128, [1, 16, 16], {}  # many ties and flat places
    if (MEDIA / "images").is_dir():
        yield "real pictures", pictures(224), [1, 16, 16], {}
        yield "real pictures, no window", pictures(224), [1, 16, 16], {"gaussian_window": 0}
    else:
        print(f"skipped: real pictures; there is no {MEDIA}/images (VHOST_MEDIA)")


def all_jobs():
    jobs = Jobs()
    for name, raw, token, options in cases():
        described = {"bins": options.get("bins", 9), "cell": options.get("cell", 8), "gaussian": options.get("gaussian_window", 16)}
        want = np.stack([hog_numpy.clip_features(clip, token[0], token=token[1:], **described) for clip in raw])
        for implementation, fp64 in IMPLEMENTATIONS:
            what = f"{name}, u8, {implementation}{' in float64' if fp64 else ''}"
            jobs.add(what, torch.from_numpy(raw), "raw", token, want, LIMIT[fp64], fp64, implementation=implementation, **options)
        for implementation in ("auto", "operators"):
            what = f"{name}, floats, {implementation}"
            jobs.add(what, scaled(raw), "input", token, want, LIMIT[False], implementation=implementation, **options)
    floats = torch.rand(2, 3, 2, 48, 32, generator=torch.Generator().manual_seed(3))
    want = np.stack([hog_numpy.clip_features(clip, 2) for clip in floats.permute(0, 2, 3, 4, 1).numpy()])
    for implementation in ("auto", "operators"):
        jobs.add(f"random floats, {implementation}", floats, "input", [2, 16, 16], want, 2e-5, implementation=implementation)
    return jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    failed = all_jobs().compare(options.driver)
    print(f"{failed} failed" if failed else "all agree")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
