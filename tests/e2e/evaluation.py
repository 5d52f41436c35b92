"""Test, predict and extract from outside: every number against numpy and scikit-learn, every file read by another program."""
import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

try:
    import numpy as np
    import safetensors.numpy
    from PIL import Image
    from sklearn import metrics
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from toy_run import TOY, experiment, has, refused
from vhost_run import BUILD, CLASSES, VHOST, Run, clips, main, manifest, temporary_folder

VIEWS = {"clips": 2, "crops": 3, "resize_short": 48}


def vhost(run, command, *arguments, check=True):
    done = subprocess.run([str(VHOST), command, "--manifest", str(run.path), "--work-dir", str(run.work), *map(str, arguments)],
                          capture_output=True, text=True, env=run.environment(), timeout=600, cwd=run.folder)
    if check:
        assert done.returncode == 0, f"{command} {arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def once(make):
    kept = []
    return lambda: kept[0] if kept else kept.append(make()) or kept[0]


@once
def trained():
    """A tiny VideoMAE on clips; evaluation sees 2 clips x 3 crops."""
    value = manifest("train", clips(frames=32))
    value["schedule"] = {"steps": 12}
    value["model"]["heads"]["main"]["init_scale"] = 50.0  # so that views disagree
    value["data"]["eval_batch"] = 5  # 16 samples: the last batch has one
    value["data"]["eval"].update(VIEWS)
    value["eval"] = {"metrics": ["f1_macro"]}
    value["checkpoint"]["best"] = "mean_class_accuracy"
    run = Run(value)
    run.run()
    return run


@once
def images():
    """A tiny ViT on class folders of pictures."""
    folder = pathlib.Path(temporary_folder()) / "shapes"
    subprocess.run([BUILD / "bin/imagenet-shape-images", "--out", folder, "--train", "32", "--val", "16", "--size", "32"], check=True,
                   stdout=subprocess.DEVNULL)
    data = {"use": "imagenet/folder", "size": 32, "crop": "center", "flip": 0}
    run = Run({
        "vhost": 1, "name": "shapes", "task": "train", "seed": 3, "plugins": {"imagenet": "*", "maskfeat": "*", "classify": "*"}, "device": "cpu",
        "threads": 1, "data": {"train": {**data, "root": str(folder / "train")}, "eval": {**data, "root": str(folder / "val"), "crops": 3}, "batch": 8},
        "model": {"backbone": {"use": "maskfeat/vit", "dim": 16, "depth": 2, "heads": 2, "patch": 8},
                  "heads": {"main": {"use": "classify/linear", "pool": "cls"}}},
        "losses": [{"use": "classify/cross_entropy"}], "optimizer": {"lr": 1e-3}, "schedule": {"steps": 4}})
    run.run()
    return run


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def load(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file}


def results(run):
    return json.loads((run.work / "results.json").read_text())


def every_view_is_scored_and_combined_by_name():
    run = trained()
    features, state = run.folder / "f.npz", safetensors.numpy.load_file(run.newest() / "model.safetensors")
    vhost(run, "extract", "--pool", "none", "--output", features)
    x = load(features)["features"].astype(np.float64)
    assert x.shape[:2] == (16, 6), x.shape  # samples, clips x crops, tokens, width
    x = x.mean(axis=2)
    x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-6)
    x = x * state["heads.main.fc_norm.weight"] + state["heads.main.fc_norm.bias"]
    logits = x @ state["heads.main.head.weight"].T.astype(np.float64) + state["heads.main.head.bias"]
    assert np.abs(logits - logits[:, :1]).max() > 0.5, "the views agree, so nothing is shown"
    wanted = {"softmax_mean": softmax(logits).mean(axis=1), "logits_mean": softmax(logits.mean(axis=1))}
    assert np.abs(wanted["softmax_mean"] - wanted["logits_mean"]).max() > 1e-3
    for name, scores in wanted.items():
        file = run.folder / f"{name}.npz"
        vhost(run, "test", "--dump", file, "--set", f"eval.combine={name}")
        ours = load(file)
        assert np.abs(ours["scores"] - scores).max() < 1e-5, (name, np.abs(ours["scores"] - scores).max())
        assert results(run)["combine"] == name and results(run)["views"] == 6 and ours["combine"].tolist() == [name]
        videos = ours["names"][:3]
        top = json.loads(vhost(run, "predict", "--json", "--set", f"eval.combine={name}", *videos).stdout)
        for row, label in enumerate(ours["scores"][:3].argmax(axis=1)):
            assert top[row]["file"] == videos[row] and top[row]["top"][0]["label"] == label and abs(top[row]["top"][0]["score"] - scores[row, label]) < 1e-5, top


