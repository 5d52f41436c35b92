"""sdk/media against Pillow, torchvision and timm, with every decision fixed; prints the largest difference of each row.

    media_parity.py resample|ops|draws --driver media_driver
    media_parity.py device --driver augment_driver

resample: Image.resize, first the columns then the rows: the same bytes. Both at once: the same where Pillow takes that order; Pillow 13
takes the rows first where the height shrinks much more than the width, which rounds otherwise: 1/255 on average. And torchvision's
Resize + CenterCrop in one pass: the same bytes.
ops: what RandAugment and ColorJitter do, as timm and torchvision do it to PIL pictures: the same bytes. And pytorchvideo's set, which works on tensors: close.
draws: what a level of 0 .. 10 means to each operation, as timm's tables say.
device: data.augment, which does the same to batches with ATen: the operations as above, and RandomErasing as timm's, given the same draws.
"""
import argparse
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchvision.transforms.functional as F
from PIL import Image
from timm.data import auto_augment as T
from timm.data import random_erasing as E
from torchvision.transforms._functional_tensor import affine as T_affine

PIL_FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
failures = 0


def check(what, ok, figure):
    global failures
    failures += not ok
    print(f"{'ok  ' if ok else 'FAIL'} {what}: {figure}")


class Driver:
    def __init__(self, program, folder):
        self.program, self.source, self.result = program, folder / "from.rgb", folder / "to.rgb"

    def run(self, *words):
        return subprocess.run([self.program, *map(str, words)], check=True, capture_output=True, text=True).stdout

    def resample(self, picture, box, filter, mirror, size):
        picture.tofile(self.source)
        self.run("resample", self.source, picture.shape[1], picture.shape[0], *[repr(float(x)) for x in box], filter, int(mirror), *size, self.result)
        return np.fromfile(self.result, np.uint8).reshape(size[1], size[0], 3)

    def op(self, picture, name, value=0.0, filter="nearest"):
        picture.tofile(self.source)
        self.run("op", self.source, picture.shape[1], picture.shape[0], name, repr(float(value)), filter, self.result)
        return np.fromfile(self.result, np.uint8).reshape(picture.shape)


def difference(ours, reference):
    return np.abs(ours.astype(int) - np.asarray(reference).astype(int))


