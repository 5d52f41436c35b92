"""Start-up with plugins: `vhost --help` and `vhost plugin list` over 200 installed packages against the start of /bin/true;
loading one plugin, its own third-party libraries already there, against a plain dlopen of its library.

    plugin_start.py --bench build/release/bench/load_bench [--rounds 20]
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ["VHOST_BUILD_DIR"])
VHOST = BUILD / "bin/vhost"
PACKAGES = 200


def timed(command, environment=None):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return 1e3 * (time.perf_counter() - start)


def row(name, pairs):
    values, references = zip(*pairs)
    print(f"{name}: median {statistics.median(values):.2f} ms (min {min(values):.2f}, max {max(values):.2f}), "
          f"{statistics.median(a / b for a, b in pairs):.2f} times the reference's {statistics.median(references):.2f} ms")


def built():
    return [path.parent for folder in ("plugins", "tests/plugins") for path in sorted((BUILD / folder).glob("*/*/plugin.json"))]


def lay_out(folder, packages):
    """200 packages whose plugin.json are those of the built ones, under other names."""
    for i in range(PACKAGES):
        about = json.loads((packages[i % len(packages)] / "plugin.json").read_text())
        about["name"] = f"{about['name']}_{i}"
        target = folder / about["name"] / about["version"]
        target.mkdir(parents=True)
        (target / "plugin.json").write_text(json.dumps(about, indent=2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    packages = built()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vhost-plugin-start-"))
    try:
        lay_out(folder, packages)
        environment = {**os.environ, "VHOST_PLUGIN_PATH": str(folder)}
        listed = subprocess.run([VHOST, "plugin", "list"], env=environment, check=True, capture_output=True, text=True).stdout.count("\n") - 1
        rows = {"vhost --help": ["--help"], f"vhost plugin list, {listed} packages": ["plugin", "list"]}
        timed([VHOST, "plugin", "list"], environment)
        for name, arguments in rows.items():
            row(name, [(timed([VHOST, *arguments], environment), timed(["/bin/true"])) for _ in range(options.rounds)])
        for package in packages:
            run = [[float(subprocess.run([options.bench, *mode, package], check=True, capture_output=True, text=True).stdout)
                    for mode in ([], ["--dlopen"])] for _ in range(options.rounds)]
            row(f"load {package.parent.name} ({sum(p.stat().st_size for p in package.glob('*.so')) / 1e6:.1f} MB)", run)
    finally:
        shutil.rmtree(folder)


main()
