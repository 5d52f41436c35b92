"""Every shipped manifest assembles, with the number of parameters and the batch that its name stands for; the tiny ones train.

Datasets are replaced by generated clips and pictures; everything else stays as shipped.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess

from vhost_run import BUILD, SOURCE, VHOST, clips, main, temporary_folder

SHIPPED = {path.stem: path for path in sorted((SOURCE / "plugins").glob("*/manifests/*.json"))}
SCRATCH = pathlib.Path(temporary_folder())
ENVIRONMENT = {**os.environ, "VHOST_CACHE_DIR": str(BUILD / "tests/cache"), "OMP_NUM_THREADS": "1"}
TINY_STEPS = 20

PARAMETERS = {  # of the papers' models: issue lists and papers quote them rounded; None: ours, too small to be quoted
    "maskfeat-tiny_motion_pretrain": None,
    "maskfeat-tiny_shapes_finetune": None,
    "maskfeat-tiny_shapes_pretrain": None,
    "maskfeat_mvit-small_16xb32-amp-coslr-300e_k400": 36253356,
    "maskfeat_mvit-small_8xb32-amp-coslr-300e_k400": 36253356,
    "maskfeat_vit-base-p16_8xb256-amp-coslr-300e_in1k": 85882476,
    "vit-base-p16_maskfeat-pre_8xb256-coslr-100e_in1k": 86567656,
    "mvit-small_ft-8xb16-coslr-100e_k400": 36475120,
    "mvit-small_ft-8xb8-coslr-100e_k400": 36475120,
    "mvit-small-p244_32xb16-16x4x1-200e_kinetics400-rgb": 34537744,
    "mvit-tiny_motion_finetune": None,
    "videomae-base_64xb32-fp16-coslr-1600e_k400": 94210944,
    "videomae-base_64xb32-fp16-coslr-800e_k400": 94210944,
    "videomae-base_8xb24-fp16-coslr-3200e_ucf101": 94210944,
    "videomae-base_8xb64-bf16-coslr-400e_k400": 94210944,
    "videomae-base_ft-64xb6-coslr-75e_k400": 86534800,
    "videomae-base_ft-64xb8-coslr-100e_k400": 86534800,
    "videomae-base_ft-8xb32-coslr-100e_k400": 86534800,
    "videomae-base_ft-8xb16-coslr-100e_ucf101": 86304869,
    "videomae-finetune_k400": 86534800,
    "videomae-finetune_ssv2": 86361006,
    "videomae-base_64xb32-fp16-coslr-800e_ssv2": 94210944,
    "videomae-base_64xb32-fp16-coslr-2400e_ssv2": 94210944,
    "videomae-base_ft-64xb8-coslr-50e_ssv2": 86361006,
    "videomae-base_ft-64xb6-coslr-30e_ssv2": 86361006,
    "videomae-small_32xb32-fp16-coslr-2400e_ssv2": 24029376,
    "videomae-small_ft-32xb12-coslr-40e_ssv2": 21946926,
    "videomae-huge_64xb16-fp16-coslr-1600e_k400": 692487296,
    "videomae-huge_ft-64xb8-coslr-50e_k400": 632119440,
    "videomae-large_64xb8-fp16-coslr-1600e_k400": 342996992,
    "videomae-large_ft-64xb2-coslr-35e_k400": 304270736,
    "videomae-pretrain_k400": 94210944,
    "videomae-small_32xb32-fp16-coslr-1600e_k400": 24029376,
    "videomae-small_ft-32xb12-coslr-150e_k400": 22033936,
    "videomae-tiny_motion_finetune": None,
    "videomae-tiny_motion_pretrain": None,
}
COUNTS_CLIPS = {"mvit-small-p244_32xb16-16x4x1-200e_kinetics400-rgb"}  # each repeat of a video; the other names count videos
# Whose originals hand all parameters to AdamW in one group.
PLAIN_DECAY = ["videomae-base_8xb64-bf16-coslr-400e_k400", "videomae-base_ft-8xb32-coslr-100e_k400"]
# Fine-tuning that starts from another tiny manifest's weights.
STARTS_FROM = {
    "maskfeat-tiny_shapes_finetune": "maskfeat-tiny_shapes_pretrain",
    "mvit-tiny_motion_finetune": "maskfeat-tiny_motion_pretrain",
    "videomae-tiny_motion_finetune": "videomae-tiny_motion_pretrain",
}


def vhost(*arguments):
    done = subprocess.run([VHOST, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=600)
    assert done.returncode == 0, f"{' '.join(map(str, done.args))}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def config(name):
    return json.loads(vhost("config", "--manifest", SHIPPED[name]))


def pictures(train=48, held_out=16):
    folder = BUILD / "tests" / f"shapes-{train}-{held_out}"
    if not folder.exists():
        subprocess.run([BUILD / "bin/imagenet-shape-images", "--out", folder, "--train", str(train), "--val", str(held_out)], check=True,
                       stdout=subprocess.DEVNULL)
    return folder


def generated(value):
    """--set arguments that put generated data in the place of the manifest's, in batches of 4."""
    settings = ["data.batch=4", "data.accumulate=1", "data.workers=1"]
    for split, listed, root in (("train", "train.txt", "train"), ("eval", "eval.txt", "val")):
        part = value["data"].get(split)
        if part and part["use"] == "kinetics/clips":
            settings.append(f"data.{split}.list={clips() / listed}")
        elif part:
            assert part["use"] == "imagenet/folder", part["use"]
            settings.append(f"data.{split}.root={pictures() / root}")
    return [word for setting in settings for word in ("--set", setting)]


