"""Counts the checks in CTest's JUnit files and prints "N passed, N failed, N skipped" last.

A Boost.Test suite or a Python unittest counts with each of its cases, any other test as one check, unless it prints such a line of
counts itself.
A case that Boost.Test skips, or that prints a line starting with "skip", counts as skipped. What CTest calls a failure is
never lost: a program that fails without naming a failed case (a crash, a timeout) adds one.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

CASE_EVENT = re.compile(
    r'(?P<what>Entering|Leaving) test case "(?P<name>[^"]*)"'
    r'|Test case "(?P<skipped>[^"]*)" is skipped because (?P<why>.*)'
    r'|(?P<error>(?:fatal )?error: in ")'
    r'|^\s*(?P<said>skip(?:ped|ping)?\b.*)',
    re.MULTILINE | re.IGNORECASE)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?", re.MULTILINE)
COUNTS = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$', re.MULTILINE)


def boost_cases(output):
    """[(case name, status, reason)] of a Boost.Test log at level test_suite."""
    cases, name, status, reason = [], None, "passed", ""
    for event in CASE_EVENT.finditer(output):
        if event["what"] == "Entering":
            name, status, reason = event["name"], "passed", ""
        elif event["what"]:
            cases.append((event["name"], status, reason))
            name = None
        elif event["skipped"]:
            cases.append((event["skipped"].split("/")[-1], "skipped", event["why"]))
        elif name and event["error"]:
            status = "failed"
        elif name and event["said"] and status == "passed":
            status, reason = "skipped", event["said"]
    if name:  # entered, never left: the program died there
        cases.append((name, "failed", ""))
    return cases


def own_counts(output):
    """The counts that a script gives of its own checks; None if it gives none."""
    if stated := COUNTS.findall(output):
        return Counter(dict(zip(("passed", "failed", "skipped"), map(int, stated[-1]))))
    if not (ran := UNITTEST.findall(output)):
        return None
    number = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", ran[-1][1])}
    failed, skipped = number.get("failures", 0) + number.get("errors", 0), number.get("skipped", 0)
    return Counter(passed=int(ran[-1][0]) - failed - skipped, failed=failed, skipped=skipped)


def count_test(case):
    """(Counter, [lines about what failed or was skipped]) of one <testcase>."""
    name, output = case.get("name"), case.findtext("system-out") or ""
    failed = case.find("failure") is not None or case.get("status") == "fail"
    skipped = case.find("skipped") is not None or case.get("status") in ("notrun", "disabled")
    if skipped:
        reason = next((line.strip() for line in output.splitlines() if "skip" in line.lower()), "")
        return Counter(skipped=1), [f"skipped  {name}: {reason}".rstrip(": ")]
    cases = boost_cases(output)
    counts, lines = Counter(status for _, status, _ in cases), []
    for case_name, status, reason in cases:
        if status != "passed":
            lines.append(f"{status:8} {name}/{case_name}: {reason}".rstrip(": "))
    own = own_counts(output)
    if not cases and own:
        counts = own
        if counts["failed"] or counts["skipped"]:
            lines.append(f"{'failed' if counts['failed'] else 'skipped':8} {name}: {counts['failed']} failed, "
                         f"{counts['skipped']} skipped of its own checks")
    if failed and not counts["failed"]:
        counts["failed"] += 1
        lines.append(f"failed   {name}")
    elif not failed and not sum(counts.values()):
        counts["passed"] += 1
    return counts, lines


def main(paths):
    total, lines = Counter(), []
    for label, path in (argument.split("=", 1) for argument in paths):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            counts, about = count_test(case)
            total += counts
            lines += [f"{line} [{label}]" for line in about]
    print("\n".join(sorted(lines, key=lambda line: not line.startswith("skipped"))))
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
