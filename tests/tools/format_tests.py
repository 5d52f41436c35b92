"""Every C and C++ file is laid out as clang-format 14 with .clang-format would; the generated sdk/include/vhost/cpp/ops.hpp aside."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

program = shutil.which("clang-format-14") or shutil.which("clang-format")
version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout if program else "no clang-format"
if " 14." not in version:
    print(f"skipped: needs clang-format 14, as Debian 12 has it; here is {version.strip()}")
    sys.exit(77)
files = [f for folder in ("sdk", "host", "plugins", "tests", "bench") for f in sorted((ROOT / folder).rglob("*"))
         if re.fullmatch(r"\.(c|h|cpp|hpp)", f.suffix) and f.name != "ops.hpp"]
done = subprocess.run([program, "--dry-run", "-Werror", *map(str, files)], capture_output=True, text=True, cwd=ROOT)
wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.M)))
for name in wrong:
    print(f"{name}: run clang-format -i {name}")
print(f"{len(files) - len(wrong)} of {len(files)} files are formatted")
sys.exit(1 if wrong or done.returncode or not files else 0)
