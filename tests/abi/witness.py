"""The witness: a library with one exported object of every struct, for libabigail. (On a plugin itself abidiff sees nothing:
its tables hide behind const void*.)"""
import pathlib
import platform
import subprocess
import tempfile

from derive import CC, flags, need_tools, run

DUMP = ["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs"]


def build(sdk, baseline, folder, compiler=CC):
    """As a plugin of the baseline's minor sees the headers: what is newer must not show."""
    source = '#include "vhost/vhost.h"\n' + "".join(f"{name} witness_{name};\n" for name in baseline["structs"])
    library = pathlib.Path(folder) / "libwitness.so"
    run(compiler, "-x", "c", "-std=c11", "-g", "-gdwarf-4", "-fPIC", "-shared", "-nostdlib", "-Wl,-soname,libwitness.so", "-o",
        library, *flags(sdk / "include", baseline["abi"]["minor"]), "-", text=source)
    return library


def record(sdk, baseline):
    need_tools("abidw")
    with tempfile.TemporaryDirectory() as folder:
        (sdk / "abi/witness.abi").write_text(run(*DUMP, build(sdk, baseline, folder)))


def check(sdk, baseline):
    need_tools("abidiff")
    if platform.machine() != "x86_64":
        print(f"skipped: witness.abi is of x86-64, this is {platform.machine()}")
        return 77
    dump = sdk / "abi/witness.abi"
    if not dump.exists():
        print(f"error: {dump} is missing: restore it from the last commit")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        library = build(sdk, baseline, folder)
        done = subprocess.run(["abidiff", "--no-show-locs", dump, library], capture_output=True, text=True)
    if done.returncode == 0 and not done.stdout:
        print(f"abidiff: {len(baseline['structs'])} structs are as in witness.abi")
        return 0
    print(f"error: abidiff finds that today's headers differ from {dump}:\n{done.stdout}{done.stderr}")
    return 1
