#!/usr/bin/env python3
"""What the decoders make of files, against Pillow's ImageOps.exif_transpose(image).convert("RGB").

    pillow.py fixtures|media|broken|views --tool imagenet-decode-images

fixtures: the files beside this script. media: the images of $VHOST_MEDIA. broken: those of its files that no decoder should take for
granted, each with what is expected. views: evaluation views of its images, against Pillow's resize and centre crop as torchvision
places them; scaled decoding within MEAN_SCALED on average. Exits with 77, and says so, where there is no Pillow or no media."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    from PIL import Image, ImageOps
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[2]

# Where our pixels may differ by 1: 16-bit colour is rounded to 8 bits, Pillow cuts it off; 5 and 6 bits likewise; PGM's
# largest value is rounded another way.
OFF_BY_ONE = {"monkey16.png", "png_basn2c16.png", "bits555.bmp", "bits565.bmp", "p5_to_100.pgm"}
# 16-bit grey, which Pillow's convert("RGB") clips at 255 of 65535: compared with its own 16-bit values instead.
DEEP_GREY = {"png_basn0g16.png", "hopper_16bit.pgm", "deep.png", "deep.tif"}
UNSUPPORTED = {"monkey12.jpg": "Unsupported JPEG data precision 12"}

MEAN_SCALED = 1.0
VIEWS = [(224, 256, "bicubic"), (224, 224, "bilinear"), (96, 109, "bilinear"), (64, 64, "bicubic")]

DAMAGED = "is damaged: "
NO_IMAGE = "is no image of a known kind (JPEG, PNG, WebP, BMP, PNM, TIFF, GIF, AVIF): begins with "
# File -> the error, or None where it's read: then the pixels equal Pillow's.
BROKEN = {
    "bad_huffman.jpg": None,  # libjpeg finds nothing wrong with it
    "corrupt.jpg": DAMAGED + "Corrupt JPEG data: bad Huffman code",
    "corrupt34_2.jpg": DAMAGED + "Corrupt JPEG data: premature end of data segment",
    "corrupt34_3.jpg": DAMAGED + "Corrupt JPEG data: found marker 0xd9 instead of RST1",
    "corrupt34_4.jpg": DAMAGED + "Corrupt JPEG data: premature end of data segment",
    "hopper_bad_exif.jpg": DAMAGED + "Corrupt JPEG data: bad Huffman code",  # its pixels too; Pillow shows stripes
    "invalid-exif.jpg": None,
    "truncated_baseline.jpg": DAMAGED + "Corrupt JPEG data: premature end of data segment",
    "truncated_progressive.jpg": DAMAGED + "the file ends before the last scan",
    "truncated_jpeg.jpg": DAMAGED + "the file ends before the last scan",
    "broken_data_stream.png": DAMAGED + "bad adaptive filter value",
    "truncated_image.png": DAMAGED + "the file ends in the middle of the picture",
    "truncated_photo.png": DAMAGED + "the file ends in the middle of the picture",
    "hopper_idat_after_image_end.png": None,
    "png_named.jpg": None,
    "png_xs1n0g01.png": NO_IMAGE + "'.PNG....'",
    "png_xhdn0g08.png": DAMAGED + "IHDR: CRC error",
    "png_xcsn0g01.png": DAMAGED + "IDAT: CRC error",  # Pillow reads it: libpng's check sum is off in a chunk's last bytes
    "png_xdtn0g01.png": DAMAGED + "IEND: out of place",
    "png_xc1n0g08.png": DAMAGED + "Invalid IHDR data",
    "png_xd0n2c08.png": DAMAGED + "Invalid IHDR data",
    "not_found.jpg": NO_IMAGE + "'<html><h'",
    "empty.mp4": "is empty",
    "no_moov.mp4": NO_IMAGE + "'... ftyp'",
}

# Damaged, but Pillow takes them; with damaged "use" so do we.
READ_BY_PILLOW = {"hopper_bad_exif.jpg", "png_xcsn0g01.png"}


def decode(tool, files, *options):
    """Array of each file, or the error's text."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([tool, *options, folder, *files], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{tool} ended with {done.returncode}\n{done.stderr}")
        for i, line in enumerate(done.stdout.splitlines()):
            if line.startswith("error: "):
                yield line[len("error: "):]
            else:
                width, height = map(int, line.split())
                yield np.fromfile(f"{folder}/{i}.rgb", np.uint8).reshape(height, width, 3)


