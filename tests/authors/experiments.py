"""The authors' plugins mixed with the shipped ones: they train, and learn.

    experiments.py FOLDER [CASE...]     FOLDER: what build.sh made; its plugins/ are used
"""
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from vhost_run import VHOST, Run, clips, main, temporary_folder  # noqa: E402

PLUGINS = pathlib.Path(sys.argv.pop(1)) / "plugins"
MOTIONS = {"down": (0, 2), "left": (-2, 0), "right": (2, 0), "up": (0, -2)}  # pixels per frame: x, y


def write_clip(folder, motion, rng, frames=10, size=32, period=8):
    """Stripes across the direction of motion: no single frame tells which way they go."""
    folder.mkdir(parents=True)
    dx, dy = MOTIONS[motion]
    phase, bright = rng.randrange(period), rng.randrange(120, 256)
    for t in range(frames):
        rows = []
        for y in range(size):
            for x in range(size):
                place = (x - dx * t if dx else y - dy * t) + phase
                rows.append(bright if place % period < period // 2 else rng.randrange(40))
        if rng.random() < 0.5:
            (folder / f"{t}.pgm").write_bytes(b"P5 %d %d 255\n" % (size, size) + bytes(rows))
        else:
            (folder / f"{t}.ppm").write_bytes(b"P6\n# frame\n%d %d\n255\n" % (size, size) + bytes(v for v in rows for _ in range(3)))


def frames_folder(train=96, held_out=32):
    root, rng = pathlib.Path(temporary_folder()), random.Random(1)
    for part, count in (("train", train), ("eval", held_out)):
        for i in range(count):
            motion = list(MOTIONS)[i % 4]
            write_clip(root / part / motion / f"clip{i}", motion, rng)
    return root


def classification(root, steps=120):
    data = {"use": "frames/clips", "frames": 8, "size": 32}
    return {
        "vhost": 1, "name": "authors-train", "task": "train", "seed": 1, "threads": 1, "device": "cpu",
        "plugins": {"frames": "^0.1", "groupnorm": "^0.1", "mlp": "^0.1", "focal": "^0.1"},
        "data": {"train": {**data, "root": str(root / "train")}, "eval": {**data, "root": str(root / "eval")}, "batch": 16, "workers": 1},
        "model": {"backbone": {"use": "groupnorm/conv", "width": 32, "blocks": 3},
                  "heads": {"main": {"use": "mlp/classes", "hidden": 32, "dropout": 0.1}}},
        "losses": [{"use": "focal/focal", "head": "main", "gamma": 2}],
        "optimizer": {"lr": 3e-3}, "schedule": {"steps": steps, "warmup_steps": 5},
        "eval": {"every_epochs": 0}, "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 1},
    }


def with_plugins(run, *arguments, **keywords):
    return run.run("--plugin-path", str(PLUGINS), *arguments, **keywords)


def four_parts_by_authors_learn_to_tell_directions():
    root = frames_folder()
    run = Run(classification(root))
    table = with_plugins(run, "--dry-run").stdout
    assert "frames/clips (frames 0.1.0)" in table and "FLOPs per sample" in table, table
    with_plugins(run)
    top1 = run.evals()[-1]["top1"]
    print(f"      held-out top-1 {top1:.1f} % (chance 25 %)")
    assert top1 >= 80, f"{top1} % held-out top-1 of clips that four of the authors' parts were trained on; chance is 25 %"


def shipped_heads_and_losses_learn_on_an_authors_backbone():
    root = frames_folder()
    value = classification(root)
    value["plugins"]["classify"] = "*"
    for head in ({"use": "classify/i3d", "dropout": 0.1}, {"use": "classify/linear", "init_scale": 1.0}):
        value["model"]["heads"]["main"] = head
        value["losses"] = [{"use": "classify/cross_entropy", "head": "main", "label_smoothing": 0.1}]
        run = Run(value)
        with_plugins(run)
        top1 = run.evals()[-1]["top1"]
        print(f"      {head['use']} on groupnorm/conv: held-out top-1 {top1:.1f} % (chance 25 %)")
        assert top1 >= 80, f"{head['use']} on groupnorm/conv: {top1} % held-out top-1; chance is 25 %"


def an_authors_head_and_loss_train_on_the_shipped_model():
    value = classification(frames_folder(), steps=120)
    value["plugins"]["videomae"] = "*"
    value["model"]["backbone"] = {"use": "videomae/vit", "dim": 48, "depth": 2, "heads": 2, "patch": 8}
    value["losses"].append({"use": "focal/focal", "head": "main", "gamma": 0, "weight": 0.5})
    run = Run(value)
    with_plugins(run)
    top1, losses = run.evals()[-1]["top1"], run.losses()
    print(f"      mlp/classes on videomae/vit: loss {losses[0]:.3f} -> {losses[-1]:.3f}, held-out top-1 {top1:.1f} % (chance 25 %)")
    assert losses[-1] < 0.6 * losses[0] and top1 >= 60, (losses, top1)


def a_damaged_file_is_replaced_and_named():
    root = frames_folder(train=128, held_out=4)
    (root / "train/up/clip3/4.ppm").unlink(missing_ok=True)
    (root / "train/up/clip3/4.pgm").write_bytes(b"P5 32 32 255\nshort")
    value = classification(root, steps=8)
    value["data"].pop("eval")
    run = Run(value)
    said = with_plugins(run)
    said = said.stdout + said.stderr + (run.work / "log.txt").read_text()
    assert "ends after 5 of 1024 bytes of pixels" in said and "clip3/4.pgm" in said, said


def masks_and_targets_by_authors_pretrain_the_shipped_model():
    value = {
        "vhost": 1, "name": "authors-pretrain", "task": "pretrain", "seed": 1, "threads": 1, "device": "cpu",
        "plugins": {"kinetics": "*", "videomae": "*", "checkerboard": "^0.1", "sobel": "^0.1"},
        "data": {"train": {"use": "kinetics/clips", "list": str(clips() / "train.txt"), "frames": 8, "stride": 2, "size": 32,
                           "crop": "center", "flip": 0}, "batch": 8, "workers": 1},
        "model": {"backbone": {"use": "videomae/vit", "dim": 48, "depth": 2, "heads": 2, "patch": 8},
                  "heads": {"main": {"use": "videomae/decoder", "dim": 32, "depth": 1, "heads": 2}}},
        "mask": {"use": "checkerboard/squares"}, "target": {"use": "sobel/edges", "log": True},
        "losses": [{"use": "videomae/mse", "head": "main"}],
        "optimizer": {"lr": 2e-3}, "schedule": {"steps": 24, "warmup_steps": 2},
        "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 1},
    }
    run = Run(value)
    with_plugins(run)
    losses = run.losses()
    print(f"      loss {losses[0]:.3f} -> {losses[-1]:.3f}")
    assert len(losses) == 24 and losses[-1] < 0.6 * losses[0], losses


def parts_that_do_not_fit_say_why():
    run = Run(classification(frames_folder(16, 4), steps=8))
    done = with_plugins(run, "--set", "model.backbone.groups=3", check=False)
    assert done.returncode == 1 and "/model/backbone/groups" in done.stderr and "doesn't divide block 0's 8 channels" in done.stderr, done.stderr
    done = with_plugins(run, "--set", "data.train.root=/no/such/folder", check=False)
    assert done.returncode == 1 and "/no/such/folder" in done.stderr, done.stderr


def they_keep_their_contracts():
    root = frames_folder(8, 4)
    for folder in sorted(PLUGINS.glob("*/*")):
        arguments = ["--set", f"clips.root={root / 'train'}"] if folder.parent.name == "frames" else []
        done = subprocess.run([VHOST, "plugin", "check", folder, *arguments], capture_output=True, text=True)
        print("      " + done.stdout.splitlines()[-1])
        assert done.returncode == 0, done.stdout + done.stderr


main({f.__name__: f for f in (
    four_parts_by_authors_learn_to_tell_directions,
    shipped_heads_and_losses_learn_on_an_authors_backbone,
    an_authors_head_and_loss_train_on_the_shipped_model,
    a_damaged_file_is_replaced_and_named,
    masks_and_targets_by_authors_pretrain_the_shipped_model,
    parts_that_do_not_fit_say_why,
    they_keep_their_contracts,
)})
