"""What MaskFeat learns on generated data, as docs/results.md reports it: frame (single frames of colour mosaics), image (labelled
shapes), video (mosaics in eight motions).

    maskfeat.py predict frame|image|video [--short]    held-out loss against the zero predictor and the picture's mean histogram
    maskfeat.py transfer image|video                   fine-tuning after pre-training against training from scratch

Options: --seeds N, --first-seed N, --threads N, --steps N (of pre-training), --out DIR (keeps the runs there). Exit code: 0 shown, 1
not shown, 77 skipped.
"""
import argparse
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / "e2e"), str(HERE.parents[1] / "parity")]
from vhost_run import BUILD, Run, clips, temporary_folder  # noqa: E402

try:
    import torch
    from safetensors.torch import load_file

    from maskfeat_twin import hog
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

SIZE, CLASSES = 64, 8
VIT = {"use": "maskfeat/vit", "dim": 96, "depth": 4, "heads": 3, "patch": 8}
BACKBONES = {
    "frame": VIT,
    "image": VIT,
    "video": {"use": "mvit/mvit", "dim_mul": "mlp", "embed_dim": 24, "depth": 4, "heads": 1, "stage_starts": [1, 3], "kv_stride": [1, 4, 4]},
}
MASKS = {"frame": {"use": "maskfeat/block2d"}, "image": {"use": "maskfeat/block2d"}, "video": {"use": "maskfeat/cube3d"}}


