#!/usr/bin/env python3
"""Binaries of every released minor train three steps in today's host. Where the ABI was broken on purpose since, they are
refused with both numbers."""
import hashlib
import math
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from vhost_run import BUILD, SOURCE, Run  # skips where vhost isn't built

LOSSES = {"frozen_losses/cross_entropy": {}, "frozen_losses/square": {"scale": 0.5}}


def number(name):
    return int(re.search(rf"#define {name} (\d+)u", (SOURCE / "sdk/include/vhost/abi.h").read_text()).group(1))


def manifest(folder, loss, parameters):
    return {
        "vhost": 1, "name": "frozen", "task": "train", "seed": 1, "device": "cpu", "threads": 1,
        "plugins": {"frozen_data": "1.0.0", "frozen_losses": "1.0.0", "toy": "*"},
        "data": {"train": {"use": "frozen_data/levels", "count": 24}, "batch": 8, "workers": 1},
        "model": {"backbone": {"use": "toy/conv", "width": 8, "patch": [1, 4, 4]}, "heads": {"main": {"use": "toy/linear"}}},
        "losses": [{"use": loss, "head": "main", **parameters}],
        "optimizer": {"type": "sgd", "lr": 0.1}, "schedule": {"steps": 3}, "log": {"every_steps": 1},
    }


def train(folder, loss, parameters):
    run = Run(manifest(folder, loss, parameters))
    arguments = ["--plugin-path", str(folder), "--plugin-path", str(BUILD / "tests/plugins")]
    return run, run.run(*arguments, check=False)


def check(folder):
    minor = tuple(map(int, folder.name.split(".")))
    served = minor[0] == number("VH_ABI_MAJOR") and number("VH_ABI_MINOR_OLDEST") <= minor[1] <= number("VH_ABI_MINOR")
    for loss, parameters in LOSSES.items():
        run, done = train(folder, loss, parameters)
        if not served:
            assert done.returncode == 1 and f"is built with ABI {folder.name}" in done.stderr or \
                f"is built for ABI major {minor[0]}" in done.stderr, f"want a refusal with both numbers:\n{done.stdout}{done.stderr}"
            print(f"ABI {folder.name}: refused, as the ABI was broken since")
            continue
        assert done.returncode == 0, f"{folder.name} {loss}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        losses = run.losses()
        assert len(losses) == 3 and all(map(math.isfinite, losses)) and len(set(losses)) == 3, f"{folder.name} {loss}: {losses}"
        print(f"ABI {folder.name}: {loss} trained three steps, losses {', '.join(f'{value:.4f}' for value in losses)}")


def check_binaries(folder):
    """Sources and binaries are those that BUILT notes; and build.sh makes the same bytes again, where compiler, linker and what
    the headers make of the sources are still the same."""
    built = (folder / "BUILT").read_text().splitlines()
    for line in built[3:]:
        sha256, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256, f"{folder / name} has changed since it was built; restore it"
    libraries = sorted(folder.glob("*/1.0.0/*.so"))
    assert len(built) == 3 + 2 * len(libraries) and len(libraries) == 2, f"{folder} is incomplete"
    for library in libraries:
        assert library.stat().st_size < 50_000, f"{library} has {library.stat().st_size} bytes, want under 50 kB"
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([HERE / "frozen/build.sh", SOURCE / "sdk", BUILD / "bin/vhost-describe", folder.name],
                              env={**os.environ, "OUT": out}, capture_output=True, text=True)
        if done.returncode != 0 or (pathlib.Path(out) / "BUILT").read_text().splitlines()[:3] != built[:3]:
            print(f"ABI {folder.name}: not built again, as the headers or the compiler are others by now")
            return
        for library in libraries:
            again = pathlib.Path(out) / library.relative_to(folder)
            assert again.read_bytes() == library.read_bytes(), f"{library} isn't what build.sh makes of its source"
    print(f"ABI {folder.name}: build.sh makes the same bytes again")


def main():
    if platform.machine() != "x86_64":
        print(f"skipped: the frozen plugins are of x86-64, this is {platform.machine()}")
        sys.exit(77)
    folders = sorted(path for path in (HERE / "frozen").iterdir() if path.is_dir())
    assert folders, "tests/abi/frozen/ holds no released minor: restore it from the last commit"
    for folder in folders:
        check_binaries(folder)
        check(folder)


if __name__ == "__main__":
    main()
