#!/usr/bin/env python3
"""overlay.py FOLDER: the SDK's headers as they may look one minor later: a slot more in a service's table (vh.log/1) and in an
interface's (vh.loss/1), behind the fences and guarded, as docs/abi.md says."""
import pathlib
import re
import shutil
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "sdk/include"
SLOTS = {
    "vh_log_1": "  /* [any] Writes out what is kept back. Since minor {minor}. */\n  void (*flush)(void);\n",
    "vh_loss_1": "  /* [setup] May be NULL. Since minor {minor}. */\n  int32_t (*after_epoch)(void* self, int64_t epoch, vh_error*);\n",
}


def replace(path, pattern, new):
    text, n = re.subn(pattern, new, path.read_text())
    if n != 1:
        sys.exit(f"{path}: /{pattern}/ is there {n} times, want 1: mend tests/abi/overlay.py")
    path.write_text(text)


def make(folder):
    target = pathlib.Path(folder) / "include"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(INCLUDE, target)
    abi = target / "vhost/abi.h"
    minor = 1 + int(re.search(r"#define VH_ABI_MINOR (\d+)u", abi.read_text()).group(1))
    replace(abi, r"#define VH_ABI_MINOR \d+u", f"#define VH_ABI_MINOR {minor}u")
    for table, slot in SLOTS.items():
        replace(target / f"vhost/{table[3:-2]}.h", rf"\}} {table};", f"#if VH_TARGET_MINOR >= {minor}\n{slot.format(minor=minor)}#endif\n}} {table};")
    return target, minor


if __name__ == "__main__":
    make(sys.argv[1])