def dry_run(name):
    out = vhost("--manifest", SHIPPED[name], "--work-dir", SCRATCH / name, "--dry-run", *generated(config(name)))
    return int(re.search(r"^parameters +([\d ]+) \(", out, re.M)[1].replace(" ", ""))


def all_assemble_with_the_papers_parameters():
    assert set(SHIPPED) == set(PARAMETERS), f"manifests without their number of parameters here: {set(SHIPPED) ^ set(PARAMETERS)}"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        counts = dict(zip(SHIPPED, pool.map(dry_run, SHIPPED)))
    wrong = {name: n for name, n in counts.items() if PARAMETERS[name] not in (None, n)}
    assert not wrong, f"{wrong} instead of {[PARAMETERS[name] for name in wrong]}"


def batches_are_those_of_the_names():
    named = {name: re.search(r"(\d+)xb(\d+)", name) for name in SHIPPED}
    assert sum(match is not None for match in named.values()) >= 12
    for name, match in named.items():
        if match:
            data = config(name)["data"]
            samples = data["batch"] * data["accumulate"] // (1 if name in COUNTS_CLIPS else data["repeats"])
            assert samples == int(match[1]) * int(match[2]), f"{name}: {samples} samples a step"


def a_plain_optimizer_decays_every_parameter():
    for name in PLAIN_DECAY:
        optimizer = config(name)["optimizer"]
        rules = [(rule["match"], rule["weight_decay"]) for rule in optimizer["rules"]]
        assert rules == [("*", optimizer["weight_decay"])], f"{name}: {optimizer}"


def tiny(name):
    work, start = SCRATCH / (name + "-run"), STARTS_FROM.get(name)
    schedule = {"type": "cosine", "steps": TINY_STEPS, "warmup_steps": 4}
    settings = ["schedule=" + json.dumps(schedule), "threads=1", "log.every_steps=1", 'checkpoint={"every_epochs": 0}', "device=cpu"]
    if start:
        settings.append("init=" + json.dumps({"from": str(SCRATCH / (start + "-run")), "prefix": "backbone."}))
    vhost("--manifest", SHIPPED[name], "--work-dir", work, *generated(config(name)),
          *(word for setting in settings for word in ("--set", setting)), "--set", "data.batch=8")
    records = [json.loads(line) for line in (work / "metrics.jsonl").read_text().splitlines()]
    losses = [record["loss"] for record in records if record["kind"] == "step"]
    assert len(losses) == TINY_STEPS, f"{name}: {len(losses)} steps"
    assert sum(losses[-4:]) < sum(losses[:4]), f"{name}: the loss doesn't fall: {losses}"


def tiny_ones_train_and_start_from_each_other():
    names = [name for name, count in PARAMETERS.items() if count is None]
    first = [name for name in names if name not in STARTS_FROM]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(tiny, first))
        list(pool.map(tiny, [name for name in names if name in STARTS_FROM]))


main({case.__name__: case for case in (all_assemble_with_the_papers_parameters, batches_are_those_of_the_names, a_plain_optimizer_decays_every_parameter,
                                       tiny_ones_train_and_start_from_each_other)})