def pillow(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = ImageOps.exif_transpose(Image.open(path))
        if path.name not in DEEP_GREY:
            return np.asarray(image.convert("RGB"))
        return np.rint(np.asarray(image, dtype=np.float64) / 257)[..., None].repeat(3, -1).astype(np.uint8)


def difference(path, ours):
    wanted = pillow(path)
    if isinstance(ours, str):
        return f"refused: {ours}"
    if ours.shape != wanted.shape:
        return f"{ours.shape}, wanted {wanted.shape}"
    largest = int(np.abs(ours.astype(int) - wanted).max())
    return "" if largest <= (path.name in OFF_BY_ONE) else f"differs by up to {largest}"


def compare(tool, files):
    failures = []
    for path, ours in zip(files, decode(tool, files)):
        wanted = UNSUPPORTED.get(path.name)
        what = difference(path, ours) if wanted is None else "" if ours == wanted else f"{ours!r}, wanted {wanted!r}"
        if what:
            failures.append(f"{path.name}: {what}")
    return len(files), failures


def broken(tool, folder):
    failures = []
    files = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp", ".tif", ".gif"))
    failures += [f"{path.name}: nothing is stated about it" for path in files if path.name not in BROKEN]
    files = [folder / name for name in BROKEN]
    for path, ours in zip(files, decode(tool, files)):
        wanted = BROKEN[path.name]
        what = difference(path, ours) if wanted is None else "" if isinstance(ours, str) and ours == wanted else f"{ours!r}"
        if what:
            failures.append(f"{path.name}: {what}, wanted {wanted!r}")
    used = [path for path in files if (BROKEN[path.name] or "").startswith(DAMAGED + "Corrupt JPEG") or path.name in READ_BY_PILLOW]
    for path, ours in zip(used, decode(tool, used, "--use-damaged")):
        what = difference(path, ours) if path.name in READ_BY_PILLOW else ours if isinstance(ours, str) else ""
        if what:
            failures.append(f"{path.name} with damaged \"use\": {what}")
    return len(files), failures


def reference_view(path, size, short, name):
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    width, height = (short, short * image.height // image.width) if image.width <= image.height else (short * image.width // image.height, short)
    image = image.resize((width, height), Image.Resampling[name.upper()])
    left, top = round((width - size) / 2), round((height - size) / 2)
    return np.asarray(image.crop((left, top, left + size, top + size))).astype(int)


def views(tool, folder):
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".jpg", ".png", ".webp", ".avif") and path.stat().st_size > 10000
             and path.name not in UNSUPPORTED and path.name not in OFF_BY_ONE]
    failures, means = [], []
    for size, short, name in VIEWS:
        options = ["--view", str(size), str(short), name]
        for path, exact, scaled in zip(files, decode(tool, files, *options), decode(tool, files, *options, "--scaled")):
            wanted = reference_view(path, size, short, name)
            largest, mean = np.abs(exact - wanted).max(), np.abs(scaled - wanted).mean()
            means.append(mean)
            if largest > 0 or mean > MEAN_SCALED:
                failures.append(f"{path.name} {size} {short} {name}: differs by up to {largest}, scaled by {mean:.2f} on average")
    print(f"scaled decoding: {np.mean(means):.3f} of 255 on average, at most {max(means):.3f} for an image")
    return len(files), failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["fixtures", "media", "broken", "views"])
    parser.add_argument("--tool", required=True)
    args = parser.parse_args()
    media = pathlib.Path(os.environ.get("VHOST_MEDIA", SOURCE / "../shared/media"))
    if args.what != "fixtures" and not (media / "images").is_dir():
        print(f"skipped: no sample media in {media} (set VHOST_MEDIA)")
        sys.exit(77)
    if args.what == "views":
        count, failures = views(args.tool, media / "images")
    elif args.what == "broken":
        count, failures = broken(args.tool, media / "broken")
    else:
        folders = [HERE / "fixtures"] if args.what == "fixtures" else [media / "images", media / "derived/images"]
        count, failures = compare(args.tool, sorted(path for folder in folders for path in folder.iterdir() if path.suffix != ".py"))
    print("\n".join(failures) or f"{count} files as expected")
    sys.exit(bool(failures) or count == 0)


main()
