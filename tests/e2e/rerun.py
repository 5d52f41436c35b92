"""A run made again from its record, or all that is missing for that. On the toy plugins."""
import hashlib
import json
import pathlib
import shutil
import subprocess

from toy_run import Installed, experiment, has, refused
from vhost_run import VHOST, Run, clips, main


def rerun(run, *arguments, record=None, **environment):
    return subprocess.run([str(VHOST), "rerun", str(record or run.work), *arguments], capture_output=True, text=True,
                          env=run.environment(**environment), cwd=run.folder, timeout=300)


def start(run, installed, *arguments, command=None):
    """In the run's folder, where its relative paths start."""
    words = [str(VHOST), *([command] if command else []), *run.command("--plugin-path", str(installed.folder), *arguments)[1:]]
    subprocess.run(words, cwd=run.folder, env=run.environment(), check=True, capture_output=True)


def at(run, work):
    """The run whose work-dir is `work`, to read what it wrote."""
    other = Run(json.loads(run.path.read_text()), run.folder)
    other.work = pathlib.Path(work)
    return other


def record_of(run, name="record.json"):
    return json.loads((run.work / name).read_text())


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def on_clips(run_folder=None):
    """Toy parts on clips of a list, which is relative to the run's folder; from weights of another run."""
    folder = clips()
    data = {"use": "kinetics/clips", "list": "list.txt", "frames": 8, "stride": 2, "size": 32, "classes": 8}
    value = experiment(plugins={"toy": "*", "kinetics": "*"})
    value["data"]["train"] = data
    run = Run(value, run_folder)
    lines = (folder / "train.txt").read_text().splitlines()
    (run.folder / "list.txt").write_text("".join(f"{folder}/{line}\n" for line in lines))
    return run, value


def a_rerun_gives_the_same_losses_and_weights():
    installed, run = Installed("0.1.0"), Run(experiment(data={"train": {"use": "toy/stripes", "count": 64}, "batch": 8, "workers": 1},
                                                        schedule={"steps": 24}))
    installed.run(run)
    installed.add("0.1.9")  # of no interest to a rerun
    done = rerun(run)
    assert done.returncode == 0, done.stderr
    again = at(run, str(run.work) + "-rerun")
    assert len(run.losses()) == 24 and again.metrics() == run.metrics(), "the rerun's records differ"
    assert again.weights_sha256() == run.weights_sha256(), "the rerun's weights differ"
    first, second = record_of(run), record_of(again)
    assert second["rerun_of"] == str(run.work / "record.json")
    for key in ("config_sha256", "lock", "data", "manifest", "seed", "task"):
        assert first[key] == second[key], key
    assert (again.work / "lock.json").read_text() == (run.work / "lock.json").read_text()
    assert first["config_sha256"] in (run.work / "report.html").read_text(), "the report lacks the config hash"
    other = rerun(run, "--work-dir", "elsewhere", OMP_DYNAMIC="false")
    has(other.stdout, 'warning: rerun: OMP_DYNAMIC was not set and is "false"')
    assert at(run, run.folder / "elsewhere").metrics() == run.metrics()
    refused(rerun(at(run, run.folder / "elsewhere"), "--work-dir", str(run.work)), f"{run.work}: is there already, and holds no rerun of this record")


def a_resume_adds_to_the_history():
    installed, run = Installed("0.1.0"), Run(experiment())
    installed.run(run)
    installed.run(run, "--set", "schedule.steps=6")
    history = record_of(run)["history"]
    assert [start["step"] for start in history] == [0, 4], history
    assert history[0]["config_sha256"] != history[1]["config_sha256"] == record_of(run)["config_sha256"]
    done = rerun(run)
    has(done.stdout, "warning: rerun: the run was begun with another manifest or other plugins, and resumed with these at step 4")
    installed.run(run, "--no-resume")
    assert [start["step"] for start in record_of(run)["history"]] == [0]