def every_sample_counts_once():
    run = trained()
    listed = (clips(frames=32) / "eval.txt").read_text().splitlines()
    dumps = []
    for batch in (5, 16):
        file = run.folder / f"batch-{batch}.json"
        vhost(run, "test", "--dump", file, "--set", f"data.eval_batch={batch}", "--set", "data.workers=0")
        dumps.append(json.loads(file.read_text())["samples"])
        assert results(run)["samples"] == len(listed) == 16
        names = [sample["name"] for sample in dumps[-1]]
        assert [(name.rsplit("/", 2)[-2:], sample["label"]) for name, sample in zip(names, dumps[-1])] == \
            [(line.split(" ")[0].rsplit("/", 2)[-2:], int(line.split(" ")[1])) for line in listed]
    assert np.allclose([s["scores"] for s in dumps[0]], [s["scores"] for s in dumps[1]], atol=1e-6)


def the_numbers_are_those_of_scikit_learn():
    run = trained()
    file = run.folder / "scores.npz"
    done = vhost(run, "test", "--dump", file, "--set", "eval.top_k=[1,2,3]")
    dump, found = load(file), results(run)
    labels, scores, answers = dump["labels"], dump["scores"], dump["scores"].argmax(axis=1)
    wanted = {
        "f1_macro": metrics.f1_score(labels, answers, average="macro", zero_division=0), "f1_micro": metrics.f1_score(labels, answers, average="micro"),
        "mean_class_accuracy": metrics.recall_score(labels, answers, average="macro", labels=np.union1d(labels, answers), zero_division=0),
        **{f"top{k}": metrics.top_k_accuracy_score(labels, scores, k=k, labels=range(CLASSES)) for k in (1, 2, 3)}}
    assert set(found["metrics"]) == {"loss", *wanted}, found["metrics"]
    for name, value in wanted.items():
        assert abs(found["metrics"][name] - 100 * value) < 1e-9, (name, found["metrics"][name], value)
    picked = scores[np.arange(len(labels)), labels].astype(np.float64)
    assert found["samples"] == found["labelled"] == len(labels) and found["unreadable"] == [] and 0 < picked.mean() < 1
    matrix = np.zeros((CLASSES, CLASSES), int)
    for label, answer, count in found["confusion"]["entries"]:
        matrix[label, answer] = count
    assert found["confusion"]["classes"] == CLASSES and np.array_equal(matrix, metrics.confusion_matrix(labels, answers, labels=range(CLASSES)))
    for row in found["classes"]:
        own = row["label"]
        assert (row["samples"], row["predicted"], row["correct"]) == (matrix[own].sum(), matrix[:, own].sum(), matrix[own, own]), row
        assert row["class"] == dump["class_names"][own]
    has(done.stdout, "class", "samples  correct  accuracy", "most often taken for", f"results: {run.work}/results.json", "scores: scores.npz")
    lines = [line for line in done.stdout.splitlines() if line.startswith(dump["class_names"][labels[0]] + " ")]
    assert len(lines) == 1 and f"{matrix[labels[0]].sum()}  " in lines[0], done.stdout


def training_logs_what_eval_metrics_names():
    last = trained().evals()[-1]
    assert set(last) == {"loss", "top1", "top5", "f1_macro", "mean_class_accuracy"}, last
    vhost(trained(), "test")
    assert trained().evals()[-1] == last and (trained().work / "test/log.txt").exists(), "test has written over the training's log"
    assert abs(last["f1_macro"] - results(trained())["metrics"]["f1_macro"]) < 1e-9


