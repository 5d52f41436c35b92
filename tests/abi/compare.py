"""What of a baseline no longer holds: one line per break, naming table and slot."""
from derive import FROZEN


def kind(struct):
    """"table vh_loss_1", "slot" for tables; "struct vh_step", "field" for the rest."""
    return (f"table {struct}", "slot") if struct[-2:-1] == "_" and struct[-1].isdigit() else (f"struct {struct}", "field")


def compare_struct(struct, old, new, growth):
    table, slot = kind(struct)
    before, after = ({row["name"]: row for row in side["fields"]} for side in (old, new))
    breaks, moved = [], []
    for place, row in enumerate(new["fields"]):
        name = row["name"]
        if name in before:
            continue
        if struct in FROZEN:
            breaks.append(f"{table}: {slot} '{name}' is new, and this struct may never grow")
        elif place < len(old["fields"]):
            breaks.append(f"{table}: {slot} '{name}' is new at offset {row['offset']}, in the middle; put it at the end")
        elif not growth:
            breaks.append(f"{table}: {slot} '{name}' is new at the end, but older plugins see it too; raise VH_ABI_MINOR and "
                          "put it between `#if VH_TARGET_MINOR >= ` that minor and `#endif`")
    for name, row in before.items():
        now = after.get(name)
        if now is None:
            breaks.append(f"{table}: {slot} '{name}' is gone")
        elif now["type"] != row["type"]:
            breaks.append(f"{table}: {slot} '{name}' was `{row['type']}`, is `{now['type']}`")
        elif now["size"] != row["size"]:
            breaks.append(f"{table}: {slot} '{name}' had {row['size']} bytes, has {now['size']}")
        elif now["offset"] != row["offset"]:
            moved.append(f"{table}: {slot} '{name}' was at offset {row['offset']}, is at {now['offset']}")
    more = [f"{table}: {len(moved) - 2} more moved"] if len(moved) > 2 else []
    return breaks + moved[:2] + more


def compare_names(what, old, new, growth):
    """Named values: constants, ids, operators."""
    breaks = []
    for name, value in old.items():
        if name not in new:
            breaks.append(f"{what} {name} is gone; it was {value}")
        elif new[name] != value:
            breaks.append(f"{what} {name} was {value}, is {new[name]}")
    if not growth:
        breaks += [f"{what} {name} is new, but older plugins see it too; raise VH_ABI_MINOR and put it between "
                   "`#if VH_TARGET_MINOR >= ` that minor and `#endif`" for name in new if name not in old]
    return breaks


def compare(old, new, growth):
    """Breaks of `old` in `new`; with growth, what is new at the ends is none. Operators may be added at any time: the
    host takes any schema text, so a new one asks nothing of it."""
    breaks = []
    for struct, was in old["structs"].items():
        if struct in new["structs"]:
            breaks += compare_struct(struct, was, new["structs"][struct], growth)
        else:
            breaks.append(f"{kind(struct)[0]} is gone")
    if not growth:
        breaks += [f"{kind(struct)[0]} is new, but older plugins see it too; raise VH_ABI_MINOR and put it between "
                   "`#if VH_TARGET_MINOR >= ` that minor and `#endif`" for struct in new["structs"] if struct not in old["structs"]]
    breaks += compare_names("constant", old["constants"], new["constants"], growth)
    breaks += compare_names("id", old["ids"], new["ids"], growth)
    breaks += compare_names("operator", old["operators"], new["operators"], True)
    breaks += [f"entry: {key} was {value}, is {new['entry'][key]}" for key, value in old["entry"].items() if new["entry"][key] != value]
    return breaks


def additions(old, new):
    """What `new` has on top of `old`, one line each, operators left out."""
    found = [kind(struct)[0] for struct in new["structs"] if struct not in old["structs"]]
    for struct, was in old["structs"].items():
        known = {row["name"] for row in was["fields"]}
        table, slot = kind(struct)
        found += [f"{table}: {slot} '{row['name']}'" for row in new["structs"][struct]["fields"] if row["name"] not in known]
    for what in ("constants", "ids"):
        found += [f"{what[:-1]} {name}" for name in new[what] if name not in old[what]]
    return found
