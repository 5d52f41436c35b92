#!/usr/bin/env python3
"""Each plugin of bad/ breaks one promise: it fails that check alone, and with its one-line fix nothing."""
import json
import pathlib
import shutil
import tempfile

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


CASES = {path.stem: pair(path.stem) for path in sorted((kit.SOURCE / "tests/conformance/bad").glob("*_*.cpp"))}
CASES["package_metadata"] = package("package.metadata", edit(licence=""))
CASES["package_metadata_empty"] = package("package.metadata", edit(description=""))
CASES["package_licence"] = package("package.licence", lambda folder: (folder / "LICENSE").unlink())

kit.main(CASES)