def results_name_their_data_and_repeat():
    run = trained()
    vhost(run, "test", "--set", "eval.dump=kept/scores.npz")
    found, record = results(run), json.loads((run.work / "test.record.json").read_text())
    assert found["data"]["fingerprint"] == record["data"]["/data/eval"]["fingerprint"] and found["data"]["fingerprint"].startswith("n=16 hash=")
    assert found["data"]["files"]["/data/eval/list"] and found["data"]["dataset"]["clips"] == 2
    assert pathlib.Path(found["checkpoint"]).name == "step-12"
    done = subprocess.run([str(VHOST), "rerun", str(run.work / "test.record.json"), "--work-dir", str(run.folder / "again")],
                          capture_output=True, text=True, env=run.environment(), timeout=600)
    assert done.returncode == 0, done.stderr
    for name, again in (("results.json", "results.json"), ("kept/scores.npz", "scores.npz")):
        assert (run.work / name).read_bytes() == (run.folder / "again" / again).read_bytes(), f"{name} of the rerun differs"


def unreadable_and_unlabelled_samples_are_named_and_left_out():
    run = trained()
    lines = (clips(frames=32) / "eval.txt").read_text().splitlines()[:6]
    (run.folder / "broken.mp4").write_bytes(b"\0" * 4000)
    listing = run.folder / "some.txt"
    listing.write_text("\n".join([f"{clips(frames=32)}/{line}" for line in lines] + [f"{run.folder}/broken.mp4 2"]) + "\n")
    done = vhost(run, "test", "--set", f"data.eval.list={listing}")
    found = results(run)
    assert found["samples"] == 6 and [u["name"] for u in found["unreadable"]] == [f"{run.folder}/broken.mp4"] and found["unreadable"][0]["reason"]
    assert sum(row["samples"] for row in found["classes"]) == 6
    has(done.stdout + done.stderr, "1 of 7 samples could not be read", "results.json names them")
    listing.write_text("\n".join(f"{clips(frames=32)}/{line.split(' ')[0]}" for line in lines) + "\n")
    done = vhost(run, "test", "--set", f"data.eval.list={listing}", "--dump", run.folder / "u.json")
    has(done.stdout + done.stderr, "6 of 6 samples have no label, so there is no accuracy")
    assert results(run)["metrics"] == {} and {s["label"] for s in json.loads((run.folder / "u.json").read_text())["samples"]} == {-1}
    listing.write_text("\n".join(f"{clips(frames=32)}/{line if i % 2 else line.split(' ')[0] + ' -1'}" for i, line in enumerate(lines)) + "\n")
    vhost(run, "test", "--set", f"data.eval.list={listing}", "--set", "data.eval_batch=2", "--dump", run.folder / "half.npz")
    half, found = load(run.folder / "half.npz"), results(run)
    assert (found["samples"], found["labelled"]) == (6, 3) and half["labels"].tolist()[::2] == [-1] * 3
    listing.write_text("\n".join(f"{clips(frames=32)}/{line}" for line in lines[1::2]) + "\n")
    vhost(run, "test", "--set", f"data.eval.list={listing}")
    assert abs(results(run)["metrics"]["loss"] - found["metrics"]["loss"]) < 1e-6, "samples without a label have a part in the loss"
    listing.write_text("\n".join(f"{clips(frames=32)}/{line.split(' ')[0]}" for line in lines) + "\n")
    training = Run({**json.loads(run.path.read_text()), "task": "train"})
    refused(training.run("--set", f"data.train.list={listing}", "--set", "data.batch=4", check=False), "/data/train: ", ".mp4 has no label, and the losses compare labels")
    refused(training.run("--set", f"data.eval.list={listing}", "--set", "schedule.steps=1", "--set", "checkpoint.best=top1", check=False),
            "/checkpoint/best: evaluations have no metric \"top1\"")
    assert training.newest().name == "step-1", "what was trained until then is lost"
    refused(vhost(run, "test", "--set", f"data.eval.list={run.folder}/only.txt", check=False) if (run.folder / "only.txt").write_text("broken.mp4 0\n") else None,
            "none of the 1 clips can be read")


