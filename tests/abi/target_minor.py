#!/usr/bin/env python3
"""Names newer than VH_TARGET_MINOR don't compile, and the same lines do where it allows them. Headers: overlay.py's."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import overlay
from derive import need_tools

USES_SLOT = '#include "vhost/log.h"\nvoid use(const vh_log_1* log);\nvoid use(const vh_log_1* log) { log->flush(); }\n'
FILLS_SLOT = '#include "vhost/loss.h"\nvoid use(vh_loss_1* loss);\nvoid use(vh_loss_1* loss) { loss->after_epoch = 0; }\n'
OLD_NAMES = '#include "vhost/vhost.h"\nvoid use(const vh_log_1* log);\nvoid use(const vh_log_1* log) { log->cancelled(); }\n'
ROWS = [  # source, VH_TARGET_MINOR (None: not set), the reason why it must not compile
    (OLD_NAMES, None, None), (OLD_NAMES, 1, None), (OLD_NAMES, 2, None),
    (USES_SLOT, 2, None), (USES_SLOT, 1, r"no member named .flush"), (USES_SLOT, None, r"no member named .flush"),
    (FILLS_SLOT, 2, None), (FILLS_SLOT, 1, r"no member named .after_epoch"),
    (OLD_NAMES, 3, r"VH_TARGET_MINOR is above VH_ABI_MINOR: these headers are older than what the plugin targets"),
    (OLD_NAMES, 0, r"VH_TARGET_MINOR is below VH_ABI_MINOR_OLDEST: no supported host is that old"),
]


def main():
    need_tools("gcc", "clang")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        include, _ = overlay.make(folder)
        for compiler in ("gcc", "clang"):
            for language, standard in (("c", "c11"), ("c++", "c++20")):
                for source, target, reason in ROWS:
                    command = [compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only",
                               "-I", include, *([f"-DVH_TARGET_MINOR={target}"] if target is not None else []), "-"]
                    done = subprocess.run(command, input=source, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
                    good = done.returncode == 0 if reason is None else done.returncode != 0 and re.search(reason, done.stderr)
                    if not good:
                        failed += 1
                        print(f"FAIL {compiler} {standard}, VH_TARGET_MINOR {target}: want {reason or 'no error'}\n{source}{done.stderr}")
    print(f"{4 * len(ROWS)} compilations, {failed} not as they must be")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
