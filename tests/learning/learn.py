"""What vhost learns on generated motion clips, as docs/results.md reports it.

    learn.py supervised [--short]     (a) supervised training passes 80 % held-out; fed shuffled frames it stays at chance
    learn.py reconstruct [--short]    (b) held-out reconstruction against the two trivial predictors
    learn.py transfer [--seeds 3]     (d) fine-tuning after pre-training against training from scratch
    learn.py gestures                 20 sign clips of the shared media, memorised

(c), 100 steps against plain PyTorch, is tests/parity/twin.py.

Options: --seeds N, --first-seed N, --threads N, --out DIR (keeps the runs there). Exit code: 0 shown, 1 not shown, 77 skipped.
"""
import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from vhost_run import BUILD, SOURCE, Run, temporary_folder  # noqa: E402

ORDERS = "order1,order2,order3,order4"
MOTIONS = "left,right,up,down,clockwise,counterclockwise,grow,shrink"


def make_clips(classes, train, held_out, size=32, frames=16, seed=1, speed=1):
    folder = BUILD / "tests" / f"learn-{classes.count(',') + 1}{classes[:5]}-{train}-{held_out}-{size}-{frames}-{speed}-{seed}"
    subprocess.run([BUILD / "bin/kinetics-motion-clips", "--out", folder, "--train", str(train), "--eval", str(held_out), "--classes", classes,
                    "--size", str(size), "--frames", str(frames), "--seed", str(seed), "--speed", str(speed)], check=True, stdout=subprocess.DEVNULL)
    return folder


