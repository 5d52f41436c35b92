#!/usr/bin/env python3
"""two_torches.py BUILD_A BUILD_B: the same plugin binaries under two hosts built with different releases of LibTorch. Prints the
report in Markdown; exit code 1 if a loss differs by more than 1e-5 of itself."""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
hosts = [pathlib.Path(argument).resolve() for argument in sys.argv[1:3]]
os.environ["VHOST_BUILD_DIR"] = str(hosts[0])  # whose plugins both hosts load
sys.path.insert(0, str(HERE.parent / "e2e"))
import vhost_run

STEPS, TOLERANCE = 20, 1e-5
PLUGINS = hosts[0] / "plugins"


def torch_library(host):
    linked = subprocess.run(["ldd", host / "lib/libvhost_engine.so"], capture_output=True, text=True, check=True).stdout
    return pathlib.Path(re.search(r"libtorch_cpu\.so => (\S+)", linked).group(1)).resolve()


def torch_of(host):
    library = torch_library(host)
    return re.search(r"__version__ = '([0-9.]+)", (library.parent.parent / "version.py").read_text()).group(1)


def losses(host, task, clips):
    """Of each step. Looks into the running process: this host's LibTorch, and the plugins of hosts[0]."""
    vhost_run.VHOST = host / "bin/vhost"
    run = vhost_run.Run(vhost_run.manifest(task, clips, schedule={"steps": STEPS, "warmup_steps": 2}))
    process, mapped = run.start("--plugin-path", str(PLUGINS)), set()
    while process.poll() is None:
        lines = pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines()
        mapped |= {line.split()[-1] for line in lines if ".so" in line}
        time.sleep(0.05)
    assert process.returncode == 0, f"{host}: exit {process.returncode}: {(run.work / 'log.txt').read_text()}"
    assert {path for path in mapped if "libtorch_cpu" in path} == {str(torch_library(host))}, mapped
    plugins = {path for path in mapped if pathlib.Path(path).name in ("libkinetics.so", "libvideomae.so", "libclassify.so")}
    assert len(plugins) >= 2 and all(path.startswith(str(PLUGINS)) for path in plugins), plugins
    return run.losses()


def main():
    versions = [torch_of(host) for host in hosts]
    assert versions[0] != versions[1], f"both hosts are built with LibTorch {versions[0]}"
    clips, worst = vhost_run.clips(), 0.0
    print(f"The same plugin binaries under a host built with LibTorch {versions[0]} and one built with {versions[1]}; {STEPS} steps each, CPU, "
          "one thread.\n\n| plugin | sha256 |\n|---|---|")
    for name in ("kinetics", "videomae", "classify"):
        library = next(PLUGINS.glob(f"{name}/*/lib{name}.so"))
        print(f"| {name} {library.parent.name} | `{hashlib.sha256(library.read_bytes()).hexdigest()}` |")
    for task, what in (("pretrain", "Pre-training, `videomae`"), ("train", "Fine-tuning, `videomae` and `classify`")):
        columns = [losses(host, task, clips) for host in hosts]
        assert all(len(column) == STEPS for column in columns), [len(column) for column in columns]
        print(f"\n{what}:\n\n| step | loss, {versions[0]} | loss, {versions[1]} | relative difference |\n|---|---|---|---|")
        for step, (a, b) in enumerate(zip(*columns), 1):
            difference = abs(a - b) / abs(a)
            worst = max(worst, difference)
            print(f"| {step} | {a:.9f} | {b:.9f} | {difference:.1e} |")
    print(f"\nLargest relative difference: {worst:.1e}; allowed: {TOLERANCE:.0e}.")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