def noise(width, height):
    return np.random.default_rng(width * 10007 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([128 + 100 * np.sin(x / 17 + y / 29), 255 * x / width, 128 + 90 * np.cos(y / 11)], -1).astype(np.uint8)


def resample(driver):
    cases = [((500, 375), (0, 0, 500, 375), (224, 224)), ((500, 375), (17, 30, 300, 200), (224, 224)), ((500, 375), (17.5, 30.25, 103, 270.5), (97, 61)),
             ((50, 37), (0, 0, 50, 37), (224, 224)), ((1, 1), (0, 0, 1, 1), (5, 7)), ((3, 2), (0, 0, 3, 2), (2, 3)), ((640, 480), (0, 0, 640, 480), (256, 1)),
             ((224, 224), (0, 0, 224, 224), (224, 224)), ((1000, 7), (999, 6, 1, 1), (4, 4)), ((90, 200), (0, 3, 90, 150), (91, 30))]
    for filter, pil in PIL_FILTERS.items():
        worst = mean = 0
        for (width, height), (x, y, w, h), (out_width, out_height) in cases:
            for make in noise, smooth:
                picture = make(width, height)
                image = Image.fromarray(picture)
                columns = image.resize((out_width, height), pil, box=(x, 0, x + w, height))
                reference = np.asarray(columns.resize((out_width, out_height), pil, box=(0, y, out_width, y + h)))
                at_once = np.asarray(image.resize((out_width, out_height), pil, box=(x, y, x + w, y + h)))
                for mirror in False, True:
                    ours = driver.resample(picture, (x, y, w, h), filter, mirror, (out_width, out_height))[:, ::-1 if mirror else 1]
                    worst, mean = max(worst, difference(ours, reference).max()), max(mean, difference(ours, at_once).mean())
        check(f"Image.resize, {filter}, {4 * len(cases)} pictures", worst == 0 and mean <= 1, f"max {worst}; at once: mean {mean:.4f} (of 255)")
    for filter, mode in ("bilinear", F.InterpolationMode.BILINEAR), ("bicubic", F.InterpolationMode.BICUBIC):
        worst = 0
        for width, height, size, short in (500, 375, 224, 256), (375, 500, 224, 256), (333, 500, 224, 224), (300, 300, 64, 73), (100, 90, 224, 248):
            picture = smooth(width, height) // 2 + noise(width, height) // 2
            reference = F.center_crop(F.resize(Image.fromarray(picture), short, mode), size)
            box = [float(x) for x in driver.run("box", width, height, size, short, 0, 1).split()]
            worst = max(worst, difference(driver.resample(picture, box, filter, False, (size, size)), reference).max())
        check(f"Resize + CenterCrop, {filter}", worst == 0, f"max {worst}")


def pil_rows():
    """Name, value, filter, reference on a PIL picture."""
    rows = [("flip_horizontally", 0, "nearest", lambda p, v: F.hflip(p)), ("auto_contrast", 0, "nearest", lambda p, v: T.auto_contrast(p)),
            ("equalize", 0, "nearest", lambda p, v: T.equalize(p)), ("invert", 0, "nearest", lambda p, v: T.invert(p))]
    rows += [("posterize", v, "nearest", lambda p, v: T.posterize(p, v)) for v in (1, 3, 4, 8)]
    rows += [("solarize", v, "nearest", lambda p, v: T.solarize(p, v)) for v in (0, 100, 256)]
    rows += [("solarize_add", v, "nearest", lambda p, v: T.solarize_add(p, v)) for v in (0, 70, 110)]
    for name in "brightness", "contrast", "saturation", "sharpness":
        rows += [(name, v, "nearest", lambda p, v, f=getattr(F, "adjust_" + name): f(p, v)) for v in (0, 0.1, 0.37, 1, 1.63, 1.9)]
    rows += [("hue", v, "nearest", lambda p, v: F.adjust_hue(p, v)) for v in (-0.5, -0.1, 0, 0.033, 0.5)]
    for filter, pil in PIL_FILTERS.items():
        for name, values in ("rotate", (-30, 12.5, 0, 27.123)), ("shear_x", (0.3, -0.17)), ("shear_y", (0.3, -0.21)), ("translate_x", (13.37, -20.25)), ("translate_y", (13.37, -5)):
            function = getattr(T, name + ("_abs" if name.startswith("translate") else ""))
            rows += [(name, v, filter, lambda p, v, f=function, r=pil: f(p, v, resample=r, fillcolor=(128, 128, 128))) for v in values]
    return rows


def ops(driver):
    codes = np.arange(4096) * 4001
    colours = np.stack([codes & 255, codes >> 8 & 255, codes >> 16 & 255], -1).astype(np.uint8).reshape(64, 64, 3)
    pictures = [noise(83, 61), smooth(64, 97), colours, np.full((5, 7, 3), (10, 200, 77), np.uint8), noise(1, 1)]
    worst = {}
    for name, value, filter, reference in pil_rows():
        for picture in pictures:
            d = difference(driver.op(picture, name, value, filter), reference(Image.fromarray(picture), value))
            row = worst.setdefault((name, filter), [0, 0.0])
            row[0], row[1] = max(row[0], d.max()), max(row[1], (d > 0).mean())
    for (name, filter), (most, share) in worst.items():
        check(f"{name} {filter}", most == 0, f"max {most}, {100 * share:.2f} % of the values differ")
    tensor_ops(driver, smooth(96, 80) // 2 + noise(96, 80) // 4)


def tensor_ops(driver, picture):
    """pytorchvideo 0.1.5 calls these of torchvision on uint8 tensors; its fill of 0.5 is 0 there, our driver fills with 128."""
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None]
    bilinear = F.InterpolationMode.BILINEAR
    rows = [("brightness", 1.63, F.adjust_brightness(tensor, 1.63), 0), ("contrast", 0.37, F.adjust_contrast(tensor, 0.37), 1),
            ("contrast", 1.63, F.adjust_contrast(tensor, 1.63), 1), ("saturation", 0.37, F.adjust_saturation(tensor, 0.37), 1),
            ("saturation", 1.63, F.adjust_saturation(tensor, 1.63), 1), ("sharpness", 0.37, F.adjust_sharpness(tensor, 0.37), 1),
            ("sharpness", 1.63, F.adjust_sharpness(tensor, 1.63), 1), ("auto_contrast", 0, F.autocontrast(tensor), 1),
            ("equalize", 0, F.equalize(tensor), 0), ("invert", 0, F.invert(tensor), 0), ("posterize", 2, F.posterize(tensor, 2), 0),
            ("solarize", 76, F.solarize(tensor, 76), 0), ("rotate", 21, F.rotate(tensor, 21.0, bilinear, fill=[128.0]), None)]
    height, width = picture.shape[:2]
    for name, value, matrix in (("shear_x", 0.21, [1, 0.21, height * 0.21 / 2, 0, 1, 0]), ("shear_y", -0.21, [1, 0, 0, -0.21, 1, -width * 0.21 / 2]),
                                ("translate_x", 30.24, [1, 0, 30.24, 0, 1, 0]), ("translate_y", -25.2, [1, 0, 0, 0, 1, -25.2])):
        rows.append((name, value, T_affine(tensor, matrix, "bilinear", fill=[128.0]), None))
    for name, value, reference, bound in rows:
        d = difference(driver.op(picture, name, value, "bilinear"), reference[0].permute(1, 2, 0).numpy())
        if bound is None:  # the edge between picture and fill is blended there; the inside differs by rounding
            check(f"on tensors: {name}", (d > 1).mean() < 0.03, f"max {d.max()}, {100 * (d > 1).mean():.2f} % differ by more than 1")
        else:
            check(f"on tensors: {name} {value}", d.max() <= bound, f"max {d.max()}, {100 * (d > 0).mean():.2f} % of the values differ")


def draws(driver):
    names = {"auto_contrast": "AutoContrast", "equalize": "Equalize", "invert": "Invert", "rotate": "Rotate", "posterize": "Posterize", "solarize": "Solarize",
             "solarize_add": "SolarizeAdd", "saturation": "Color", "contrast": "Contrast", "brightness": "Brightness", "sharpness": "Sharpness",
             "shear_x": "ShearX", "shear_y": "ShearY", "translate_x": "TranslateXRel", "translate_y": "TranslateYRel"}
    for set_name, operations in ("timm", T._RAND_TRANSFORMS), ("timm_increasing", T._RAND_INCREASING_TRANSFORMS):
        wrong = []
        for level in (0, 0.4, 2.5, 5, 6.99, 9, 9.7, 10):
            lines = [line.split() for line in driver.run("values", set_name, level).splitlines()]
            if [names[line[0]] for line in lines] != [name.removesuffix("Increasing") for name in operations]:
                wrong.append("the list of operations")
            for (name, *values), timm_name in zip(lines, operations):
                function = T.LEVEL_TO_ARG[timm_name]
                wanted = {float(function(level, {})[0]) for _ in range(64)} if function else {0.0}
                if not np.allclose(sorted(map(float, values)), sorted(wanted), rtol=0, atol=1e-12):
                    wrong.append(f"{name} at {level}: {values}, timm {sorted(wanted)}")
        check(f"values of {set_name}, 8 levels", not wrong, wrong or "equal")
    # pytorchvideo 0.1.5: (base, range) of each, times level / 10
    table = {"brightness": (1, 0.9), "contrast": (1, 0.9), "saturation": (1, 0.9), "sharpness": (1, 0.9), "auto_contrast": None, "equalize": None,
             "invert": None, "rotate": (0, 30), "posterize": (4, 4), "solarize": (1, 1), "shear_x": (0, 0.3), "shear_y": (0, 0.3),
             "translate_x": (0, 0.45), "translate_y": (0, 0.45)}
    wrong = []
    for level in (0, 0.4, 5, 6.99, 7.3, 10):
        lines = [line.split() for line in driver.run("values", "pytorchvideo", level).splitlines()]
        if [line[0] for line in lines] != list(table):
            wrong.append("the list of operations")
        for name, *values in lines:
            base, scale = table[name] or (0, 0)
            wanted = {base + scale * level / 10, base - scale * level / 10}
            if name == "posterize":
                wanted = {4 - int(level / 10 * 4)}
            elif name == "solarize":
                wanted = {int((1 - level / 10) * 255)}
            if not np.allclose(sorted(map(float, values)), sorted(wanted), rtol=0, atol=1e-12):
                wrong.append(f"{name} at {level}: {values}, pytorchvideo {sorted(wanted)}")
    check("values of pytorchvideo, 6 levels", not wrong, wrong or "equal")


class DeviceDriver(Driver):
    """One process for all requests: LibTorch takes its time to start."""

    def __init__(self, program, folder):
        super().__init__(program, folder)
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if answer[:1] != ["ok"]:
            raise RuntimeError(f"{words}: {' '.join(answer)}")
        return answer[1:]

    def erase(self, clip, seed, mode):
        clip.tofile(self.source)
        box = self.run("erase", self.source, clip.shape[0], clip.shape[2], clip.shape[1], seed, mode, self.result)
        return [int(x) for x in box], np.fromfile(self.result, np.uint8).reshape(clip.shape)


class Draws:
    """vhost/random.h, in the place of Python's `random`."""

    def __init__(self, key):
        self.key, self.counter = key, 0

    @staticmethod
    def mix(z):
        z = ((z ^ z >> 30) * 0xbf58476d1ce4e5b9) % 2**64
        z = ((z ^ z >> 27) * 0x94d049bb133111eb) % 2**64
        return z ^ z >> 31

    @classmethod
    def hash2(cls, a, b):
        return cls.mix(cls.mix((a + 0x9e3779b97f4a7c15) % 2**64) ^ (b + 0xd1b54a32d192ed03) % 2**64)

    def u64(self):
        self.counter += 1
        return self.mix((self.key + self.counter * 0x9e3779b97f4a7c15) % 2**64)

    def random(self):
        return (self.u64() >> 11) * 2.0**-53

    def uniform(self, low, high):
        return low + (high - low) * self.random()

    def randint(self, low, high):
        n = high - low + 1
        while (x := self.u64()) >= 2**64 - 1 - (2**64 - 1) % n:
            pass
        return low + x % n


def device(driver):
    ops(driver)
    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    clip = np.stack([noise(96, 80), smooth(96, 80)])
    fillings, wrong, apart, most = [], [], 0, 0.0
    for seed in range(60):
        reference = torch.from_numpy((clip - mean) / std).permute(0, 3, 1, 2).clone()
        first = Draws(Draws.hash2(seed, 5)).u64()  # of the stream of augmentations; RandomErasing's is its third
        for frame in reference:
            E.random = Draws(Draws.hash2(first, 3))
            E.RandomErasing(probability=1, mode="const", device="cpu")(frame)
        box, ours = driver.erase(clip, seed, "const")
        most = max(most, np.abs(ours - (reference.permute(0, 2, 3, 1).numpy() * std + mean)).max())
        for mode in "normal", "uniform":
            same, noisy = driver.erase(clip, seed, mode)
            y, x, height, width = box
            inside = np.zeros(clip.shape, bool)
            inside[:, y:y + height, x:x + width] = True
            if same != box or (noisy != clip)[~inside].any():
                wrong.append((seed, mode))
            filling = noisy[:, y:y + height, x:x + width].astype(float)
            apart += (filling[0] == filling[1]).mean() > 0.05
            if mode == "normal":
                fillings.append(((filling - mean) / std).reshape(-1))
    values = np.concatenate(fillings)
    check("RandomErasing of timm, const, 60 seeds", most <= 0.5 + 1e-9, f"max {most:.3f}: the mean is rounded to 8 bits")
    check("the same boxes for noise, nothing beside them", not wrong, wrong or "equal")
    check("noise of each frame is its own", apart == 0, f"{apart} alike")
    wanted = math.erf(1 / math.sqrt(2))
    share = (np.abs(values) < 1).mean()
    check("noise is N(0, 1) after normalising, but for its cut to 8 bits", abs(values.mean()) < 0.02 and abs(share - wanted) < 0.01,
          f"mean {values.mean():.4f}, std {values.std():.4f}, {100 * share:.2f} % within 1 ({100 * wanted:.2f})")


parser = argparse.ArgumentParser()
parser.add_argument("group", choices=("resample", "ops", "draws", "device"))
parser.add_argument("--driver", required=True)
arguments = parser.parse_args()
torch.set_num_threads(1)
with tempfile.TemporaryDirectory() as folder:
    make = DeviceDriver if arguments.group == "device" else Driver
    globals()[arguments.group](make(arguments.driver, pathlib.Path(folder)))
sys.exit(bool(failures))