def scores_that_are_no_numbers_are_wrong_and_told():
    run = trained()
    weights = safetensors.numpy.load_file(run.newest() / "model.safetensors")
    weights["heads.main.head.bias"] = np.full_like(weights["heads.main.head.bias"], np.nan)
    safetensors.numpy.save_file(weights, run.folder / "nan.safetensors")
    done = vhost(run, "test", "--checkpoint", run.folder / "nan.safetensors", "--dump", run.folder / "nan.json")
    has(done.stdout + done.stderr, "16 of 16 samples got no score that is a number, and count as wrong", "none (2)")
    found = results(run)
    assert found["metrics"]["loss"] == "nan" and found["metrics"]["top1"] == 0 and {e[1] for e in found["confusion"]["entries"]} == {-1}
    assert {s for sample in json.loads((run.folder / "nan.json").read_text())["samples"] for s in sample["scores"]} == {None}
    clip = next(clips(frames=32).rglob("*.mp4"))
    has(vhost(run, "predict", "--csv", "--checkpoint", run.folder / "nan.safetensors", clip).stdout, f"{clip},,,,,no class has a score")


def folder_of_files(run):
    """Three clips at two depths, and what isn't to be read."""
    folder = run.folder / "inputs"
    if not folder.exists():
        videos = sorted(clips(frames=32).rglob("*.mp4"))[:3]
        for name, source in zip(("b.MP4", "a/one, \"two\".mp4", "a/b/three.mp4"), videos):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
        shutil.copy(videos[0], folder / ".hidden.mp4")
        (folder / "notes.md").write_text("no clip")
    return folder


def predict_takes_folders_and_lists():
    run, folder = trained(), folder_of_files(trained())
    wanted = [f"{folder}/{name}" for name in ("a/b/three.mp4", "a/one, \"two\".mp4", "b.MP4")]
    table, text, rows = (vhost(run, "predict", "--top-k", 2, *option, folder).stdout for option in ((), ("--json",), ("--csv",)))
    predictions = json.loads(text)
    assert [p["file"] for p in predictions] == wanted, text
    rows = list(csv.DictReader(io.StringIO(rows)))
    assert [(r["file"], int(r["rank"]), int(r["label"]), r["class"], float(r["score"]), r["error"]) for r in rows] == \
        [(p["file"], k + 1, t["label"], t["class"], t["score"], "") for p in predictions for k, t in enumerate(p["top"])]
    lines = table.splitlines()
    assert len(lines) == 1 + 6 and lines[0].split() == ["file", "class", "score"], table
    for i, p in enumerate(predictions):
        first, second = lines[1 + 2 * i:3 + 2 * i]
        assert first.startswith(p["file"] + " ") and second.startswith(" " * len(p["file"])), table
        for line, t in zip((first, second), p["top"]):
            assert line.endswith(f"{100 * t['score']:.2f} %") and t["class"] in line, (line, t)
    (folder / "list.txt").write_text("# a comment\n\nb.MP4 3\na/one, \"two\".mp4\t-1\na/b/three.mp4\n")
    listed = json.loads(vhost(run, "predict", "--top-k", 2, "--json", "--list", folder / "list.txt").stdout)
    assert [p["file"] for p in listed] == wanted[::-1]
    for a, b in zip(listed, predictions[::-1]):
        assert [t["label"] for t in a["top"]] == [t["label"] for t in b["top"]] and np.allclose([t["score"] for t in a["top"]], [t["score"] for t in b["top"]], atol=1e-6)


def unreadable_files_are_named_and_the_others_predicted():
    run, folder = trained(), folder_of_files(trained())
    (run.folder / "broken.mp4").write_bytes(b"\0" * 4000)
    (folder / "some.txt").write_text("missing.mp4\nb.MP4\n../broken.mp4\n")
    out, picture = run.folder / "some.csv", run.folder / "some.png"
    done = vhost(run, "predict", "--json", "--output", out, "--picture", picture, "--list", folder / "some.txt", check=False)
    assert done.returncode == 1, done
    has(done.stderr, "error: 2 of 3 files could not be read; the others were predicted")
    missing, good, broken = json.loads(done.stdout)
    assert len(good["top"]) == 5 and "error" not in good and missing["top"] == broken["top"] == []
    has(missing["error"], "No such file")
    assert broken["error"] and str(folder) not in broken["error"], broken
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [r["error"] for r in rows if not r["rank"]] == [missing["error"], broken["error"]] and len(rows) == 7
    has(vhost(run, "predict", "--list", folder / "some.txt", check=False).stdout, f"could not be read: {missing['error']}")
    assert Image.open(picture).size[0] > 2 * 224
    done = vhost(run, "extract", "--output", run.folder / "some.npz", "--list", folder / "some.txt", check=False)
    assert done.returncode == 1 and load(run.folder / "some.npz")["names"].tolist() == [f"{folder}/b.MP4"]
    has(done.stderr, "error: 2 of 3 inputs could not be read; the features are those of the others")


