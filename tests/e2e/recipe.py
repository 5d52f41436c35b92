"""Repeated augmentation, Mixup and CutMix, layer-wise rates and rules, on whole runs."""
import json
import pathlib
import struct
import subprocess

from toy_run import experiment, has, refused
from vhost_run import BUILD, VHOST, Run, clips, main, manifest, temporary_folder

MIX = {"mixup": 0.8, "cutmix": 1.0, "prob": 0.9}
AUGMENT = {"flip": 0.5, "rand_augment": "timm_increasing", "rand_augment_n": 3, "color_jitter": [0.4, 0.4, 0.4, 0.1], "erase": 0.5}


def toy(**top):
    run = Run(experiment(**top))
    run.run("--plugin-path", str(BUILD / "tests/plugins"))
    return run


def repeats_share_a_video_but_not_its_augmentation():
    value = manifest("train", clips())
    value["data"].update(repeats=2)
    value["data"]["train"].update(crop="random_resized", flip=0.5)
    value["schedule"] = {"steps": 13}
    run = Run(value)
    run.run()
    epochs = [line["epoch"] for line in run.metrics() if line["kind"] == "step"]
    assert epochs[11] == 1.0, f"48 clips twice, 8 a batch, are 12 steps an epoch: {epochs}"
    value["data"].update(workers=0)
    again = Run(value)
    again.run()
    assert run.losses() == again.losses(), "the number of workers changed a run with repeats"
    folder = temporary_folder()
    one_step = Run({**value, "schedule": {"steps": 1}})
    one_step.run(VHOST_DUMP=folder)
    dumped = read_tensors(pathlib.Path(folder) / "step-000000.safetensors")
    label = rows(dumped["label"])
    assert label[0::2] == label[1::2] and len(set(label)) > 1, label
    assert len(set(rows(dumped["raw"]))) == 8, "both repeats are the same picture"


def read_tensors(file):
    """name -> (shape, bytes), read without any library."""
    data = pathlib.Path(file).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = {name: entry for name, entry in json.loads(data[8:8 + size]).items() if name != "__metadata__"}
    span = lambda entry: slice(*(8 + size + offset for offset in entry["data_offsets"]))
    return {name: (entry["shape"], data[span(entry)]) for name, entry in header.items()}


def rows(tensor):
    shape, data = tensor
    return [data[i * len(data) // shape[0]:(i + 1) * len(data) // shape[0]] for i in range(shape[0])]


def a_mixed_run_resumes_bit_for_bit_wherever_it_augments():
    value = manifest("train", clips())
    value["data"]["mix"] = MIX
    on_device = json.loads(json.dumps(value))
    value["data"]["train"].update(AUGMENT)
    on_device["data"].update(augment=AUGMENT, workers=0)
    on_device["data"]["train"].update(flip=0)
    whole = Run(value)
    whole.run()
    assert len(set(whole.losses())) == 12
    plain = Run({**value, "data": {**value["data"], "mix": None}})
    plain.run()
    assert plain.losses() != whole.losses(), "mixing changed nothing"
    parts = Run(on_device)
    assert parts.run(check=False, VHOST_FAULT="25").returncode == -9
    assert parts.newest().name == "step-5", f"killed elsewhere than after the first checkpoint: {parts.newest()}"
    parts.run()
    assert parts.losses() == whole.losses() and parts.weights_sha256() == whole.weights_sha256()


def what_was_trained_mixed_predicts_files_without_labels():
    value = manifest("train", clips())
    value["data"]["mix"] = MIX
    run = Run({**value, "schedule": {"steps": 1}})
    run.run()
    clip = str(clips() / "eval/000000.mp4")
    for command in (["predict"], ["show", "--output", str(run.folder / "shown.png")]):
        done = subprocess.run([VHOST, *command, "--manifest", run.path, "--work-dir", run.work, clip],
                              capture_output=True, text=True, env=run.environment(), timeout=600)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def layer_decay_and_rules_reach_the_weights():
    frozen = toy(optimizer={"lr": 1e-2, "rules": [{"match": "backbone.*", "lr_scale": 0}]})
    start = toy(optimizer={"lr": 0})
    free = toy(optimizer={"lr": 1e-2})
    a, b, c = (read_tensors(run.newest() / "model.safetensors") for run in (frozen, start, free))
    for name in a:
        same = a[name] == b[name]
        assert same == name.startswith("backbone."), f"{name}: a rate of 0 for backbone.*, and its weights {'stayed' if same else 'moved'}"
        assert c[name] != b[name], f"{name} never learns"


def what_cannot_be_mixed_or_repeated_is_refused():
    def dry(value):
        return Run(value).run("--plugin-path", str(BUILD / "tests/plugins"), "--dry-run", check=False)
    pretrain = manifest("pretrain", clips())
    pretrain["data"]["mix"] = MIX
    refused(dry(pretrain), "/data/mix: mixes labels, which task \"pretrain\" has none of: remove it")
    train = manifest("train", clips())
    train["data"]["mix"] = {}
    refused(dry(train), "/data/mix: needs \"mixup\" or \"cutmix\" above 0")
    train["data"]["mix"], train["data"]["batch"] = MIX, 1
    refused(dry(train), "/data/mix: mixes the samples of a batch, and /data/batch is 1")
    train["data"]["mix"], train["data"]["batch"] = None, 8
    train["data"]["repeats"] = 3
    refused(dry(train), "/data/repeats: 3 doesn't divide a batch of 8")
    train["data"]["repeats"] = 1
    train["data"]["augment"], train["data"]["train"]["flip"] = {"flip": 0.5}, 0.5
    refused(dry(train), "/data/augment/flip: would be done twice: the dataset does it in its workers, by /data/train/flip, which is 0.5; turn one off, by 0")
    train["data"]["augment"] = {"erase": 0}
    refused(dry(train), "/data/augment: does nothing: give \"flip\", \"rand_augment\", \"color_jitter\" or \"erase\"")
    train["data"]["augment"] = None
    train["optimizer"]["rules"] = [{"match": "backbone.layers.*", "lr_scale": 0.1}]
    refused(dry(train), "/optimizer/rules/0/match: matches no trainable parameter; the first is named ")
    train["optimizer"]["rules"] = [{"match": "*"}]
    refused(dry(train), "/optimizer/rules/0: changes nothing: give \"weight_decay\" or \"lr_scale\"")
    has(dry(manifest("train", clips())).stdout, "parameters")


if __name__ == "__main__":
    main({name: case for name, case in list(globals().items()) if callable(case) and getattr(case, "__module__", "") == "__main__"
          and name not in ("toy", "read_tensors", "rows")})
