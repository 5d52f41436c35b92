#!/usr/bin/env python3
"""Each plugin of bad/ breaks one promise: it fails that check alone, and with its one-line fix nothing."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import kit

BAD = kit.BUILD / "tests/conformance"


def pair(name):
    """bad/GROUP_CHECK.cpp, built wrong and fixed."""
    def case():
        id = name.replace("_", ".", 1)
        code, report, _ = kit.check(BAD / name / "wrong")
        kit.expect(report, code, {id})
        reason = kit.failed(report)[id]
        code, report, _ = kit.check(BAD / name / "fixed")
        kit.expect(report, code, set())
        return reason
    return case


def package(id, spoil):
    """A sound package that spoil(folder) makes wrong."""
    def case():
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary) / "subject"
            shutil.copytree(BAD / "load_unknown_ids/fixed", folder)
            code, report, _ = kit.check(folder)
            kit.expect(report, code, set())
            spoil(folder)
            code, report, _ = kit.check(folder)
            kit.expect(report, code, {id})
            return kit.failed(report)[id]
    return case


def edit(**members):
    def spoil(folder):
        path = folder / "plugin.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **members}))
    return spoil


def with_library_of(name):
    """Another library in the package, and its checksum."""
    def spoil(folder):
        shutil.copy(BAD / name / "wrong/libsubject.so", folder / "libsubject.so")
        edit(sha256=hashlib.sha256((folder / "libsubject.so").read_bytes()).hexdigest())(folder)
    return spoil


def with_keymap(folder):
    """A map for a backbone of another plugin."""
    (folder / "keymaps").mkdir()
    shutil.copy(kit.SOURCE / "plugins/mvit/keymaps/torchvision-mvit.json", folder / "keymaps")


def babbles():
    """Whatever a plugin prints and says, the report is JSON, and a line a line."""
    code, report, text = kit.check(BAD / "wild/babbles", "--only", "contract.spec")
    kit.expect(report, code, {"contract.spec"})
    [one] = report["checks"]
    if one["reason"] != "run fails in train mode: one two?three" or not one["output"].endswith("the end?\n"):
        raise AssertionError(one)
    if len(one["output"]) > 5000 or len(text.splitlines()) != 3:
        raise AssertionError(f"{len(one['output'])} characters, {text}")


SOME = ("--only", "package,load,params,contract.spec,numerics.mode,state")


def wild(name, reason, *options):
    """Its steps turn against the process: the kit says so, finishes, and the other checks hold."""
    def case():
        code, report, _ = kit.check(BAD / "wild" / name, *SOME, *options)
        found = kit.failed(report)
        if code != 1 or set(found) != {"contract.spec", "numerics.mode", "state.restored"}:
            raise AssertionError(f"exit code {code}, failed: {found}")
        if not all(re.fullmatch(reason, text) for text in found.values()):
            raise AssertionError(f"reasons: {found}")
        if any(one["status"] == "skip" for one in report["checks"]):
            raise AssertionError("checks were skipped")
        return found["contract.spec"]
    return case


def leaves():
    """A process that a step starts doesn't hold the kit up, and is ended with the check."""
    code, report, _ = kit.check(BAD / "wild/leaves", *SOME)
    kit.expect(report, code, set())
    running = [path for path in pathlib.Path("/proc").glob("[0-9]*/comm") if read(path) == "vhost-left-over"]
    if running:
        raise AssertionError(f"still running: {running}")


def wrong_usage():
    """One line that names what is wrong and what would do."""
    good = str(BAD / "load_unknown_ids/fixed")
    for arguments, text in [
        (["./nowhere"], "./nowhere: there is no plugin.json in it"),
        (["no_such_plugin"], 'plugin "no_such_plugin" isn\'t installed'),
        ([good, "--only", "numerics.gradchek"], 'there is no check "numerics.gradchek" (did you mean "numerics.gradcheck"?)'),
        ([good, "--component", "subjekt"], 'has no component "subjekt" (did you mean "subject"?)'),
        ([good, "--set", "subject=1"], "--set subject=1: COMPONENT.KEY=VALUE is wanted"),
        ([good, "--set", "subject.width=1000"], "--set subject.width: must be at most 64, not 1000"),
        ([good, "--set", "subject.widht=1"], '--set subject.widht: unknown key "widht" (did you mean "width"?)'),
        ([good, "--report", "/nowhere/report.json"], "--report /nowhere/report.json: /nowhere is no folder"),
    ]:
        done = subprocess.run([kit.VHOST, "plugin", "check", *arguments], capture_output=True, text=True, timeout=60)
        if done.returncode == 0 or text not in done.stderr or done.stderr.count("\n") != 1:
            raise AssertionError(f"{arguments}: exit {done.returncode}, {done.stderr!r}; wanted: {text}")


def stopped():
    """Ctrl-C ends the checks that run, and leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder:
        command = [kit.VHOST, "plugin", "check", BAD / "wild/loops", "--only", "contract.spec", "--timeout", "600"]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": folder})
        children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children")
        while run.poll() is None and not looping(children):
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)
        if run.returncode != 130 or errors != "error: stopped\n" or os.listdir(folder):
            raise AssertionError(f"exit {run.returncode}, {errors!r}, left: {os.listdir(folder)}")


def looping(children):
    return any(read(pathlib.Path(f"/proc/{pid}/comm")) == "vhost-looping" for pid in read(children).split())


def read(path):
    try:
        return path.read_text().strip()
    except OSError:  # it has ended
        return ""


CASES = {path.stem: pair(path.stem) for path in sorted((kit.SOURCE / "tests/conformance/bad").glob("*_*.cpp"))}
del CASES["package_exports"]
CASES["package_exports"] = package("package.exports", with_library_of("package_exports"))
CASES["package_checksum"] = package("package.checksum", edit(sha256="0" * 64))
CASES["package_metadata"] = package("package.metadata", edit(licence=""))
CASES["package_metadata_empty"] = package("package.metadata", edit(description=""))
CASES["package_metadata_check"] = package("package.metadata", edit(check={"subjekt": {}}))
CASES["package_keymaps"] = package("package.keymaps", with_keymap)
CASES["package_licence"] = package("package.licence", lambda folder: (folder / "LICENSE").unlink())

CASES["exits"] = wild("exits", "ended the process with exit status 0")
CASES["aborts"] = wild("aborts", r"ended the process with signal 6 \(Aborted\)")
CASES["loops"] = wild("loops", "gave no result within 8 s", "--timeout", "8")
CASES["closes"] = wild("closes", "ended the process with exit status 0")
CASES["leaves"] = leaves
CASES["babbles"] = babbles
CASES["scribbles"] = wild("scribbles", r"ended the process with signal .*|gave no result within 20 s", "--timeout", "20")


def every_check_has_its_plugin():
    proved = {name.replace("_", ".", 1) for name in CASES}
    missing = set(kit.all_ids()) - proved
    if missing:
        raise AssertionError(f"no wrong plugin for: {sorted(missing)}")
    return f"{len(kit.all_ids())} checks"


def every_check_is_documented():
    text = (kit.SOURCE / "docs/conformance.md").read_text()
    found = re.findall(r"^\| `([a-z_.]+)` \|", text, re.M)
    if sorted(found) != kit.all_ids():
        raise AssertionError(f"docs/conformance.md differs in {sorted(set(found) ^ set(kit.all_ids()))}")


CASES["wrong_usage"] = wrong_usage
CASES["stopped"] = stopped
CASES["every_check_is_documented"] = every_check_is_documented
CASES["every_check_has_its_plugin"] = every_check_has_its_plugin

kit.main(CASES)