def the_picture_shows_the_frame_that_the_model_saw():
    run = images()
    folder = pathlib.Path(json.loads(run.path.read_text())["data"]["eval"]["root"])
    files = sorted(folder.rglob("*.*"))[:4]
    picture = run.folder / "four.png"
    vhost(run, "predict", "--picture", picture, *files)
    image = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert image.shape[1] == 20 + 2 * 224 + 12 + 20, image.shape
    own = np.asarray(Image.open(files[2]).convert("RGB")).astype(int)  # 32 x 32, enlarged seven times; lower left
    top = next(y for y in range(image.shape[0] - 224) if np.array_equal(image[y:y + 224:7, 20:20 + 224:7], own))
    assert top > 224, top


def classes_have_their_names():
    run = images()
    folder = pathlib.Path(json.loads(run.path.read_text())["data"]["train"]["root"])
    names = sorted(path.name for path in folder.iterdir())
    file = next(folder.rglob("*.*"))
    top = json.loads(vhost(run, "predict", "--json", "--top-k", len(names), file).stdout)[0]["top"]
    assert {t["label"]: t["class"] for t in top} == dict(enumerate(names)), top
    clip_run, clip = trained(), next(clips(frames=32).rglob("*.mp4"))
    few = clip_run.folder / "names.txt"
    few.write_text("\n".join(f"{i}th motion" for i in range(CLASSES)) + "\n")
    top = json.loads(vhost(clip_run, "predict", "--json", "--set", f"data.eval.class_names={few}", clip).stdout)[0]["top"]
    assert all(t["class"] == f"{t['label']}th motion" for t in top), top
    few.write_text("\n".join(map(str, range(10))))
    refused(vhost(clip_run, "predict", "--set", f"data.eval.class_names={few}", "--set", "data.eval.classes=0", clip, check=False),
            "/data/eval/class_names", "gives 10 classes, and the checkpoint has 8")


def features_are_read_by_numpy_and_safetensors():
    run = images()
    files = sorted(pathlib.Path(json.loads(run.path.read_text())["data"]["eval"]["root"]).rglob("*.*"))[:3]
    whole = run.folder / "none.npz"
    vhost(run, "extract", "--pool", "none", "--output", whole, *files)
    tokens = load(whole)["features"]
    assert tokens.shape == (3, 3, 17, 16), tokens.shape  # samples, crops, class token and 4 x 4 cells, width
    wanted = {"mean": tokens[:, :, 1:].mean(axis=(1, 2)), "cls": tokens[:, :, 0].mean(axis=1)}
    for pool, features in wanted.items():
        out = run.folder / f"{pool}.safetensors"
        vhost(run, "extract", "--pool", pool, "--output", out, *files)
        assert np.abs(safetensors.numpy.load_file(out)["features"] - features).max() < 1e-5, pool
        with safetensors.safe_open(out, framework="numpy") as file:
            assert json.loads(file.metadata()["names"]) == list(map(str, files))
    vhost(run, "extract", "--output", run.folder / "f.npy", *files)
    assert np.abs(np.load(run.folder / "f.npy", allow_pickle=False) - wanted["mean"]).max() < 1e-5
    assert json.loads((run.folder / "f.names.json").read_text()) == list(map(str, files))
    record = json.loads((run.folder / "cls.record.json").read_text())
    assert record["manifest"]["extract"]["pool"] == "cls"


def features_of_a_pretrained_backbone_need_no_mask_and_no_head():
    run = Run(manifest("pretrain", clips(frames=32), schedule={"steps": 1}))
    run.run()
    vhost(run, "extract", "--pool", "none", "--output", run.folder / "tokens.npy")
    assert np.load(run.folder / "tokens.npy").shape == (16, 1, 4 * 4 * 4, 48), "all tokens, masked ones too"
    refused(vhost(run, "predict", check=False), "/target: what pre-training predicts are no classes: vhost show draws it")


