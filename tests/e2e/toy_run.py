"""Runs on the toy plugins, which are fast, and copies of them in other versions."""
import json
import pathlib
import shutil

from vhost_run import BUILD, temporary_folder

TOY = BUILD / "tests/plugins"


def experiment(**top):
    value = {
        "vhost": 1, "name": "toy", "task": "train", "seed": 3, "plugins": {"toy": "^0.1"}, "device": "cpu", "threads": 1,
        "data": {"train": {"use": "toy/stripes", "count": 16}, "batch": 8, "workers": 1},
        "model": {"backbone": {"use": "toy/conv"}, "heads": {"main": {"use": "toy/linear"}}},
        "losses": [{"use": "toy/xent"}],
        "optimizer": {"lr": 1e-3}, "schedule": {"steps": 4}, "log": {"every_steps": 1},
    }
    value.update(top)
    return value


class Installed:
    """A folder of plugins of its own, with toy in the versions given: copies that differ by their plugin.json."""

    def __init__(self, *versions):
        self.folder = pathlib.Path(temporary_folder())
        for version in versions:
            self.add(version)

    def add(self, version):
        source = next((TOY / "toy").iterdir())
        target = self.folder / "toy" / version
        shutil.copytree(source, target)
        self.edit(version, version=version)

    def edit(self, folder, **keys):
        path = self.folder / "toy" / folder / "plugin.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))

    def remove(self, version):
        shutil.rmtree(self.folder / "toy" / version)

    def run(self, run, *arguments, **options):
        return run.run("--plugin-path", str(self.folder), *arguments, **options)


def has(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in:\n{text}"


def refused(done, *parts):
    assert done.returncode == 1, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.stderr.startswith("error: "), done.stderr
    has(done.stderr, *parts)
