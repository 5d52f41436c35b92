#!/usr/bin/env python3
"""Writes vhost/op_schemas.h and vhost/cpp/ops.hpp from sdk/ops.list and the live schemas of PyTorch.

    python sdk/tools/gen_ops.py           rewrite both (any Python that can import torch 2.11)
    python sdk/tools/gen_ops.py --check   exit 1 with the differing lines if they aren't what would be written
"""
import argparse
import difflib
import pathlib
import re
import sys

SDK = pathlib.Path(__file__).resolve().parent.parent
LIST = SDK / "ops.list"
SCHEMAS = SDK / "include/vhost/op_schemas.h"
WRAPPERS = SDK / "include/vhost/cpp/ops.hpp"
HIDDEN = {"layout", "pin_memory"}  # never useful to a part: always the live default

ARGUMENT_TYPES = {
    "Tensor": "const Tensor&", "Tensor?": "const Tensor&", "Tensor[]": "Tensors", "Tensor?[]": "Tensors",
    "Scalar": "Scalar", "Scalar?": "std::optional<Scalar>",
    "int": "int64_t", "int?": "std::optional<int64_t>", "int[]": "Ints", "int[]?": "MaybeInts",
    "float": "double", "float?": "std::optional<double>",
    "bool": "bool", "bool?": "std::optional<bool>", "str": "const char*", "str?": "const char*",
    "ScalarType": "DType", "ScalarType?": "DType", "Device": "Device", "Device?": "std::optional<Device>",
    "MemoryFormat": "MemoryFormat", "MemoryFormat?": "std::optional<MemoryFormat>", "Generator?": "vh_generator*",
}
RESULT_TYPES = {"Tensor": "Tensor", "Tensor[]": "std::vector<Tensor>"}


def read_list():
    rows, seen = [], set()
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or not re.fullmatch(r"aten::[A-Za-z][A-Za-z0-9_]*(\.\w+)?", words[1]):
            sys.exit(f"{LIST}:{number}: want 'cpp_name aten::name.overload', got: {line}")
        if words[1].split(".")[0].endswith("_backward") or words[0] in seen:
            sys.exit(f"{LIST}:{number}: a *_backward operator, or a name used twice: {line}")
        seen.add(words[0])
        rows.append(words)
    return rows


def live_schemas():
    import torch

    return {s.name + ("." + s.overload_name if s.overload_name else ""): s for s in torch._C._jit_get_all_schemas()}


def split_arguments(text):
    """The schema's own argument texts, without the outer brackets; "*" marks the keyword-only ones."""
    inside = text[text.index("(") + 1:]
    depth, out, current = 1, [], ""
    for c in inside:
        depth += (c in "([") - (c in ")]")
        if depth == 0:
            break
        if c == "," and depth == 1:
            out.append(current.strip())
            current = ""
        else:
            current += c
    return [a for a in out + [current.strip()] if a]


def base_type(text):
    """"Tensor(a!)" -> "Tensor", "SymInt[2]" -> "int[]"."""
    text = re.sub(r"\([^)]*\)", "", text)
    return re.sub(r"\[\d+\]", "[]", text.replace("SymInt", "int"))


class Argument:
    def __init__(self, text):
        declared, _, self.default = text.partition("=")
        self.schema_type, self.name = declared.rsplit(" ", 1)
        self.type = base_type(self.schema_type)
        if "Dimname" in self.type or self.type not in ARGUMENT_TYPES and self.name not in HIDDEN:
            sys.exit(f"gen_ops: no C++ type for '{text}'")

    def cpp_default(self):
        if not self.default:
            return "nullptr" if self.type == "Generator?" else None
        if self.default == "None":
            return {"const Tensor&": "{}", "const char*": "nullptr", "vh_generator*": "nullptr",
                    "DType": "DType::any"}.get(ARGUMENT_TYPES[self.type], "{}")
        if self.default.startswith("["):
            return "{" + self.default[1:-1] + "}"
        if self.type == "float" or self.type == "float?":
            return repr(float(self.default))
        if self.type == "bool":
            return self.default.lower()
        if self.type == "MemoryFormat":
            return "MemoryFormat::contiguous"
        return self.default

    def cpp_value(self):
        if self.name in HIDDEN:
            return "live_default()"
        return f"optional({self.name})" if self.type == "Tensor?" else self.name