def shapes(train, held_out, seed):
    folder = BUILD / "tests" / f"shapes-{train}-{held_out}-{seed}"
    subprocess.run([BUILD / "bin/imagenet-shape-images", "--out", folder, "--train", str(train), "--val", str(held_out), "--size", str(SIZE),
                    "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL)
    return folder


def samples(kind, train, seed):
    """Datasets of training and held-out samples; another seed, other samples."""
    if kind == "image":
        folder, use = shapes(train, 400, seed), {"use": "imagenet/folder", "size": SIZE}
        return {"train": {**use, "root": str(folder / "train"), "crop": "random_resized", "area": [0.5, 1], "flip": 0.5},
                "eval": {**use, "root": str(folder / "val")}}
    folder = clips(train=train, held_out=400, size=SIZE, seed=1 + seed)
    use = {"use": "kinetics/clips", "size": SIZE, "classes": CLASSES, "frames": 1 if kind == "frame" else 8, "stride": 2, "crop": "center", "flip": 0}
    return {"train": {**use, "list": str(folder / "train.txt")}, "eval": {**use, "list": str(folder / "eval.txt")}}


def base(kind, name, task, data, steps, seed, batch=32, lr=1e-3):
    return {
        "vhost": 1, "name": f"{name}-{kind}-{seed}", "task": task, "seed": seed,
        "plugins": {"kinetics": "*", "imagenet": "*", "maskfeat": "*", "mvit": "*", "classify": "*"},
        "data": {**data, "batch": batch, "workers": 1},
        "model": {"backbone": dict(BACKBONES[kind])},
        "optimizer": {"lr": lr}, "schedule": {"steps": steps, "warmup_steps": max(1, steps // 10)},
        "eval": {"every_epochs": 0}, "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 20},
    }


def pretraining(kind, *arguments, **keywords):
    value = base(kind, *arguments, **keywords)
    if kind == "video":
        value["model"]["backbone"]["mask_unit"] = [2, 16, 16]
    value["model"]["heads"] = {"main": {"use": "maskfeat/linear"}}
    value["mask"] = {**MASKS[kind], "mode": "replace"}
    value["target"] = {"use": "maskfeat/hog"}
    value["losses"] = [{"use": "maskfeat/masked_l2"}]
    return value


def run(value, options, **environment):
    if options.threads:
        value["threads"] = options.threads
    one = Run(value, pathlib.Path(options.out) / value["name"] if options.out else None)
    one.run("--no-resume", timeout=7200, **environment)
    return one


def trivial_losses(kind, batches):
    """Loss on masked tokens of all zeros, and of the mean of the same picture's visible tokens."""
    zero = mean = count = 0.0
    for path in batches:
        step = load_file(path)
        raw, mask = step["raw"], step["mask.bool"]
        frames = raw[:, ::2] if kind == "video" else raw
        target = hog(frames.flatten(0, 1), SIZE // 8).unflatten(0, frames.shape[:2]).flatten(1, 2)  # B x N x 27
        if kind == "video":
            side = SIZE // 16
            mask = mask.view(len(raw), -1, side, side).repeat_interleave(2, 2).repeat_interleave(2, 3).flatten(1)
        for histograms, hidden in zip(target, mask):
            guess = histograms[~hidden].mean(0)
            zero += histograms[hidden].square().mean(1).sum().item()
            mean += (histograms[hidden] - guess).square().mean(1).sum().item()
            count += hidden.sum().item()
    return zero / count, mean / count


def held_out(dataset):
    return {**dataset, "crop": "center", "flip": 0}


def predict(options):
    data = samples(options.kind, 2048, 0)
    steps, seeds = (300, 1) if options.short else (options.steps, options.seeds)
    good = True
    for seed in range(options.first_seed, options.first_seed + seeds):
        trained = run(pretraining(options.kind, "predict", "pretrain", data, steps, seed, lr=2e-3), options)
        learned = trained.evals()[-1]["loss"]
        # The held-out clips once as a training set, so that the dump holds them with masks of the same law.
        probe = pretraining(options.kind, "probe", "pretrain", {"train": held_out(data["eval"])}, 12, seed, lr=0)
        dump = temporary_folder()
        run(probe, options, VHOST_DUMP=dump)
        zero, mean = trivial_losses(options.kind, sorted(pathlib.Path(dump).glob("step-*.safetensors")))
        print(f"{options.kind}, seed {seed}: held-out loss {learned:.5f} after {steps} steps; zeros {zero:.5f}, the picture's mean histogram {mean:.5f}", flush=True)
        good &= learned < 0.75 * zero and learned < (1.02 if options.short else 0.95) * mean
    return good


def transfer(options):
    """Equal fine-tuning steps, best of 3 learning rates on either side; each seed has labelled clips of its own."""
    unlabelled = samples(options.kind, 2048, 0)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        pretrained = run(pretraining(options.kind, "pretrain", "pretrain", unlabelled, options.steps, seed, lr=2e-3), options)
        labelled, scores = samples(options.kind, options.labels, 1 + seed), {}
        for start, init in (("scratch", None), ("pre-trained", {"from": str(pretrained.work), "prefix": "backbone.", "strict": False})):
            for lr in (5e-4, 1e-3, 2e-3):
                value = base(options.kind, f"{start}-{lr}", "train", labelled, options.fine_tuning_steps, seed, lr=lr)
                value["model"]["heads"] = {"main": {"use": "classify/linear", "init_scale": 1.0}}
                value["losses"] = [{"use": "classify/cross_entropy"}]
                value["init"] = init
                scores[start, lr] = run(value, options).evals()[-1]["top1"]
        best = {name: max(score for (n, _), score in scores.items() if n == name) for name in ("scratch", "pre-trained")}
        print(f"{options.kind}, seed {seed}, {options.labels} labels: {best['pre-trained']:.2f} % after pre-training, {best['scratch']:.2f} % from scratch; all: "
              + ", ".join(f"{n} {lr:g}: {score:.2f}" for (n, lr), score in scores.items()), flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["predict", "transfer"])
    parser.add_argument("kind", choices=list(BACKBONES))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="of the computation; default: all cores")
    parser.add_argument("--steps", type=int, default=2000, help="of pre-training")
    parser.add_argument("--labels", type=int, default=256, help="transfer: labelled samples")
    parser.add_argument("--fine-tuning-steps", type=int, default=300)
    parser.add_argument("--out")
    options = parser.parse_args()
    sys.exit(0 if {"predict": predict, "transfer": transfer}[options.task](options) else 1)


if __name__ == "__main__":
    main()