def data_that_changes_under_a_resumed_run_is_said():
    run, _ = on_clips()
    installed = Installed("0.1.0")
    start(run, installed)
    with (run.folder / "list.txt").open("a") as listing:
        listing.write((run.folder / "list.txt").read_text().splitlines()[0] + "\n")
    start(run, installed, "--set", "schedule.steps=6")
    has((run.work / "log.txt").read_text(), "warning: record: /data/train has changed since the run was begun")


def everything_that_is_missing_is_listed():
    first, value = on_clips()
    installed = Installed("0.1.0")
    start(first, installed)  # weights to begin with
    run, value = on_clips()
    run.path.write_text(json.dumps({**value, "init": {"from": str(first.work)}}))
    start(run, installed)
    has(rerun(run, "--dry-run").stdout, "nothing is missing: the run can be made again")
    assert not pathlib.Path(str(run.work) + "-rerun").exists(), "--dry-run has written"
    (run.folder / "list.txt").write_text("\n".join((run.folder / "list.txt").read_text().splitlines()[:40]) + "\n")
    shutil.rmtree(first.work)
    place = f"error: {run.work}/record.json: the run can't be made again:\n"
    lists = "\n  /data/train/list: list.txt has changed: its sha256 is "
    init = f"\n  /init/from: {first.work}: no such file or folder\n"
    refused(rerun(run), place, lists, init)
    (run.folder / "list.txt").unlink()
    installed.remove("0.1.0")
    done = rerun(run, VHOST_PLUGIN_PATH="")
    refused(done, place, "\n  toy 0.1.0 isn't installed\n", "\n  /data/train/list: can't read list.txt: No such file", init)
    text = (run.work / "record.json").read_text()
    (run.work / "record.json").write_text(text.replace('"lr": 0.001', '"lr": 0.002'))
    refused(rerun(run), place, "\n  the manifest in the record was altered: its sha256 is ", "\n  toy 0.1.0 isn't installed\n", init)
    assert not pathlib.Path(str(run.work) + "-rerun").exists(), "a refused rerun has left a folder"


def data_that_changed_behind_its_parameters_is_named():
    installed, run = Installed("0.1.0"), Run(experiment())
    installed.run(run)
    record = record_of(run)
    record["data"]["/data/train"]["fingerprint"] = "n=17"
    (run.work / "record.json").write_text(json.dumps(record))
    refused(rerun(run), '\n  /data/train: the data has changed: its fingerprint is "n=16", the run\'s was "n=17"')
    refused(rerun(run, record=run.folder), f"{run.folder}: holds no record.json")
    refused(rerun(run, record=run.path), f"{run.path}: is no record of a run")


def other_tasks_are_recorded_beside_their_output():
    run, value = on_clips()
    installed = Installed("0.1.0")
    start(run, installed)
    kept = (run.work / "record.json").read_text()
    values = {**value, "task": "test"}
    values["data"]["eval"] = values["data"].pop("train")
    run.path.write_text(json.dumps(values))
    start(run, installed)
    videos = sorted(clips().rglob("*.mp4"))[:2]
    for task, output in (("predict", "out/p.json"), ("extract", "out/f.safetensors")):
        (run.folder / "out").mkdir(exist_ok=True)
        start(run, installed, "--output", output, *map(str, videos), command=task)
    assert (run.work / "record.json").read_text() == kept, "another task wrote over the training's record"
    weights = {"model.safetensors": run.weights_sha256()}
    for name, output in (("test.record.json", "test.json"), ("../out/p.record.json", "p.json"), ("../out/f.record.json", "f.safetensors")):
        record = record_of(run, name)
        assert record["weights"]["--checkpoint"]["sha256"] == weights, record["weights"]
        done = rerun(run, "--work-dir", f"again-{output}", record=run.work / name)
        assert done.returncode == 0, done.stderr
        before = run.work / "test.json" if output == "test.json" else run.folder / "out" / output
        assert sha256(run.folder / f"again-{output}" / output) == sha256(before), f"{output} differs"


main({name: case for name, case in list(globals().items()) if callable(case) and getattr(case, "__module__", "") == "__main__"
      and name not in ("rerun", "start", "at", "record_of", "sha256", "on_clips")})
