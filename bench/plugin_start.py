"""What plugins cost before anything computes: `vhost --help`, `plugin list` over 200 packages, and loading each shipped plugin
beyond its own third-party libraries.

    plugin_start.py [--rounds 20]

Prints medians in milliseconds, and as ratios against starting `/usr/bin/env true` (the first two) and a plain dlopen of the plugin's
library with its third-party libraries there (the last). Bounds: 20 ms, 200 ms, 10 ms.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))
from vhost_run import BUILD, VHOST  # noqa: E402

LOAD = BUILD / "bench/plugin_load_bench"
DLOPEN = "import ctypes, sys, time\nfor n in sys.argv[2:]: ctypes.CDLL(n)\nt = time.perf_counter(); ctypes.CDLL(sys.argv[1]); print(1e3 * (time.perf_counter() - t))"
SYSTEM = re.compile(r"lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+)\.so|ld-linux")


def started(command, **arguments):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **arguments)
    return 1e3 * (time.perf_counter() - start)


def printed(command):
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def packages(folder):
    return sorted(file.parent for file in (BUILD / folder).glob("*/*/plugin.json"))


def many_packages(folder, count=200):
    """`count` packages made of those in the build, under names and versions of their own."""
    originals = packages("plugins") + packages("tests/plugins")
    for i in range(count):
        original = originals[i % len(originals)]
        metadata = json.loads((original / "plugin.json").read_text())
        metadata["name"], metadata["version"] = f"plugin_{i // 4}", f"1.{i % 4}.0"
        package = folder / metadata["name"] / metadata["version"]
        package.mkdir(parents=True)
        os.link(original / metadata["library"], package / metadata["library"])
        (package / "plugin.json").write_text(json.dumps(metadata))


def third_party(library):
    lines = subprocess.run(["ldd", library], check=True, capture_output=True, text=True).stdout.splitlines()
    paths = [line.split("=>")[1].split()[0] for line in lines if "=>" in line]
    return [path for path in paths if not SYSTEM.match(pathlib.Path(path).name)]


def report(name, bound, values, reference, unit):
    ratio = statistics.median(a / b for a, b in zip(values, reference))
    print(f"{name}: median {statistics.median(values):.2f} ms (min {min(values):.2f}, max {max(values):.2f}; bound {bound}); {ratio:.2f} x {unit}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = range(parser.parse_args().rounds)
    true = [started(["/usr/bin/env", "true"]) for _ in rounds]
    report("vhost --help", 20, [started([VHOST, "--help"]) for _ in rounds], true, "starting `env true`")
    folder = pathlib.Path(tempfile.mkdtemp(dir=BUILD))
    try:
        many_packages(folder)
        command = [VHOST, "plugin", "list", "--plugin-path", folder]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert listed.count("plugin_") >= 200, listed[:2000]
        report("vhost plugin list, 200 packages", 200, [started(command) for _ in rounds], true, "starting `env true`")
    finally:
        shutil.rmtree(folder)
    for package in packages("plugins"):
        library = package / json.loads((package / "plugin.json").read_text())["library"]
        needed = third_party(library)
        report(f"loading {package.parent.name} ({library.stat().st_size >> 10} KiB, {len(needed)} third-party libraries)", 10,
               [printed([LOAD, package, *needed]) for _ in rounds],
               [printed([sys.executable, "-c", DLOPEN, library, *needed]) for _ in rounds], "dlopen alone")


main()
