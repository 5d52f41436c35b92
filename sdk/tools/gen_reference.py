#!/usr/bin/env python3
"""gen_reference.py [--check]: writes docs/sdk-reference.md from the comments of sdk/include/vhost/*.h: every interface, service, struct,
slot and constant. Refuses a slot without a comment, and a slot that is a function without saying which thread may call it.
--check compares with the file that is there instead."""
import pathlib
import re
import sys

SDK = pathlib.Path(__file__).resolve().parents[1]
OUT = SDK.parent / "docs/sdk-reference.md"
# In the order in which an author meets them; a header that is missing here is an error.
CHAPTERS = {
    "What everything is made of": ["abi.h", "types.h", "map.h", "spec.h", "part.h"],
    "Interfaces, which a plugin serves": ["plugin.h", "dataset.h", "mask.h", "backbone.h", "target.h", "head.h", "loss.h"],
    "Services, which the host serves": ["config.h", "tensor.h", "ops.h", "params.h", "autograd.h", "rng.h", "log.h", "parallel.h",
                                        "device.h"],
    "Written out in the headers": ["random.h", "helpers.h"],
}
NO_CHAPTER = {"vhost.h", "op_schemas.h"}  # the first includes all others, the second lists operators
SOURCE_ONLY = {"vh_services", "vh_calls", "vh_c_component", "vh_random"}  # never cross the boundary: their own comment will do
THREADS = re.compile(r"\[(setup|step|backward|worker|any)\]")
FENCE = re.compile(r"-- minor (\d+) --")
ITEM = re.compile(r"/\*.*?\*/|//[^\n]*|[^;{}/]+?;|\{|\}|\s+", re.S)


class Missing(SystemExit):
    pass


def text_of(comment):
    lines = [re.sub(r"^\s*\* ?", "", line) for line in comment[2:-2].strip().split("\n")]
    return re.sub(r"\s+", " ", " ".join(lines)).strip()


def tidy(code):
    return re.sub(r"\s+", " ", code).strip()


def members(body, header, struct):
    """(declaration, comment, minor) of each line of a struct. A comment stands before what it explains, or behind it on its line."""
    rows, before, minor, position, last_end = [], "", 1, 0, None
    while position < len(body):
        found = ITEM.match(body, position)
        if not found:
            raise Missing(f"{header}: {struct}: can't read {body[position:position + 60]!r}")
        token, position = found.group(), found.end()
        if token.isspace():
            if "\n" in token:
                last_end = None
        elif token.startswith("/*"):
            fence = FENCE.search(token)
            if fence:
                minor, last_end = int(fence.group(1)) + 1, None  # behind the fence of minor N comes what N + 1 brought
            elif last_end is not None:
                rows[-1][1] = "; ".join(filter(None, (rows[-1][1], text_of(token))))
            else:
                before = tidy(f"{before} {text_of(token)}")
        elif token in "{}":
            raise Missing(f"{header}: {struct}: nested braces: name the inner type")
        else:
            rows.append([tidy(token), before, minor])
            before, last_end = "", position
    return [tuple(row) for row in rows]


def first_comment(text):
    """The header's own comment, with its paragraphs and lists."""
    comment = re.search(r"/\*.*?\*/", text, re.S).group()[2:-2].strip()
    return ["```text", *(re.sub(r"^ \*(  ?)?", "", line).rstrip() for line in comment.split("\n")), "```"]


def structs_of(text, header):
    """name, the comment before it, its rows."""
    for match in re.finditer(r"((?:/\*(?:(?!\*/).)*\*/\s*)?)typedef struct (?:vh_\w+ )?\{(.*?)\n\} (vh_\w+);", text, re.S):
        body = re.sub(r"union \{[^}]*\}", "union", match.group(2))
        yield match.start(), match.group(3), text_of(match.group(1).strip()) if match.group(1) else "", members(body, header, match.group(3))


def constants_of(text):
    """name, value, comment; and the comments that stand before a group of them."""
    for match in re.finditer(r"^#define (VH_\w+) +(\S[^\n]*?)(?: */\*(.*?)\*/)?$", text, re.M | re.S):
        if "\\" not in match.group(2):
            yield match.start(), match.group(1), match.group(2).strip(), tidy(re.sub(r"\n \*", " ", match.group(3) or ""))


def opaque_of(text):
    for match in re.finditer(r"^typedef struct (vh_\w+) \1; */\*(.*?)\*/", text, re.M | re.S):
        yield match.group(1), text_of("/*" + match.group(2) + "*/")


