#!/usr/bin/env python3
"""Unfit plugins from outside: `vhost --dry-run` on an experiment that uses one ends with one message that names both sides and
exit code 1, and `plugin inspect` looks at all of them, while nothing of the plugin runs: the binaries' constructor writes a file,
which must not appear. The binaries are those of loader_tests, and real ones for other machines."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from derive import abi_numbers, need_tools
from vhost_run import BUILD, SOURCE, VHOST, temporary_folder  # skips where vhost isn't built

FIXTURES = BUILD / "host/plugins/tests/fixtures"
FOREIGN = '#include "vhost/plugin.h"\n__attribute__((constructor)) static void on_load(void) {}\nVH_PLUGIN_ENTRY(0, 0, 0);\n'
NOW = abi_numbers(SOURCE / "sdk/include")
MAJOR, MINOR, OLDEST = NOW["major"], NOW["minor"], NOW["oldest"]
HOST, FIT = f"{MAJOR}.{MINOR}", (MAJOR, MINOR, OLDEST, "c11")
ROWS = [  # binary, ABI and build tag in plugin.json, what is said
    ("newer_target", (MAJOR, MINOR + 1, MINOR + 1, "c11"),
     f"plugin unfit 1.0.0: it needs ABI {MAJOR}.{MINOR + 1}, this host has {HOST}: use a newer host, or build the plugin with a lower"),
    ("older", (MAJOR, OLDEST - 1, OLDEST - 1, "c11"),
     f"it is built with ABI {MAJOR}.{OLDEST - 1}, this host serves plugins from {MAJOR}.{OLDEST} on"),
    ("other_major", (MAJOR + 1, MINOR, OLDEST, "c11"), f"it is built for ABI major {MAJOR + 1}, this host has {MAJOR}: use a newer host"),
    ("wrong_magic", FIT, "its magic is 0x12345678, this host's 0x54534856"),
    ("short_entry", FIT, "its entry has struct_size 40, at least 48 is needed"),
    ("wrong_tag", FIT[:3] + ("torch-cxx 2.11",), 'its build tag is "torch-cxx 2.11", this host loads "c11" and "c++20"'),
    ("fit", FIT[:3] + ("c++20",), 'the library\'s build tag is "c11", plugin.json says "c++20"'),
    ("no_note", FIT, "has no .note.vhost: it is no vhost plugin"),
    ("two_notes", FIT, f"has 2 notes .note.vhost: the first says ABI {HOST} for hosts from minor "),
    ("entry_differs", FIT, f"its entry and its ELF note differ: target_minor {OLDEST - 1} and {OLDEST}"),
    ("no_export", FIT, "it doesn't export vh_plugin_entry_v1"),
    ("cut", FIT, "is cut short: its "),
    ("i386", FIT, "is no 64-bit little-endian ELF file; this host is "),
    ("riscv64", FIT, "is built for riscv, this host is "),
]


def binary(name, folder):
    if name == "cut":
        path = folder / "cut.so"
        path.write_bytes((FIXTURES / "fit.so").read_bytes()[:5000])
        return path
    if name in ("i386", "riscv64"):
        path = folder / f"{name}.so"
        subprocess.run(["clang", f"--target={name}-linux-gnu", "-x", "c", "-std=c11", "-ffreestanding", "-fPIC", "-shared", "-nostdlib",
                        "-fuse-ld=mold", "-I", SOURCE / "sdk/include", "-o", path, "-"], input=FOREIGN, text=True, check=True)
        return path
    return FIXTURES / f"{name}.so"


def install(folder, library, abi):
    package = folder / "unfit/1.0.0"
    package.mkdir(parents=True)
    shutil.copy(library, package / "libunfit.so")
    major, minor, target, build = abi
    (package / "plugin.json").write_text(json.dumps({
        "schema": 1, "name": "unfit", "version": "1.0.0", "licence": "Apache-2.0", "description": "a test's",
        "abi": {"major": major, "minor": minor, "target_minor": target}, "build": build, "library": "libunfit.so",
        "sha256": hashlib.sha256(library.read_bytes()).hexdigest(),
        "components": [{"interface": "vh.loss/1", "name": "mse", "summary": "a test's",
                        "schema": {"type": "object", "properties": {}, "additionalProperties": False}}]}))


def experiment():
    return {"vhost": 1, "name": "refused", "task": "train", "device": "cpu", "threads": 1,
            "plugins": {"unfit": "1.0.0", "toy": "*", "toyc": "*"},
            "data": {"train": {"use": "toyc/noise"}, "batch": 8},
            "model": {"backbone": {"use": "toy/conv", "patch": [1, 4, 4]}, "heads": {"main": {"use": "toy/linear"}}},
            "losses": [{"use": "unfit/mse", "head": "main"}], "optimizer": {"type": "sgd", "lr": 0.1}, "schedule": {"steps": 1}}


def vhost(folder, *arguments):
    environment = {**os.environ, "VHOST_TEST_TRACE": str(folder / "trace")}
    done = subprocess.run([VHOST, *arguments, "--plugin-path", folder, "--plugin-path", BUILD / "tests/plugins"], cwd=folder,
                          capture_output=True, text=True, env=environment, timeout=60)
    trace = (folder / "trace").read_text() if (folder / "trace").exists() else ""
    return done.returncode, done.stdout + done.stderr, trace


def look(name, abi, folder):
    folder.mkdir(exist_ok=True)
    install(folder, binary(name, folder), abi)
    (folder / "exp.json").write_text(json.dumps(experiment()))
    return vhost(folder, "plugin", "inspect", "unfit"), vhost(folder, "--manifest", "exp.json", "--dry-run")


def main():
    need_tools("clang", "mold")
    failed = 0
    root = pathlib.Path(temporary_folder())
    (code, said, trace), (code_dry, said_dry, trace_dry) = look("fit", FIT, root / "fit")
    if code != 0 or code_dry < 0 or trace or trace_dry != "constructor\ninit\n":
        failed += 1
        print(f"FAIL the fit one must be inspected without running, and then run: {trace!r} {trace_dry!r}\n{said}\n{said_dry}")
    for i, (name, abi, reason) in enumerate(ROWS):
        folder = root / str(i)
        (_, inspected, traced), (code, said, trace) = look(name, abi, folder)
        good = code == 1 and reason in said and said.count("error: ") == 1 and "unfit" in said and not traced and not trace
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}")
        if not good:
            print(f"exit {code}, want 1 and '{reason}'; ran: {traced + trace!r}\n{inspected}\n{said}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
