#!/usr/bin/env python3
"""Breaks a copy of the SDK in each way that has broken plugins elsewhere: the gates named in the row must turn red, with that
message, and the others stay green. Growth as docs/abi.md says leaves all three green."""
import contextlib
import io
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import baseline
import witness
from derive import need_tools

HERE = pathlib.Path(__file__).resolve().parent
SDK = HERE.parents[1] / "sdk"


def edit(path, old, new):
    def change(sdk):
        text = (sdk / path).read_text()
        assert text.count(old) == 1, f"{path} has '{old}' {text.count(old)} times: mend the row"
        (sdk / path).write_text(text.replace(old, new))
    return change


def both(*changes):
    return lambda sdk: [change(sdk) for change in changes]


def delete(path):
    return lambda sdk: (sdk / path).unlink()


LOSS, LOG, MAP, STEP = (f"include/vhost/{name}.h" for name in ("loss", "log", "map", "part"))


def line(path, declaration):
    """The line of a header with this declaration, whatever its comment says."""
    found = [text for text in (SDK / path).read_text().splitlines(True) if text.startswith("  " + declaration)]
    assert len(found) == 1, f"{path} has {declaration!r} {len(found)} times: mend the row"
    return found[0]


LOSS_RUN = line(LOSS, "/* [step] Reads step->in")
MAP_COUNT = line(MAP, "uint32_t (*count)(const vh_map*);")
LOG_WRITE = line(LOG, "void (*write)(int32_t level, const char* part, const char* text);")
LOG_END = line(LOG, "int32_t (*cancelled)(void);")
SWAPPED = "".join(line("include/vhost/tensor.h", f"int32_t (*{name})(const vh_tensor*);") for name in ("requires_grad", "is_contiguous"))
LOG_FENCE = LOG_END + "  /* -- minor 1 -- */\n"
OP_ABS = "abs                     aten::abs\n"
NEW_SLOT = "  void (*flush)(void); /* [any] */\n"
GUARDED = f"#if VH_TARGET_MINOR >= 2\n{NEW_SLOT}#endif\n"
NEXT_MINOR = edit("include/vhost/abi.h", "#define VH_ABI_MINOR 1u", "#define VH_ABI_MINOR 2u")