def wrapper(cpp_name, schema_text):
    arguments = [Argument(a) for a in split_arguments(schema_text) if a != "*"]
    visible = [a for a in arguments if a.name not in HIDDEN]
    # Without a tensor to follow, dtype and device must be said: the defaults would be fp32 on the CPU.
    makes = not any(a.type.startswith("Tensor") for a in arguments) and any(a.name == "device" for a in arguments)
    if makes:
        visible.sort(key=lambda a: a.type == "Generator?")
    parameters, optional_from = [], len(visible)
    for i in reversed(range(len(visible))):
        if visible[i].cpp_default() is None or makes and visible[i].type != "Generator?":
            break
        optional_from = i
    for i, a in enumerate(visible):
        cpp_type = "Device" if makes and a.name == "device" else ARGUMENT_TYPES[a.type]
        default = f" = {a.cpp_default()}" if i >= optional_from else ""
        parameters.append(f"{cpp_type} {a.name}{default}")
    results = schema_text.rsplit(" -> ", 1)[1]
    many = [base_type(r).split(" ")[0] for r in results.strip("()").split(", ")] if results.startswith("(Tensor") else []
    result = f"std::array<Tensor, {len(many)}>" if len(many) > 1 else RESULT_TYPES[base_type(results).split(" ")[0]]
    values = ", ".join(a.cpp_value() for a in arguments)
    return (f"inline {result} {cpp_name}({', '.join(parameters)}) {{\n"
            f"  static const Op op(VH_SCHEMA_{cpp_name.upper()});\n"
            f"  return op.call<{result}>({values});\n}}\n")


def wrap(code):
    """Breaks signatures at 120 columns the way clang-format does."""
    out = []
    for line in code.splitlines():
        while len(line) > 120:
            indent = " " * (line.index("(") + 1) if line.startswith("inline") else re.match(" *", line).group()
            cut = line.rfind(", ", 0, 120) + 1
            out.append(line[:cut])
            line = indent + line[cut + 1:]
            if len(line) > 120 and line.count(", ") == 0:
                break
        out.append(line)
    return "\n".join(out)


def generate():
    live = live_schemas()
    schemas, wrappers = [], []
    for cpp_name, overload in read_list():
        if overload not in live:
            sys.exit(f"{LIST}: {cpp_name}: this PyTorch has no {overload}")
        text = str(live[overload])
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        schemas.append(f'#define VH_SCHEMA_{cpp_name.upper()} \\\n  "{escaped}"')
        wrappers.append(wrap(wrapper(cpp_name, text)))
    header = ("/* Generated by sdk/tools/gen_ops.py from sdk/ops.list; don't edit. The schema texts to give to vh.ops/1 find(). */\n"
              "#ifndef VHOST_OP_SCHEMAS_H\n#define VHOST_OP_SCHEMAS_H\n"
              "/* clang-format off */\n" + "\n".join(schemas) + "\n/* clang-format on */\n#endif\n")
    body = ("// Generated by sdk/tools/gen_ops.py from sdk/ops.list; don't edit. PyTorch's operators with typed arguments and\n"
            "// the schema's defaults, keyword arguments last and in order. Functions that make a tensor out of nothing want dtype\n"
            "// and device said. [step] [backward] Errors are vh::Error with operator, argument and wanted type.\n"
            "#pragma once\n#include \"../op_schemas.h\"\n#include \"op.hpp\"\n\n"
            "// clang-format off\nnamespace vh::ops {\n\n" + "\n\n".join(wrappers) + "\n\n}  // namespace vh::ops\n"
            "// clang-format on\n\n#include \"tensor.hpp\"  // methods and + - * / of Tensor\n")
    return {SCHEMAS: header, WRAPPERS: body}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = False
    for path, text in generate().items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            continue
        have = path.read_text() if path.exists() else ""
        for line in difflib.unified_diff(have.splitlines(), text.splitlines(), str(path), "regenerated", n=0, lineterm=""):
            stale = True
            print(line)
    if stale:
        sys.exit("stale: run sdk/tools/gen_ops.py")


if __name__ == "__main__":
    main()
