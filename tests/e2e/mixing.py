"""Parts that fit train together, and those that don't are refused, as `vhost plugin matrix` says.

Every combination that fits with the parts' defaults trains three steps with the small parameters of their plugin.json
("check"); every one that doesn't is refused by a dry run, with the reason that the matrix states.
"""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

from vhost_run import BUILD, SOURCE, VHOST, main, temporary_folder

TOY = BUILD / "tests/plugins"
SMALL = {"image": {"frames": 1, "size": 64}, "clip": {"frames": 4, "size": 64}}
FULL = {"image": {"frames": 1, "size": 224}, "clip": {"frames": 16, "size": 224}}
GROUP = 16  # runs whose checkpoints lie on the disk together
LARGEST = 4_000_000  # bytes of a model's weights with the small parameters
PARTS = ("backbone", "mask", "mode", "target", "head", "loss")
# What completes a manifest that is refused before these parts are looked at.
ANY = {"train": {"head": {"use": "classify/linear"}, "loss": {"use": "classify/cross_entropy"}},
       "pretrain": {"target": {"use": "videomae/pixels"}, "head": {"use": "videomae/decoder"}, "loss": {"use": "videomae/mse"}}}
ENVIRONMENT = {**os.environ, "XDG_DATA_HOME": "/nowhere", "VHOST_PLUGIN_PATH": "", "VHOST_CACHE_DIR": str(BUILD / "tests/cache")}


@functools.lru_cache
def matrix():
    done = subprocess.run([VHOST, "plugin", "matrix", "--json"], capture_output=True, text=True, env=ENVIRONMENT, timeout=600)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr}"
    return json.loads(done.stdout)["combinations"]


def small_parameters():
    """use -> the parameters that its plugin gives for checks."""
    given = {}
    for path in (BUILD / "plugins").glob("*/*/plugin.json"):
        plugin = json.loads(path.read_text())
        for component, entry in plugin.get("check", {}).items():
            given[f"{plugin['name']}/{component}"] = entry.get("parameters", {})
    return given


def title(one):
    return " + ".join(str(one[key]) for key in ("input", *PARTS) if key in one)


def experiment(one, sizes):
    """The combination's manifest with a dataset, and with any parts where it has none."""
    value = json.loads(json.dumps(one["manifest"]))
    pretrain = "mask" in value
    value["task"] = "pretrain" if pretrain else "train"
    rest = ANY[value["task"]]
    if pretrain:
        value.setdefault("target", rest["target"])
    value["model"].setdefault("heads", {"main": rest["head"]})
    value.setdefault("losses", [rest["loss"]])
    parts = [value["model"]["backbone"], value["model"]["heads"]["main"], value["losses"][0], value.get("mask"), value.get("target")]
    value["plugins"] = {"toy": "*", **{part["use"].split("/")[0]: "*" for part in parts if part}}
    value.update({
        "name": "mixing", "seed": 1, "threads": 1, "device": "cpu", "optimizer": {"lr": 1e-3}, "schedule": {"steps": 3},
        "data": {"train": {"use": "toy/stripes", "count": 4, **sizes[one["input"]]}, "batch": 2, "workers": 0},
        "log": {"every_steps": 1}, "checkpoint": {"every_epochs": 0}})
    return value


def shrink(value, small):
    for part in (value["model"]["backbone"], value["model"]["heads"]["main"], value["losses"][0], value.get("mask"), value.get("target")):
        if part:
            part.update(small.get(part["use"], {}))
    return value


def run_all(experiments, *arguments):
    """[(value, folder)] -> exit codes; what each printed is folder/output."""
    lines = []
    for value, folder in experiments:
        folder.mkdir(parents=True)
        (folder / "exp.json").write_text(json.dumps(value))
        lines.append("\t".join([str(folder / "output"), "--manifest", str(folder / "exp.json"), "--work-dir", str(folder / "run"),
                                "--plugin-path", str(TOY), *arguments]))
    done = subprocess.run([BUILD / "tests/run_many", "2"], input="\n".join(lines) + "\n", capture_output=True, text=True,
                          env={**ENVIRONMENT, "OMP_NUM_THREADS": "1"}, timeout=1200)
    assert done.returncode == 0, done.stderr
    codes = {path: int(code) for code, path in (line.split(" ", 1) for line in done.stdout.splitlines())}
    return [codes[str(folder / "output")] for _, folder in experiments]