# name, change, gate -> what it must say; a gate that isn't named must stay green
BREAKS = [
    ("a slot inserted in the middle of a table", edit(LOSS, LOSS_RUN, "  void (*extra)(void);\n" + LOSS_RUN),
     {"baseline": r"table vh_loss_1: slot 'extra' is new at offset 32, in the middle", "offsets": r"offsetof\(vh_loss_1, run\) isn't 32",
      "witness": r"vh_loss_1.*void \(\*extra\)|extra.*at offset 256"}),
    ("two slots of one signature swapped", edit("include/vhost/tensor.h", SWAPPED, "".join(reversed(SWAPPED.splitlines(True)))),
     {"baseline": r"table vh_tensor_1: slot 'requires_grad' was at offset 72, is at 80",
      "offsets": r"offsetof\(vh_tensor_1, requires_grad\) isn't 72", "witness": r"requires_grad"}),
    ("a parameter widened", edit(LOG, "(*write)(int32_t level", "(*write)(int64_t level"),
     {"baseline": r"table vh_log_1: slot 'write' was `void \(\*\)\(int32_t, .*is `void \(\*\)\(int64_t",
      "witness": r"parameter 1 of type .*int32_t.* changed"}),
    ("a field inserted into a struct", edit(STEP, "  double progress; ", "  int64_t inner_step;\n  double progress; "),
     {"baseline": r"struct vh_step: field 'inner_step' is new at offset 64, in the middle", "offsets": r"sizeof\(vh_step\) isn't",
      "witness": r"inner_step"}),
    ("a slot removed from the end", edit(LOG, LOG_END, ""),
     {"baseline": r"table vh_log_1: slot 'cancelled' is gone", "offsets": r"cancelled", "witness": r"vh_log_1.*cancelled|cancelled.*vh_log_1|data member deletion"}),
    ("a slot appended without a new minor", edit(LOG, LOG_FENCE, LOG_FENCE + NEW_SLOT),
     {"baseline": r"table vh_log_1: slot 'flush' is new at the end, but older plugins see it too; raise VH_ABI_MINOR",
      "offsets": r"sizeof\(vh_log_1\) isn't 40", "witness": r"flush"}),
    ("a slot appended with a new minor, but not guarded", both(NEXT_MINOR, edit(LOG, LOG_FENCE, LOG_FENCE + NEW_SLOT)),
     {"baseline": r"slot 'flush' is new at the end, but older plugins see it too", "offsets": r"sizeof\(vh_log_1\) isn't 40",
      "witness": r"flush"}),
    ("a slot in front of the fence", both(NEXT_MINOR, edit(LOG, LOG_FENCE, LOG_END + GUARDED + "  /* -- minor 1 -- */\n")),
     {"baseline": r"log.h: vh_log_1's fence of minor 1 stands behind 'flush', the baseline has 'cancelled'"}),
    ("a fence of a minor that isn't recorded", both(NEXT_MINOR, edit(LOG, LOG_FENCE, LOG_FENCE + GUARDED + "  /* -- minor 2 -- */\n")),
     {"baseline": r"log.h: vh_log_1 has a fence of minor 2, the baseline ends at 1: record it"}),
    ("a struct that never grows has grown", both(NEXT_MINOR, edit("include/vhost/ops.h", "} vh_value;\n",
                                                                   "  uint64_t more;\n} vh_value;\n")),
     {"baseline": r"struct vh_value: field 'more' is new, and this struct may never grow", "offsets": r"sizeof\(vh_value\) isn't 16",
      "witness": r"more"}),
    ("a constant changed", edit("include/vhost/abi.h", "#define VH_ERR_DATA 5", "#define VH_ERR_DATA 10"),
     {"baseline": r"constant VH_ERR_DATA was 5, is 10", "offsets": r"VH_ERR_DATA isn't 5"}),
    ("a constant gone", edit("include/vhost/part.h", "#define VH_STEP_TEACHER 8u\n", ""),
     {"baseline": r"constant VH_STEP_TEACHER is gone; it was 8u", "offsets": r"VH_STEP_TEACHER"}),
    ("an id changed", edit(LOSS, '#define VH_LOSS_1 "vh.loss/1"', '#define VH_LOSS_1 "vh.loss/one"'),
     {"baseline": r"id VH_LOSS_1 was vh.loss/1, is vh.loss/one"}),
    ("an operator gone from ops.list", edit("ops.list", OP_ABS, ""), {"baseline": r"operator abs is gone; it was aten::abs\("}),
    ("an operator renamed", edit("ops.list", OP_ABS, "absolute                aten::abs\n"),
     {"baseline": r"operator abs is gone"}),
    ("an operator's schema changed", edit("include/vhost/op_schemas.h", '"aten::abs(Tensor self) -> Tensor"', '"aten::abs(Tensor input) -> Tensor"'),
     {"baseline": r"operator abs was aten::abs\(Tensor self\) -> Tensor, is aten::abs\(Tensor input\)"}),
    ("the note's name changed", edit("include/vhost/plugin.h", "{'v', 'h', 'o', 's', 't', 0, 0, 0}", "{'V', 'h', 'o', 's', 't', 0, 0, 0}"),
     {"baseline": r"entry: note_head was "}),
    ("the oldest minor raised", both(NEXT_MINOR, edit("include/vhost/abi.h", "#define VH_ABI_MINOR_OLDEST 1u", "#define VH_ABI_MINOR_OLDEST 2u")),
     {"baseline": r"ABI 0.2 and serve plugins from minor 2 on, the baseline is 0.1 from 1 on: record it in the commit that breaks",
      "offsets": r"VH_TARGET_MINOR is below VH_ABI_MINOR_OLDEST", "witness": r"VH_TARGET_MINOR is below VH_ABI_MINOR_OLDEST"}),
    ("another major", edit("include/vhost/abi.h", "#define VH_ABI_MAJOR 0u", "#define VH_ABI_MAJOR 1u"),
     {"baseline": r"the headers are ABI 1.1 and .* the baseline is 0.1"}),
    ("a long in a signature", edit(MAP, MAP_COUNT, MAP_COUNT.replace("uint32_t", "unsigned long")),
     {"baseline": r"vh_map_1.count: 'unsigned long \(\*\)\(const vh_map \*\)' has 'unsigned'", "witness": r"unsigned long"}),
    ("a bool in a signature", both(edit(MAP, '#include "types.h"', '#include <stdbool.h>\n#include "types.h"'),
                                   edit(MAP, MAP_COUNT, MAP_COUNT.replace("uint32_t", "bool"))),
     {"baseline": r"vh_map_1.count: .* has '_?[Bb]ool', which differs", "witness": r"bool"}),
    ("variable arguments", edit(MAP, MAP_COUNT, MAP_COUNT.replace("const vh_map*", "const vh_map*, ...")),
     {"baseline": r"vh_map_1.count: variable arguments can't be checked", "witness": r"count"}),
    ("a bit-field", edit(STEP, "  double progress; ", "  uint64_t inner_step : 64;\n  double progress; "),
     {"baseline": r"vh_step.inner_step: a bit-field's place is the compiler's choice", "offsets": r"vh_step", "witness": r"inner_step"}),
    ("an enum", edit(MAP, "typedef struct vh_map_1", "typedef enum vh_order { VH_FIRST } vh_order;\ntypedef struct vh_map_1"),
     {"baseline": r"enum vh_order: an enum's size is the compiler's choice"}),
    ("a struct by value", edit(MAP, MAP_COUNT, MAP_COUNT.replace("const vh_map*", "const vh_map*, vh_error")),
     {"baseline": r"vh_map_1.count: vh_error crosses by value", "witness": r"vh_error"}),
    ("a function of the host's", edit(MAP, "typedef struct vh_map_1", "int32_t vh_map_size(const vh_map*);\ntypedef struct vh_map_1"),
     {"baseline": r"function vh_map_size: a plugin imports nothing"}),
    ("the baseline deleted", delete("abi/baseline.json"), {"baseline": r"baseline.json is missing", "witness": r"baseline.json is missing"}),
    ("the assertions deleted", delete("abi/offsets.c"), {"baseline": r"offsets.c is missing", "offsets": r"offsets.c"}),
    ("the dump deleted", delete("abi/witness.abi"), {"witness": r"witness.abi is missing"}),
]
GROWTH = [
    ("nothing changed", lambda sdk: None, r"are as recorded"),
    ("a slot appended behind the fence, guarded, with a new minor", both(NEXT_MINOR, edit(LOG, LOG_FENCE, LOG_FENCE + GUARDED)),
     r"new in minor 2, to be recorded when that is released: table vh_log_1: slot 'flush'"),
    ("a table, an id and a constant added with a new minor",
     both(NEXT_MINOR, edit(LOG, "typedef struct vh_log_1", "#if VH_TARGET_MINOR >= 2\n#define VH_LOG_2 \"vh.log/2\"\n#define VH_LOG_TRACE 4\n"
                           "typedef struct vh_log_2 {\n  uint32_t struct_size, reserved;\n  void (*write)(const char* text);\n} vh_log_2;\n"
                           "#endif\ntypedef struct vh_log_1")), r"table vh_log_2[^$]*constant VH_LOG_TRACE[^$]*id VH_LOG_2"),
    ("an operator added", both(edit("ops.list", OP_ABS, OP_ABS + "zzz                     aten::zzz\n"),
                               edit("include/vhost/op_schemas.h", "#define VH_SCHEMA_ABS \\", '#define VH_SCHEMA_ZZZ "aten::zzz(Tensor self) -> Tensor"\n#define VH_SCHEMA_ABS \\')),
     r"225 operators|are as recorded"),
]
RECORD = [  # name, change, exit code of `baseline.py record`, what it says
    ("nothing changed", lambda sdk: None, 0, r"recorded ABI 0.1"),
    ("a slot appended and guarded", both(NEXT_MINOR, edit(LOG, LOG_FENCE, LOG_FENCE + GUARDED)), 0, r"recorded ABI 0.2"),
    ("a slot appended without a new minor", edit(LOG, LOG_FENCE, LOG_FENCE + NEW_SLOT), 1, r"slot 'flush' is new[^$]*nothing was recorded"),
    ("a slot removed with a new minor", both(NEXT_MINOR, edit(LOG, LOG_END, "")), 1,
     r"slot 'cancelled' is gone[^$]*this breaks older plugins: undo it, or raise VH_ABI_MAJOR"),
    ("a slot removed with a new major", both(edit("include/vhost/abi.h", "#define VH_ABI_MAJOR 0u", "#define VH_ABI_MAJOR 1u"), edit(LOG, LOG_END, "")),
     0, r"recorded ABI 1.1"),
    ("a slot removed, and all older minors dropped",
     both(NEXT_MINOR, edit("include/vhost/abi.h", "#define VH_ABI_MINOR_OLDEST 1u", "#define VH_ABI_MINOR_OLDEST 2u"), edit(LOG, LOG_END, "")),
     0, r"recorded ABI 0.2"),
    ("a long in a signature with a new major",
     both(edit("include/vhost/abi.h", "#define VH_ABI_MAJOR 0u", "#define VH_ABI_MAJOR 1u"), edit(MAP, MAP_COUNT, MAP_COUNT.replace("uint32_t", "long"))),
     1, r"has 'long', which differs"),
]


