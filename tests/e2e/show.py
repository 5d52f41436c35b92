"""`vhost show` and the picture that pre-training keeps: files, sizes, determinism, refusals, and no influence on the run."""
import struct
import subprocess

from toy_run import has, refused
from vhost_run import VHOST, Run, clips, main, manifest

TILE, GAP, FRAMES = 192, 4, 4  # 32 x 32 enlarged 6 times; 8 frames are 4 moments of 2


def show(run, *arguments, check=True):
    done = subprocess.run([str(VHOST), "show", "--manifest", str(run.path), "--work-dir", str(run.work), *map(str, arguments)],
                          capture_output=True, text=True, env=run.environment(), timeout=600)
    if check:
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    return struct.unpack(">II", data[16:24])


def short(task, **top):
    value = manifest(task, clips(), **top)
    value["schedule"] = {"steps": 2}
    return value


def pretraining_is_drawn():
    run = Run(short("pretrain"))
    run.run()
    kept = run.work / "pictures/prediction.png"
    one = run.folder / "one.png"
    done = show(run)
    assert done.stdout.strip() == str(run.work / "show.png"), done.stdout
    width, height = size(run.work / "show.png")
    assert width > FRAMES * (TILE + GAP) and height > 6 * TILE, (width, height)
    assert size(kept) == (width, height), "the run's own picture has another size"
    has((run.work / "report.html").read_text(), "Input, masked input, target and prediction", "data:image/png;base64")

    show(run, "--output", one)
    assert one.read_bytes() == (run.work / "show.png").read_bytes(), "two calls differ"
    show(run, "--seed", 11, "--output", one)
    assert one.read_bytes() != (run.work / "show.png").read_bytes(), "the seed has no influence"
    show(run, "--index", "0,3", "--output", one)
    assert size(one)[1] > 2 * 6 * TILE, size(one)

    show(run, "--index", "0,3", "--output", run.folder / "both")
    again = show(run, "--index", "3,0,3", "--output", run.folder / "both").stdout.split()
    assert [word.split("/")[-1] for word in again] == ["sample-3.png", "sample-0.png"], again
    names = sorted(p.name for p in (run.folder / "both").iterdir())
    assert names == ["sample-0.png", "sample-3.png"], names
    show(run, "--train", "--index", "1", "--output", one)
    clip = next(clips().rglob("*.mp4"))
    done = show(run, clip, "--checkpoint", run.newest(), "--output", one)
    assert size(one) == (width, height), size(one)


def fresh_weights_only_when_asked_for():
    run = Run(short("pretrain"))
    refused(show(run, check=False), "no weights", "--checkpoint", "--fresh")
    show(run, "--fresh")
    assert size(run.work / "show.png")
    assert not (run.work / "checkpoints").exists()


def labelled_data_is_shown_too():
    run = Run(short("train"))
    run.run()
    assert not (run.work / "pictures").exists(), "supervised training draws no prediction"
    show(run)
    width, height = size(run.work / "show.png")
    assert TILE < height < 2 * TILE + 100, (width, height)  # one row: the input, with label and best classes
    assert width > 8 * (TILE + GAP), (width, height)


def wrong_uses_are_refused():
    run = Run(short("pretrain"))
    refused(show(run, "--fresh", "--index", 99, check=False), "--index 99", "/data/eval", "has 16 samples")
    refused(show(run, "--fresh", "--output", "a.jpg", check=False), "a.jpg", ".png")
    refused(show(run, "--fresh", "missing.mp4", check=False), "missing.mp4")
    both = show(run, "--fresh", "--checkpoint", run.folder, check=False)
    assert both.returncode == 2 and "--fresh" in both.stderr, both.stderr
    no_data = short("pretrain")
    del no_data["data"]["eval"]
    only_train = Run(no_data)
    show(only_train, "--fresh")
    assert size(only_train.work / "show.png")


def pictures_have_no_influence():
    value = short("pretrain", ema={"decay": 0.5}, eval={"every_epochs": 1})
    value["schedule"] = {"steps": 4}
    value["data"]["batch"] = 24  # two steps an epoch
    drawn, hindered = Run(value), Run(value)
    drawn.run()
    hindered.work.mkdir()
    (hindered.work / "pictures").write_text("no folder")
    done = hindered.run()
    has(done.stdout + done.stderr, "no picture: ")
    assert drawn.metrics() == hindered.metrics(), "drawing changes the run"
    assert drawn.weights_sha256() == hindered.weights_sha256(), "drawing changes the weights"
    assert (drawn.work / "pictures/prediction.png").exists()
    del value["data"]["eval"]
    without = Run(value)
    without.run()
    assert size(without.work / "pictures/prediction.png"), "no picture at the end of a run without data.eval"


main({case.__name__: case for case in (pretraining_is_drawn, fresh_weights_only_when_asked_for, labelled_data_is_shown_too,
                                       wrong_uses_are_refused, pictures_have_no_influence)})
