#!/usr/bin/env python3
"""JPEG (500 x 375, about 70 kB) -> random resized crop to 224 -> flip -> float tensor, on one thread: ours against torchvision.io with
transforms v2, and Pillow with torchvision, in alternating runs. Prints the median ratios last, by CPU time (little disturbed by other
work on the machine).

    python bench/jpeg_pipeline.py [--build BUILD] [--rounds 5] [--images 600] [--interpolation bilinear|bicubic]

Images: photos of $VHOST_MEDIA where there are any, else coloured noise with a photo's spectrum. Needs the test tools' Python
(tools/setup --tests); without it the benchmark is skipped and says so."""
import argparse
import io
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
    import torchvision
    from PIL import Image
    from torchvision.transforms import v2
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

SOURCE = pathlib.Path(__file__).resolve().parents[1]
TARGETS = {"torchvision": 1.7, "pillow": 2.2}
SIZE, BYTES = (500, 375), 70000
PHOTOS = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "peacock.jpg", "leopard.jpg", "exif_Landscape_1.jpg", "dog1.jpg"]


def noise(seed):
    rng = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(SIZE[1])[:, None], np.fft.rfftfreq(SIZE[0])[None]
    spectrum = 1 / np.maximum(np.hypot(fx, fy), 1 / SIZE[0])
    planes = [np.fft.irfft2(spectrum * np.exp(2j * np.pi * rng.random(spectrum.shape)), s=SIZE[::-1]) for _ in range(3)]
    picture = planes[0][..., None] + 0.3 * np.stack(planes, -1)
    return Image.fromarray(np.uint8(np.clip(128 + 50 * picture / picture.std(), 0, 255)))


def pictures():
    media = pathlib.Path(os.environ.get("VHOST_MEDIA", SOURCE / "../shared/media")) / "images"
    found = [media / name for name in PHOTOS if (media / name).exists()]
    if found:
        return [Image.open(path).convert("RGB").resize(SIZE, Image.Resampling.BICUBIC) for path in found]
    return [noise(seed) for seed in range(len(PHOTOS))]


def encode(picture):
    for quality in range(60, 100):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        if buffer.tell() >= BYTES:
            break
    return buffer.getvalue()


def time_torchvision(files, count, interpolation):
    crop = v2.Compose([v2.RandomResizedCrop(224, interpolation=interpolation, antialias=True), v2.RandomHorizontalFlip(),
                       v2.ToDtype(torch.float32, scale=True)])
    start = time.process_time()
    for i in range(count):
        crop(torchvision.io.decode_jpeg(torchvision.io.read_file(files[i % len(files)])))
    return count / (time.process_time() - start)


def time_pillow(files, count, interpolation):
    crop = v2.Compose([v2.RandomResizedCrop(224, interpolation=interpolation), v2.RandomHorizontalFlip(), v2.ToImage(),
                       v2.ToDtype(torch.float32, scale=True)])
    start = time.process_time()
    for i in range(count):
        with Image.open(files[i % len(files)]) as image:
            crop(image.convert("RGB"))
    return count / (time.process_time() - start)


def time_ours(tool, files, count, interpolation):
    done = subprocess.run([tool, interpolation.value, str(count), *files], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout.split()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.environ.get("VHOST_BUILD_DIR", SOURCE / "build/release"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--interpolation", default="bilinear", choices=["bilinear", "bicubic"])
    args = parser.parse_args()
    torch.set_num_threads(1)
    filter_ = v2.InterpolationMode(args.interpolation)
    tool = pathlib.Path(args.build) / "bin/imagenet-read-images"
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, picture in enumerate(pictures()):
            files.append(f"{folder}/{i}.jpg")
            pathlib.Path(files[-1]).write_bytes(encode(picture))
        sides = {"ours": lambda n: time_ours(tool, files, n, filter_), "torchvision": lambda n: time_torchvision(files, n, filter_),
                 "pillow": lambda n: time_pillow(files, n, filter_)}
        speeds = {name: [] for name in sides}
        for side in sides.values():
            side(len(files) * 2)
        for _ in range(args.rounds):
            for name, side in sides.items():
                speeds[name].append(side(args.images))
    print(f"{args.interpolation}, {args.images} images, {args.rounds} rounds")
    for name, values in speeds.items():
        print(f"  {name:12s} {statistics.median(values):7.1f} images per CPU second ({min(values):.1f} to {max(values):.1f})")
    for name, target in TARGETS.items():
        ratios = [ours / theirs for ours, theirs in zip(speeds["ours"], speeds[name])]
        print(f"{statistics.median(ratios):.2f} times {name} ({min(ratios):.2f} to {max(ratios):.2f}); target {target}")


if __name__ == "__main__":
    main()