def tensors(path):
    """name -> bytes, of a safetensors file."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {name: data[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]]
            for name, entry in header.items() if name != "__metadata__"}


def complain(faults, count, what):
    assert not faults, f"{len(faults)} of {count} {what}:\n" + "\n".join(faults[:20])
    print(f"      {count} {what}: none")


def what_trained(folder):
    """What is wrong with a run of three steps; "" = nothing."""
    losses = [line["loss"] for line in map(json.loads, (folder / "run/metrics.jsonl").read_text().splitlines()) if line["kind"] == "step"]
    if len(losses) != 3 or not all(abs(loss) < 1e6 for loss in losses):  # nan compares false
        return f"losses {losses}"
    first = tensors(folder / "run/checkpoints/step-1/model.safetensors")
    if sum(map(len, first.values())) > LARGEST:
        return "its parts have no small parameters: give them in plugin.in.json, under \"check\""
    last = tensors(folder / "run/checkpoints/step-3/model.safetensors")
    for part in ("backbone.", "heads.main."):
        names = [name for name in first if name.startswith(part)]
        changed = sum(first[name] != last[name] for name in names)
        if changed < 0.8 * len(names):  # the rest: buffers, and what has no gradient at first
            return f"only {changed} of {len(names)} tensors of {part} have changed"
    return ""


def what_fits_trains():
    small = small_parameters()
    fitting = [one for one in matrix() if one["fits"] and "loss" in one]
    assert fitting
    faults = []
    for first in range(0, len(fitting), GROUP):
        group = fitting[first:first + GROUP]
        root = pathlib.Path(temporary_folder())
        experiments = []
        for i, one in enumerate(group):
            value = shrink(experiment(one, SMALL), small)
            value["checkpoint"] = {"every_epochs": 0, "every_steps": 1, "keep": 3}
            experiments.append((value, root / str(i)))
        for one, code, (_, folder) in zip(group, run_all(experiments), experiments):
            fault = what_trained(folder) if code == 0 else f"exit {code}: {(folder / 'output').read_text().strip()[-300:]}"
            if fault:
                faults.append(f"{title(one)}: {fault}")
        shutil.rmtree(root)
    complain(faults, len(fitting), "combinations that fit fail to train")


def what_does_not_fit_is_refused_with_the_stated_reason():
    root = pathlib.Path(temporary_folder())
    unfit = {}
    for one in matrix():
        if not one["fits"]:
            masking = () if "target" in one else (one.get("mask"), one.get("mode"))
            unfit.setdefault((one["input"], one["backbone"], one.get("target"), one.get("head"), one.get("loss"), one["reason"], *masking), one)
    assert unfit
    experiments = [(experiment(one, FULL), root / str(i)) for i, one in enumerate(unfit.values())]
    faults = []
    for one, code, (_, folder) in zip(unfit.values(), run_all(experiments, "--dry-run"), experiments):
        output = (folder / "output").read_text()
        if code != 1 or one["reason"] not in output or one["at"] not in output:
            faults.append(f"{title(one)}: exit {code}, wanted {one['at']}: {one['reason']}\n    got {output.strip()[-300:]}")
    complain(faults, len(unfit), "combinations that don't fit aren't refused so")


def printed(command):
    done = subprocess.run([VHOST, *command.split()[1:]], capture_output=True, text=True, env=ENVIRONMENT, timeout=600)
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stderr}"
    return done.stdout


def the_page_shows_what_the_command_prints():
    """VHOST_WRITE_PAGE=1 writes the page anew instead."""
    page = SOURCE / "docs/matrix.md"
    text = page.read_text()
    commands = re.findall(r"```\n\$ (vhost plugin matrix.*)\n", text)
    assert len(commands) == 2, commands
    for command in commands:
        block = re.compile(r"```\n\$ " + re.escape(command) + r"\n.*?```", re.DOTALL)
        text = block.sub(lambda _: f"```\n$ {command}\n{printed(command)}```", text)
    if os.environ.get("VHOST_WRITE_PAGE"):
        page.write_text(text)
    assert text == page.read_text(), f"{page} shows other output; VHOST_WRITE_PAGE=1 {__file__} {the_page_shows_what_the_command_prints.__name__}"


def what_the_reasons_advise_helps():
    for part, setting, shape in (("mvit/mvit", "mvit/mvit.mask_unit=[2,16,16]", "clip"), ("videomae/vit", "videomae/vit.tubelet=1", "image")):
        for change in ([], ["--set", setting]):
            done = subprocess.run([VHOST, "plugin", "matrix", "--json", "--input", shape, "--part", part, *change],
                                  capture_output=True, text=True, env=ENVIRONMENT, timeout=600)
            assert done.returncode == 0, done.stderr
            fits = any(one["fits"] and one.get("head") == "videomae/decoder" and "loss" in one for one in json.loads(done.stdout)["combinations"])
            assert fits == bool(change), f"{part} with the decoder on {shape}, {change}: fits is {fits}"


if __name__ == "__main__":
    main({case.__name__: case for case in (what_fits_trains, what_does_not_fit_is_refused_with_the_stated_reason,
                                           what_the_reasons_advise_helps, the_page_shows_what_the_command_prints)})
