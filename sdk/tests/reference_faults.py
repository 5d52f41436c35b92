#!/usr/bin/env python3
"""reference_faults.py SDK: docs/sdk-reference.md lacks nothing that the ABI baseline lists, and gen_reference.py --check refuses headers
in which a slot is silent: each edit below, made to a copy of the headers, must give its message."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SDK = pathlib.Path(sys.argv[1]).resolve()
PAGE = SDK.parent / "docs/sdk-reference.md"

# name: header, text, what stands there instead, the message
EDITS = {
    "a slot without its thread": ("backbone.h", "/* [setup] Never fails;", "/* Never fails;",
                                  r"backbone\.h: vh_backbone_1: void \(\*destroy\).* doesn't say which thread may call it"),
    "a slot behind whose line nothing stands": ("tensor.h", None, None, r"tensor\.h: vh_tensor_1: .* doesn't say which thread may call it"),
    "a field without a comment": ("part.h", " /* the installed package; read-only */", "",
                                  r"part\.h: vh_build: const char\* package_dir; has no comment"),
    "a comment that changed": ("loss.h", "One of VH_DIVIDE_*.", "One of the VH_DIVIDE_*.", r"isn't what the headers say: run sdk/tools/gen_reference\.py"),
    "a struct with braces in it": ("map.h", "uint32_t struct_size, reserved;", "struct { int32_t a; } inner;", r"map\.h: vh_map_1: can't read 'struct"),
}


def check(folder):
    done = subprocess.run([sys.executable, folder / "sdk/tools/gen_reference.py", "--check"], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def copied(folder):
    shutil.copytree(SDK / "include/vhost", folder / "sdk/include/vhost", ignore=shutil.ignore_patterns("cpp"))
    (folder / "sdk/tools").mkdir()
    shutil.copy(SDK / "tools/gen_reference.py", folder / "sdk/tools")
    (folder / "docs").mkdir()
    shutil.copy(PAGE, folder / "docs")


def edited(text, old, new):
    if old is None:  # the first one-line slot whose comment stands behind it
        old = re.search(r"\(\*\w+\)\([^;]*\);( +/\* \[\w+\].*?\*/)", text).group(1)
        new = ""
    assert text.count(old) >= 1, f"{old!r} isn't there any more"
    return text.replace(old, new, 1)


def faults_of(name, header, old, new, message):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        copied(folder)
        code, said = check(folder)
        if code != 0:
            return [f"the copy itself is refused: {said}"]
        path = folder / "sdk/include/vhost" / header
        path.write_text(edited(path.read_text(), old, new))
        code, said = check(folder)
    return [] if code != 0 and re.search(message, said) else [f"{name}: exit {code}, {said!r}; want {message}"]


def missing_from_the_page():
    baseline = json.loads((SDK / "abi/baseline.json").read_text())
    sections = dict(re.findall(r"^### `(vh_\w+)`[^\n]*\n(.*?)(?=^#|\Z)", PAGE.read_text(), re.M | re.S))
    faults = [f"the page lacks {name}" for name in baseline["constants"] if f"`{name.split()[0]}`" not in PAGE.read_text()]
    faults += [f"the page lacks the id {text}" for text in baseline["ids"].values() if text.strip('"') not in PAGE.read_text()]
    for struct, layout in baseline["structs"].items():
        names = {field["name"].split(".")[-1] for field in layout["fields"]}
        declared = "\n".join(re.findall(r"^\| (`.*?`) \|", sections.get(struct, ""), re.M))
        faults += [f"the page lacks {struct}.{name}" for name in sorted(names) if not re.search(rf"\b{name}\b", declared)]
    return faults


faults = missing_from_the_page() + [fault for name, edit in EDITS.items() for fault in faults_of(name, *edit)]
print("\n".join(faults) or f"the page is complete, and {len(EDITS)} kinds of silent headers are refused")
sys.exit(1 if faults else 0)