def said_by(function):
    """Exit code and everything printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            code = function()
        except SystemExit as error:
            code = 1
            print(error)
    return code, out.getvalue()


def offsets(sdk):
    done = subprocess.run(["bash", HERE / "offsets.sh", sdk], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    return done.returncode


GATES = {"baseline": baseline.check, "offsets": offsets, "witness": lambda sdk: witness.check(sdk, baseline.load(sdk / "abi"))}


def copy(folder):
    sdk = pathlib.Path(folder) / "sdk"
    for part in ("include", "abi"):
        shutil.copytree(SDK / part, sdk / part)
    shutil.copy(SDK / "ops.list", sdk)
    return sdk


def broken(change, wanted):
    with tempfile.TemporaryDirectory() as folder:
        sdk = copy(folder)
        change(sdk)
        for gate, run in GATES.items():
            code, said = said_by(lambda: run(sdk))
            if gate not in wanted and code != 0:
                yield f"{gate} must stay green:\n{said}"
            elif gate in wanted and (code == 0 or not re.search(wanted[gate], said, re.S)):
                yield f"{gate} must be red with /{wanted[gate]}/; exit {code}:\n{said}"


def grown(change, wanted):
    with tempfile.TemporaryDirectory() as folder:
        sdk = copy(folder)
        change(sdk)
        results = {gate: said_by(lambda: run(sdk)) for gate, run in GATES.items()}
        yield from (f"{gate} must be green:\n{said}" for gate, (code, said) in results.items() if code != 0)
        if not re.search(wanted, results["baseline"][1], re.S):
            yield f"baseline must say /{wanted}/:\n{results['baseline'][1]}"


def recorded(change, wanted_code, wanted):
    """What record accepts is a baseline that all gates hold to, but for the fences, which a person sets."""
    with tempfile.TemporaryDirectory() as folder:
        sdk = copy(folder)
        change(sdk)
        before = (sdk / "abi/baseline.json").read_text()
        code, said = said_by(lambda: baseline.record(sdk))
        if code != wanted_code or not re.search(wanted, said, re.S):
            yield f"want exit {wanted_code} and /{wanted}/, got {code}:\n{said}"
        if code != 0 and before != (sdk / "abi/baseline.json").read_text():
            yield "a refused record has written"
        for gate, run in GATES.items():
            code, said = said_by(lambda: run(sdk)) if wanted_code == 0 else (0, "")
            others = [line for line in said.splitlines() if line.startswith("error") and "fence" not in line]
            if code != 0 and (gate != "baseline" or others):
                yield f"{gate} must hold after record:\n{said}"


def main():
    need_tools("clang", "gcc", "nm", "objcopy", "abidiff", "abidw")
    rows = [("broken", broken, row) for row in BREAKS] + [("grown", grown, row) for row in GROWTH] + [("recorded", recorded, row) for row in RECORD]
    wanted = sys.argv[1:]
    failed = 0
    for kind, test, (name, *row) in rows:
        if wanted and not any(word in name for word in wanted):
            continue
        problems = list(test(*row))
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {kind}: {name}", *problems, sep="\n     ", flush=True)
    print(f"{len(rows)} cases, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
