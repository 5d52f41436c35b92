"""What the SDK's headers say, as plain data: structs with their fields, constants, ids, operators, entry and note.

Names and types come from clang's syntax tree, sizes and values from a small program, the entry from a compiled plugin."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CLANG, CC = "clang", "gcc"
# May never grow: arguments lie in arrays of vh_value, and vh_elf_note is read from files.
FROZEN = {"vh_value", "vh_elf_note"}
# Stay within one binary.
SOURCE_ONLY = {"vh_random", "vh_c_component"}
# What a type that crosses the boundary is made of. Opaque types and structs cross by pointer.
ATOMS = {"const", "void", "char", "int32_t", "uint32_t", "int64_t", "uint64_t", "uint8_t", "double", "struct"}
VERSION = {"VH_ABI_MAJOR", "VH_ABI_MINOR", "VH_ABI_MINOR_OLDEST", "VH_TARGET_MINOR"}
NOT_CONSTANTS = VERSION | {"VH_EXPORT", "VH_EXTERN_C", "VH_ELF_NOTE"}


def need_tools(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        print(f"skipped: no {', '.join(missing)} here (tools/setup --tests installs what the tests need)")
        sys.exit(77)


def run(*command, text=None):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def flags(include, target):
    return ["-I", include] + ([f"-DVH_TARGET_MINOR={target}"] if target is not None else [])


def run_program(source, include, target):
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "probe"
        run(CC, "-x", "c", "-std=c11", "-o", program, *flags(include, target), "-", text=source)
        return run(program)


def macros(include, target, language, standard):
    """Names and texts of our object-like macros."""
    text = run(CC, "-x", language, f"-std={standard}", "-dM", "-E", *flags(include, target), "-",
               text='#include "vhost/vhost.h"\n#include "vhost/op_schemas.h"\n')
    found = re.findall(r"^#define (VH_\w+) (\S.*)$", text, re.M)
    return {name: value for name, value in found if name not in NOT_CONSTANTS}


def abi_numbers(include):
    source = '#include <stdio.h>\n#include "vhost/abi.h"\nint main(void) { printf("%u %u %u", VH_ABI_MAJOR, VH_ABI_MINOR, VH_ABI_MINOR_OLDEST); }'
    return dict(zip(("major", "minor", "oldest"), map(int, run_program(source, include, None).split())))


# --- the syntax tree --------------------------------------------------------------------------------------------------

def top_level(include, target):
    """Every declaration of ours, in the order of the headers."""
    text = run(CLANG, "-x", "c", "-std=c11", "-fsyntax-only", "-Xclang", "-ast-dump=json", *flags(include, target), "-",
               text='#include "vhost/vhost.h"\n')
    return json.loads(text)["inner"]


def field_rows(record, structs, prefix=""):
    """name, type and faults of each field; an unnamed union's members as "v.i"."""
    rows, nested = [], None
    for node in record.get("inner", []):
        if node["kind"] == "RecordDecl":
            nested = node
        elif node["kind"] == "FieldDecl":
            name, text = prefix + node["name"], node["type"]["qualType"]
            if nested is not None and "unnamed" in text:
                rows.append({"name": name, "type": nested["tagUsed"]})
                rows += field_rows(nested, structs, name + ".")
            else:
                rows.append({"name": name, "type": text, "bitfield": node.get("isBitfield", False)})
            nested = None
    return rows


def read_structs(include, target):
    """struct -> rows, and what may not be in an ABI header at all."""
    structs, faults = {}, []
    for node in top_level(include, target):
        name = node.get("name", "")
        if node["kind"] == "RecordDecl" and name.startswith("vh_") and node.get("completeDefinition"):
            if name not in SOURCE_ONLY:
                structs[name] = field_rows(node, structs)
        elif node["kind"] == "EnumDecl" and (name.startswith("vh_") or any(
                c.get("name", "").startswith(("VH_", "vh_")) for c in node.get("inner", []))):
            faults.append(f"enum {name}: an enum's size is the compiler's choice; use int32_t or uint32_t and #define")
        elif node["kind"] == "FunctionDecl" and name.startswith("vh_") and node.get("storageClass") != "static":
            faults.append(f"function {name}: a plugin imports nothing; make it a slot of a service's table")
    for struct, rows in structs.items():
        for row in rows:
            faults += type_faults(f"{struct}.{row['name']}", row)
        structs[struct] = [{"name": row["name"], "type": row["type"]} for row in rows if not row.get("bitfield")]
    return structs, faults


