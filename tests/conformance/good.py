#!/usr/bin/env python3
"""The shipped plugins and the SDK's examples pass every check that applies to them."""
import pathlib
import subprocess
import tempfile

import kit


def passes(plugin, skipped, *options):
    def case():
        code, report, text = kit.check(plugin, *options)
        kit.expect(report, code, set())
        found = {one["id"] for one in report["checks"] if one["status"] == "skip"}
        if found != skipped:
            raise AssertionError(f"skipped: {sorted(found)}\n{text}")
        return f"{report['passed']} passed, {report['skipped']} skipped"
    return case


def kinetics():
    with tempfile.TemporaryDirectory() as folder:
        clips = pathlib.Path(folder) / "clips"
        subprocess.run([kit.BUILD / "bin/kinetics-motion-clips", "--out", clips, "--train", "8", "--eval", "1", "--size", "32",
                        "--frames", "16"], check=True, stdout=subprocess.DEVNULL)
        settings = {"list": clips / "train.txt", "size": 32, "frames": 4, "stride": 2}
        return passes("kinetics", set(), *[word for key, value in settings.items() for word in ("--set", f"clips.{key}={value}")])()


def imagenet():
    with tempfile.TemporaryDirectory() as folder:
        images = pathlib.Path(folder) / "images"
        subprocess.run([kit.BUILD / "bin/imagenet-shape-images", "--out", images, "--train", "16", "--val", "0"], check=True,
                       stdout=subprocess.DEVNULL)
        settings = {"folder.root": images / "train", "list.list": images / "train.txt", "folder.size": 32, "list.size": 32}
        return passes("imagenet", set(), *[word for key, value in settings.items() for word in ("--set", f"{key}={value}")])()


EXAMPLES = kit.BUILD / "tests/plugins"
kit.main({
    "videomae": passes("videomae", set()),
    "classify": passes("classify", set()),
    "kinetics": kinetics,
    "imagenet": imagenet,
    "toy": passes(EXAMPLES / "toy/0.1.0", {"dataset.corrupt", "dataset.file"}),
    "toyc": passes(EXAMPLES / "toyc/0.1.0", {"dataset.corrupt", "dataset.file"}),
})