def functions_of(text):
    """Inline functions: signature and comment."""
    for match in re.finditer(r"((?:/\*(?:(?!\*/).)*\*/\n)?)(?:VH_FORMAT\(\d, \d\)\n)?static inline ([^{;]*?\([^{;]*?\)) \{", text, re.S):
        yield match.start(), tidy(match.group(2)), text_of(match.group(1).strip()) if match.group(1) else ""


def is_slot(declaration):
    return "(*" in declaration


def check_row(header, struct, declaration, comment):
    names = re.findall(r"(\w+)(?=\[[^\]]*\])?(?=[,;\[])", declaration)
    if is_slot(declaration):
        if not THREADS.search(comment):
            return f"{header}: {struct}: {declaration} doesn't say which thread may call it: [setup], [step], [backward], [worker] or [any]"
    elif not comment and struct not in SOURCE_ONLY and not set(names) <= {"struct_size", "reserved", "v"}:
        return f"{header}: {struct}: {declaration} has no comment"
    return None


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def code(text):
    return f"`` {text.rstrip(';')} ``" if "`" in text else f"`{text.rstrip(';')}`".replace("|", "\\|")


def heading(name, ids):
    return f"### `{name}`" + (f', id `"{ids[name]}"`' if name in ids else "")


def chapter_part(header, text, faults):
    """The page's lines for one header."""
    lines = [f"## `vhost/{header}`", "", *first_comment(text), ""]
    constants = [c for c in constants_of(text) if not re.fullmatch(r'"vh\.\w+/\d+"', c[2])]
    ids = {value.strip('"').replace("vh.", "vh_").replace("/", "_"): value.strip('"')
           for _, _, value, _ in constants_of(text) if re.fullmatch(r'"vh\.\w+/\d+"', value)}
    if constants:
        lines += ["| constant | value | |", "|---|---|---|"]
        lines += [f"| `{name}` | {code(value)} | {cell(comment)} |" for _, name, value, comment in constants] + [""]
    opaque = list(opaque_of(text))
    if opaque:
        lines += ["| opaque type | |", "|---|---|"] + [f"| `{name}` | {cell(comment)} |" for name, comment in opaque] + [""]
    for _, name, comment, rows in structs_of(text, header):
        lines += [heading(name, ids), ""] + ([cell(comment), ""] if comment else []) + ["| slot or field | | since |", "|---|---|---|"]
        for declaration, said, minor in rows:
            fault = check_row(header, name, declaration, said)
            faults += [fault] if fault else []
            lines.append(f"| {code(declaration)} | {cell(said)} | 0.{minor} |")
        lines.append("")
    functions = list(functions_of(text))
    if functions:
        lines += ["| function | |", "|---|---|"]
        lines += [f"| {code(signature)} | {cell(comment)} |" for _, signature, comment in functions] + [""]
    return lines


def reference():
    headers = {path.name: path.read_text() for path in (SDK / "include/vhost").glob("*.h")}
    listed = [name for names in CHAPTERS.values() for name in names]
    if set(listed) | NO_CHAPTER != set(headers):
        raise Missing(f"gen_reference.py: CHAPTERS and sdk/include/vhost differ: {sorted(set(headers) ^ (set(listed) | NO_CHAPTER))}")
    lines = ["# The SDK's C headers, slot by slot", "",
             "Generated by `sdk/tools/gen_reference.py` from the comments in `sdk/include/vhost/*.h`; change those. The C++ layer `vhost/cpp/` wraps",
             "all of it; [plugin-in-ten-minutes.md](plugin-in-ten-minutes.md) begins there. Operators: `sdk/ops.list`. What may ever change: [abi.md](abi.md).", ""]
    faults = []
    for chapter, names in CHAPTERS.items():
        lines += [f"# {chapter}", ""]
        for name in names:
            lines += chapter_part(name, headers[name], faults)
    if faults:
        raise Missing("\n".join(faults))
    return "\n".join(lines).rstrip("\n") + "\n"


def main():
    text = reference()
    if sys.argv[1:] == ["--check"]:
        if not OUT.exists() or OUT.read_text() != text:
            raise SystemExit(f"{OUT} isn't what the headers say: run sdk/tools/gen_reference.py")
        print(f"{OUT.name}: {text.count('| 0.')} slots and fields, as the headers say")
    elif sys.argv[1:]:
        raise SystemExit("usage: gen_reference.py [--check]")
    else:
        OUT.write_text(text)


main()