def type_faults(place, row):
    text, faults = row["type"], []
    if text in ("union",):
        return []
    if row.get("bitfield"):
        faults.append(f"{place}: a bit-field's place is the compiler's choice; use a whole integer")
    if "..." in text:
        faults.append(f"{place}: variable arguments can't be checked; use an array and its length")
    for word in re.finditer(r"[A-Za-z_]\w*", text):
        name, rest = word.group(), text[word.end():].lstrip()
        if name.startswith("vh_"):
            if not re.match(r"(const)?\s*\*", rest):
                faults.append(f"{place}: {name} crosses by value, so that it can never grow; pass a pointer")
        elif name not in ATOMS:
            faults.append(f"{place}: '{text}' has '{name}', which differs between compilers or languages; "
                          "use int32_t, uint32_t, int64_t, uint64_t, uint8_t, char, double or a pointer")
    return faults


# --- sizes and values --------------------------------------------------------------------------------------------------

def add_layout(structs, include, target):
    lines = ['#include <stdio.h>', '#include "vhost/vhost.h"', "int main(void) {"]
    for struct, rows in structs.items():
        lines.append(f'printf("%zu\\n", sizeof({struct}));')
        for row in rows:
            lines.append(f'printf("%zu %zu\\n", offsetof({struct}, {row["name"]}), sizeof((({struct}*)0)->{row["name"]}));')
    numbers = iter(run_program("\n".join(lines + ["}"]), include, target).splitlines())
    faults, laid_out = [], {}
    for struct, rows in structs.items():
        size, end = int(next(numbers)), 0
        for row in rows:
            row["offset"], row["size"] = map(int, next(numbers).split())
            if row["offset"] > end and "." not in row["name"]:
                faults.append(f"{struct}.{row['name']}: {row['offset'] - end} bytes of padding before it; order the fields")
            end = max(end, row["offset"] + row["size"])
        if size != end:
            faults.append(f"{struct}: {size - end} bytes of padding at its end; name them `reserved`")
        if struct not in FROZEN and (rows[0]["name"], rows[0]["type"]) != ("struct_size", "uint32_t"):
            faults.append(f"{struct}: doesn't begin with uint32_t struct_size, so that it can never grow")
        laid_out[struct] = {"size": size, "fields": rows}
    return laid_out, faults


def read_constants(include, target):
    """name -> value as text. Texts that are interface and service ids come apart."""
    found = macros(include, target, "c", "c11")
    names = [name for name in found if not name.startswith("VH_SCHEMA_")]
    lines = ['#include <stdio.h>', '#include "vhost/vhost.h"',
             '#define SHOW(x) _Generic((x), char*: "\\"%s\\"\\n", unsigned: "%uu\\n", int: "%d\\n"), x', "int main(void) {"]
    lines += [f"printf(SHOW({name}));" for name in names]
    values = run_program("\n".join(lines + ["}"]), include, target).splitlines()
    constants = dict(sorted(zip(names, values)))
    constants["VH_BUILD_TAG in C++"] = macros(include, target, "c++", "c++20")["VH_BUILD_TAG"]
    ids = {name: value.strip('"') for name, value in constants.items() if value.startswith('"vh.')}
    return {name: value for name, value in constants.items() if name not in ids}, ids


def read_operators(sdk, include):
    texts = macros(include, None, "c", "c11")
    rows, faults = {}, []
    for line in (sdk / "ops.list").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            schema = texts.get(f"VH_SCHEMA_{words[0].upper()}", "").strip('"')
            rows[words[0]] = f"{schema}"
            if not schema.startswith(words[1] + "("):
                faults.append(f"ops.list: {words[0]} is {words[1]}, op_schemas.h has '{schema}'; run sdk/tools/gen_ops.py")
    return rows, faults


def read_entry(include, target):
    """What a plugin exports, and the bytes that stand before the numbers in its note."""
    source = '#include "vhost/vhost.h"\nstatic const vh_c_component parts[] = {{VH_LOSS_1, "x", "x", 0, "{}"}};\nVH_C_PLUGIN(parts);\n'
    with tempfile.TemporaryDirectory() as folder:
        library, note = pathlib.Path(folder) / "plugin.so", pathlib.Path(folder) / "note"
        run(CC, "-x", "c", "-std=c11", "-fPIC", "-shared", "-nostdlib", "-fvisibility=hidden", "-o", library,
            *flags(include, target), "-", text=source)
        symbols = run("nm", "-D", "--defined-only", "--format=posix", library).splitlines()
        run("objcopy", "-O", "binary", "--only-section=.note.vhost", library, note)
        return {"exports": sorted(line.split()[0] for line in symbols), "note_section": ".note.vhost",
                "note_head": note.read_bytes()[:24].hex()}


def derive(sdk, target=None):
    """The ABI of the SDK folder as a plugin for host minor `target` sees it (None: the default), and its faults."""
    include = sdk / "include"
    structs, faults = read_structs(include, target)
    structs, padding = add_layout(structs, include, target)
    constants, ids = read_constants(include, target)
    operators, unlisted = read_operators(sdk, include)
    return {"abi": abi_numbers(include), "entry": read_entry(include, target), "ids": ids,
            "constants": constants, "structs": structs, "operators": operators}, faults + padding + unlisted
