#!/usr/bin/env python3
"""One minor later, in both directions: plugins built with the next minor's headers in today's host, and today's plugins in a
host built with the next minor's headers. What is refused has run no code."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import overlay
from derive import need_tools

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("VHOST_BUILD_DIR", SOURCE / "build/release"))
LATEST = int(re.search(r"#define VH_ABI_MINOR (\d+)u", (SOURCE / "sdk/include/vhost/abi.h").read_text()).group(1))
TODAY = SOURCE / "sdk/include"


def compile_plugin(folder, include, target, optional):
    """A package of the probe: built for host minor `target`; with overlay_optional.c, which sees one minor more."""
    def obj(source, minor):
        path = folder / f"{source}.o"
        subprocess.run(["gcc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", "-c", "-I", include,
                        f"-DVH_TARGET_MINOR={minor}", *(["-DHAS_OPTIONAL"] if optional else []), "-o", path, HERE / f"{source}.c"], check=True)
        return path

    folder.mkdir(parents=True)
    objects = [obj("overlay_plugin", target)] + ([obj("overlay_optional", target + 1)] if optional else [])
    package = folder / "probe/1.0.0"
    package.mkdir(parents=True)
    library = package / "libprobe.so"
    subprocess.run(["gcc", "-shared", "-s", "-o", library, *objects, f"-Wl,--version-script={SOURCE / 'sdk/cmake/plugin.map'}", "-Wl,-z,defs"], check=True)
    subprocess.run([BUILD / "bin/vhost-describe", library, "probe", "1.0.0", "Apache-2.0", "A test's", package / "plugin.json"], check=True)
    return package


def main():
    need_tools("gcc")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        later, minor = overlay.make(folder / "later")
        assert minor == LATEST + 1 == 2, "overlay_plugin.c and overlay_host.cpp name minor 2: raise it there"
        plugins = {
            "today's": compile_plugin(folder / "a", TODAY, LATEST, optional=False),
            "later, for today's hosts": compile_plugin(folder / "b", later, LATEST, optional=True),
            "later, for later hosts": compile_plugin(folder / "c", later, minor, optional=False),
        }
        rows = [  # host, plugin, exit code, all that it says
            ("today", "today's", 0, "host: 0.1\ncreate: 0\nnormaliser: there\n"),
            ("today", "later, for today's hosts", 0, "host: 0.1\nlog: no flush in this host\ncreate: 0\nnormaliser: there\n"),
            ("today", "later, for later hosts", 1, "host: 0.1\nerror: plugin probe 1.0.0: it needs ABI 0.2, this host has 0.1: use a newer "
                                                   "host, or build the plugin with a lower VH_TARGET_MINOR (LIBRARY)\n"),
            ("later", "today's", 0, "host: 0.2\ncreate: 0\nafter_epoch: absent\nnormaliser: there\n"),
            ("later", "later, for today's hosts", 0, "host: 0.2\nlog: flushed\ncreate: 0\nafter_epoch: absent\nnormaliser: there\n"),
            ("later", "later, for later hosts", 0, "host: 0.2\ncreate: 0\nafter_epoch: there\nafter_epoch: 0\nnormaliser: there\n"),
        ]
        failed = 0
        for host, plugin, code, wanted in rows:
            trace = folder / "trace"
            trace.unlink(missing_ok=True)
            done = subprocess.run([BUILD / f"tests/abi_host_{host}", plugins[plugin]], capture_output=True, text=True,
                                  env={**os.environ, "VHOST_TEST_TRACE": str(trace)})
            said = done.stdout.replace(str(plugins[plugin] / "libprobe.so"), "LIBRARY")
            ran = trace.exists()
            good = (done.returncode, said, ran) == (code, wanted, code == 0)
            failed += not good
            print(f"{'ok  ' if good else 'FAIL'} host {host}, plugin {plugin}")
            if not good:
                print(f"exit {done.returncode}, its constructor {'ran' if ran else 'did not run'}; it said\n{said}{done.stderr}\nwant exit {code} and\n{wanted}")
        sys.exit(failed > 0)


if __name__ == "__main__":
    main()