def toy_plugins_are_tested_too():
    run = Run(experiment(eval={"every_epochs": 0}))
    run.run("--plugin-path", str(TOY))
    value = experiment()
    value["data"]["eval"] = {"use": "toy/stripes", "count": 7}
    run.path.write_text(json.dumps(value))
    vhost(run, "test", "--plugin-path", TOY, "--dump", "toy.npz")
    dump, found = load(run.folder / "toy.npz"), results(run)
    assert dump["names"].tolist() == [f"stripes/{i}" for i in range(7)] and found["samples"] == 7
    assert abs(found["metrics"]["top1"] - 100 * (dump["scores"].argmax(axis=1) == dump["labels"]).mean()) < 1e-9


def wrong_uses_are_refused():
    run, folder = trained(), folder_of_files(trained())
    clip, empty = folder / "b.MP4", run.folder / "empty"
    empty.mkdir(exist_ok=True)
    (folder / "nothing.txt").write_text("# nothing\n")
    (folder / "bytes.txt").write_bytes(b"\0\1\2")
    cases = [
        (("predict", empty), f"{empty}: holds no file that the dataset reads: mp4, mkv"),
        (("predict", "nowhere.mp4"), "nowhere.mp4: no such file or folder"),
        (("predict", "--list", "nowhere.txt"), "--list nowhere.txt: no such file"),
        (("predict", "--list", folder / "nothing.txt"), "nothing.txt: names no file"),
        (("predict", "--list", folder / "bytes.txt"), "bytes.txt: is no text file"),
        (("predict", folder / "nothing.txt"), f"is it a list of files? Then give it with --list {folder}/nothing.txt"),
        (("predict", "--output", "p.txt", clip), "--output p.txt: predictions are written as .json or .csv"),
        (("predict", "--picture", "p.jpg", clip), "--picture p.jpg: pictures are written as PNG"),
        (("extract", "--output", "f.h5", clip), "--output f.h5: features are written as .safetensors, .npy or .npz"),
        (("extract", "--pool", "cls", clip), "/extract/pool: \"cls\" needs a class token, and the backbone gives"),
        (("test", "--dump", "scores.txt"), "--dump scores.txt: scores are written as .json or .npz"),
        (("test", "--set", "eval.dump=scores.txt"), "/eval/dump: must be a name that ends in .json or .npz"),
        (("test", "--set", "eval.combine=mean"), "/eval/combine: must be"),
        (("test", "--set", "eval.top_k=[0]"), "/eval/top_k/0: must be at least 1"),
        (("test", "--set", "eval.metrics=[\"f1\"]"), "/eval/metrics/0: must be"),
    ]
    (run.folder / "folder.npz").mkdir(exist_ok=True)
    (run.folder / "file").write_text("")
    pipe = run.folder / "pipe.safetensors"
    if not pipe.exists():
        os.mkfifo(pipe)
    cases += [
        (("test", "--dump", "folder.npz"), f"can't write {run.folder}/folder.npz: it is a folder"),
        (("test", "--dump", "file/scores.npz"), "can't create the folder"),
        (("extract", "--output", "folder.npz", clip), "can't write folder.npz: it is a folder"),
        (("predict", "--output", "/proc/p.json", clip), "can't write /proc/p.json: "),
        (("extract", "--output", "pipe.safetensors", clip), "can't write pipe.safetensors: it is a device or a pipe"),
    ]
    for arguments, message in cases:
        done = vhost(run, *arguments, check=False)
        refused(done, message)
        assert "samples in" not in done.stdout, f"{arguments}: refused after the work"
    for arguments, message in ((("predict", "--json", "--csv", clip), "--json excludes --csv"), (("extract", "--pool", "max", clip), "--pool")):
        done = vhost(run, *arguments, check=False)
        assert done.returncode == 2, done
        has(done.stderr, message)
    (run.folder / "nine.txt").write_text(f"{clip} 9\n")
    refused(vhost(run, "test", "--set", "data.eval.list=nine.txt", "--set", "data.eval.classes=10", check=False),
            "/data/eval", "b.MP4 has the label 9, but the model was trained on 8 classes: 0 to 7")


main({name: case for name, case in list(globals().items()) if callable(case) and getattr(case, "__module__", "") == "__main__"
      and name not in ("vhost", "once", "trained", "images", "softmax", "load", "results", "folder_of_files")})