def base(name, task, folder, steps, seed, batch=32, lr=1e-3, size=32, classes=8):
    clip = {"use": "kinetics/clips", "frames": 8, "stride": 2, "size": size, "crop": "center", "flip": 0, "classes": classes}
    return {
        "vhost": 1, "name": name, "task": task, "seed": seed, "plugins": {"kinetics": "*", "videomae": "*", "classify": "*"},
        "data": {"train": {**clip, "list": str(folder / "train.txt")}, "eval": {**clip, "list": str(folder / "eval.txt")},
                 "batch": batch, "workers": 2},
        "model": {"backbone": {"use": "videomae/vit", "dim": 96, "depth": 4, "heads": 3, "patch": 8}},
        "optimizer": {"type": "adamw", "lr": lr}, "schedule": {"steps": steps, "warmup_steps": max(1, steps // 10)},
        "eval": {"every_epochs": 0}, "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 20},
    }


def classifier(*arguments, **keywords):
    value = base(*arguments, **keywords)
    value["model"]["heads"] = {"main": {"use": "classify/linear", "init_scale": 1.0}}
    value["losses"] = [{"use": "classify/cross_entropy", "head": "main"}]
    return value


def autoencoder(*arguments, ratio=0.5, **keywords):
    value = base(*arguments, **keywords)
    value["model"]["heads"] = {"main": {"use": "videomae/decoder", "dim": 48, "depth": 1, "heads": 3}}
    value["losses"] = [{"use": "videomae/mse", "head": "main"}]
    value["mask"] = {"use": "videomae/tube", "ratio": ratio}
    value["target"] = {"use": "videomae/pixels", "norm_pix": False}
    value["optimizer"]["betas"] = [0.9, 0.95]
    return value


def run(value, options, *arguments, **environment):
    folder = pathlib.Path(options.out) / value["name"] if options.out else None
    if options.threads:
        value["threads"] = options.threads
    one = Run(value, folder)
    one.run("--no-resume", *arguments, timeout=7200, **environment)
    return one


def top1(one):
    return one.evals()[-1]["top1"]


def supervised(options):
    steps, seeds = (300, 1) if options.short else (600, options.seeds)
    good = True
    for seed in range(options.first_seed, options.first_seed + seeds):
        motions = make_clips(MOTIONS, 2048, 400)
        orders = make_clips(ORDERS, 512, 400)
        if not options.short:
            score = top1(run(classifier(f"supervised-motions-{seed}", "train", motions, 1200, seed, lr=1e-3), options))
            print(f"seed {seed}: eight motions (chance 12.5 %): {score:.2f} % held-out top-1", flush=True)
            good &= score >= 80
        plain = top1(run(classifier(f"supervised-orders-{seed}", "train", orders, steps, seed, classes=4), options))
        value = classifier(f"supervised-shuffled-{seed}", "train", orders, steps, seed, classes=4)
        value["data"]["train"]["shuffle_frames"] = value["data"]["eval"]["shuffle_frames"] = True
        shuffled = top1(run(value, options))
        print(f"seed {seed}: four orders (chance 25 %): {plain:.2f} % held-out top-1; frames shuffled: {shuffled:.2f} %", flush=True)
        good &= plain >= 80 and shuffled <= 32  # 25 % + 3 standard errors of 400 clips
    return good


def trivial_errors(batches):
    """Mean squared error on the masked cubes of the held-out clips that the run dumped, for the two trivial predictors."""
    import torch
    from safetensors.torch import load_file
    mean_error = copy_error = count = 0.0
    for path in batches:
        step = load_file(path)
        raw, masked = step["raw"].double() / 255, step["mask.masked_index"]
        b, t, h, w, c = raw.shape
        cubes = raw.view(b, t // 2, 2, h // 8, 8, w // 8, 8, c).permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(b, -1, 2 * 8 * 8, c)
        grid = [(k, i, j) for k in range(t // 2) for i in range(h // 8) for j in range(w // 8)]
        place = torch.tensor([(i, j) for _, i, j in grid])
        time = torch.tensor([k for k, _, _ in grid])
        for row in range(b):
            hidden = masked[row]
            seen = torch.ones(cubes.shape[1], dtype=torch.bool)
            seen[hidden] = False
            visible = seen.nonzero().squeeze(1)
            want = cubes[row, hidden]
            mean_error += ((want - cubes[row, visible].mean((0, 1))) ** 2).mean((1, 2)).sum().item()
            # A tube hides its place at every time, so the nearest visible cube is the one of the nearest place at that time.
            far = (place[hidden][:, None] - place[visible][None]).abs().sum(-1) + 100 * (time[hidden][:, None] - time[visible][None]).abs()
            copy_error += ((want - cubes[row, visible[far.argmin(1)]]) ** 2).mean((1, 2)).sum().item()
            count += len(hidden)
    return mean_error / count, copy_error / count


def reconstruct(options):
    try:
        import safetensors.torch  # noqa: F401
    except ImportError:
        print("skipped: no torch here; run it with the test tools' Python")
        sys.exit(77)
    folder = make_clips(MOTIONS, 2048, 400)
    steps, seeds = (400, 1) if options.short else (3000, options.seeds)
    good = True
    for seed in range(options.first_seed, options.first_seed + seeds):
        value = autoencoder(f"reconstruct-{seed}", "pretrain", folder, steps, seed, lr=2e-3)
        trained = run(value, options)
        learned = trained.evals()[-1]["loss"]
        # The same held-out clips once as a training set, so that the dump holds them with masks of the same law.
        probe = autoencoder(f"reconstruct-probe-{seed}", "pretrain", folder, 12, seed, lr=0)
        probe["data"]["train"]["list"] = probe["data"]["eval"]["list"]
        dump = temporary_folder()
        run(probe, options, VHOST_DUMP=dump)
        mean_error, copy_error = trivial_errors(sorted(pathlib.Path(dump).glob("step-*.safetensors")))
        print(f"seed {seed}: held-out reconstruction error {learned:.5f}; visible mean {mean_error:.5f}, nearest visible cube {copy_error:.5f}", flush=True)
        good &= learned < mean_error and learned < copy_error
    return good


def transfer(options):
    """Equal fine-tuning steps, best of 3 learning rates on either side; each seed has labelled clips of its own."""
    unlabelled = make_clips(MOTIONS, 8192, 400)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        weights = options.pretrained
        if not weights:
            pretraining = autoencoder(f"transfer-pretrain-{seed}", "pretrain", unlabelled, options.steps, seed, lr=2e-3)
            pretrained = run(pretraining, options)
            weights = str(pretrained.work)
            print(f"seed {seed}: {options.steps} steps of pre-training, held-out reconstruction error {pretrained.evals()[-1]['loss']:.4f}", flush=True)
        for labelled in (64, 256):
            few = make_clips(MOTIONS, labelled, 400, seed=2 + seed)
            scores = {}
            for name, init in (("scratch", None), ("pre-trained", {"from": weights, "prefix": "backbone.", "strict": False})):
                for lr in (5e-4, 1e-3, 2e-3):
                    value = classifier(f"transfer-{labelled}-{name}-{lr}-{seed}", "train", few, 300, seed, lr=lr)
                    if init:
                        value["init"] = init
                    scores[name, lr] = top1(run(value, options))
            best = {name: max(v for (n, _), v in scores.items() if n == name) for name in ("scratch", "pre-trained")}
            print(f"seed {seed}, {labelled} labelled clips, best of 3 learning rates: {best['pre-trained']:.2f} % after pre-training, "
                  f"{best['scratch']:.2f} % from scratch; all: " + ", ".join(f"{n} {lr:g}: {v:.2f}" for (n, lr), v in scores.items()), flush=True)
    return True


def gestures(options):
    media = pathlib.Path(os.environ.get("VHOST_MEDIA", SOURCE / "../shared/media")).resolve()
    if not (media / "labels/videos.csv").exists():
        print(f"skipped: no media in {media}; set VHOST_MEDIA")
        sys.exit(77)
    rows = [line.split(",") for line in (media / "labels/videos.csv").read_text().splitlines()[1:]]
    folder = pathlib.Path(temporary_folder())
    (folder / "train.txt").write_text("".join(f"{media / r[0]} {r[2]}\n" for r in rows if int(r[2]) < 20))
    value = classifier("gestures", "train", folder, 200, 0, batch=20, lr=1e-3, classes=20)
    clip = {"frames": 8, "sampling": "uniform", "size": 64, "crop": "center", "flip": 0}
    value["data"]["train"].update(clip)
    value["data"]["eval"] = {**value["data"]["train"]}
    value["model"]["backbone"]["patch"] = 16
    score = top1(run(value, options))
    print(f"20 gesture clips: {score:.2f} % train top-1", flush=True)
    return score == 100


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = {"supervised": supervised, "reconstruct": reconstruct, "transfer": transfer, "gestures": gestures}
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="of the computation; default: all cores")
    parser.add_argument("--steps", type=int, default=12000, help="transfer: steps of pre-training")
    parser.add_argument("--pretrained", help="transfer: a work-dir with weights, in place of pre-training anew")
    parser.add_argument("--out")
    options = parser.parse_args()
    sys.exit(0 if tasks[options.task](options) else 1)


main()
