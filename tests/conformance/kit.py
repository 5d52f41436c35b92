"""Runs `vhost plugin check` and reads its report."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("VHOST_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("VHOST_BUILD_DIR", SOURCE / "build/release"))
VHOST = BUILD / "bin/vhost"

if not VHOST.exists():
    print(f"skipped: {VHOST} isn't built")
    sys.exit(77)


def check(plugin, *options):
    """(exit code, report, what it printed)"""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = [VHOST, "plugin", "check", str(plugin), "--report", report, *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if not report.exists():
            raise AssertionError(f"no report: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.returncode, json.loads(report.read_text()), done.stdout + done.stderr


def all_ids():
    """Of the sources of the kit."""
    names = set()
    for path in (SOURCE / "host/check").glob("*_checks.cpp"):
        names |= set(re.findall(r'\{"([a-z]+\.[a-z_]+)",', path.read_text()))
    header = (SOURCE / "host/check/checks.h").read_text()
    return sorted(names | set(re.findall(r'= "([a-z]+\.[a-z_]+)"', header)))


def failed(report):
    return {one["id"]: one["reason"] for one in report["checks"] if one["status"] == "fail"}


def expect(report, code, ids):
    """The ids that failed are exactly these, and the exit code says so."""
    found = failed(report)
    if set(found) != set(ids):
        raise AssertionError(f"failed: {found or 'nothing'}; wanted: {sorted(ids) or 'nothing'}")
    if code != (1 if ids else 0):
        raise AssertionError(f"exit code {code}")
    for one in report["checks"]:
        if one["status"] != "pass" and not one.get("reason"):
            raise AssertionError(f"{one['id']} is {one['status']} without a reason")


def main(cases):
    """Runs the named cases (all without arguments); prints one line each; exit code 1 if any failed."""
    names = sys.argv[1:] or list(cases)
    wrong = 0
    for name in names:
        try:
            print(f"ok    {name}: {cases[name]() or ''}", flush=True)
        except AssertionError as error:
            wrong += 1
            print(f"FAIL  {name}: {error}", flush=True)
    print(f"{len(names) - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)
