"""Runs the program for the end-to-end tests: manifests, clips, metrics."""
import atexit
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("VHOST_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("VHOST_BUILD_DIR", SOURCE / "build/release"))
VHOST = BUILD / "bin/vhost"
CLASSES = 8

if not VHOST.exists():
    print(f"skipped: {VHOST} isn't built")
    sys.exit(77)


def clips(train=48, held_out=16, size=32, frames=16, seed=1):
    """A folder of generated motion clips, made once per build folder."""
    folder = BUILD / "tests" / f"clips-{train}-{held_out}-{size}-{frames}-{seed}"
    if not (folder / "train.txt").exists():
        partial = pathlib.Path(tempfile.mkdtemp(dir=BUILD / "tests"))
        subprocess.run([BUILD / "bin/kinetics-motion-clips", "--out", partial, "--train", str(train), "--eval", str(held_out),
                        "--size", str(size), "--frames", str(frames), "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL)
        try:
            partial.rename(folder)
        except OSError:  # another test was faster
            shutil.rmtree(partial)
    return folder


def manifest(task, folder, **top):
    """A tiny VideoMAE on `folder`'s clips: 8 frames of 32 x 32, width 48."""
    data = {"use": "kinetics/clips", "frames": 8, "stride": 2, "size": 32, "crop": "center", "flip": 0, "classes": CLASSES}
    pretrain = task == "pretrain"
    value = {
        "vhost": 1, "name": f"e2e-{task}", "task": task, "seed": 3,
        "plugins": {"kinetics": "*", "videomae": "*", "classify": "*"}, "threads": 1, "device": "cpu",
        "data": {"train": {**data, "list": str(folder / "train.txt")}, "eval": {**data, "list": str(folder / "eval.txt")},
                 "batch": 8, "workers": 1},
        "model": {"backbone": {"use": "videomae/vit", "dim": 48, "depth": 2, "heads": 2, "patch": 8, "tubelet": 2},
                  "heads": {"main": {"use": "videomae/decoder", "dim": 32, "depth": 1, "heads": 2} if pretrain
                            else {"use": "classify/linear", "init_scale": 1.0}}},
        "losses": [{"use": "videomae/mse" if pretrain else "classify/cross_entropy", "head": "main"}],
        "optimizer": {"type": "adamw", "lr": 1e-3}, "schedule": {"steps": 12, "warmup_steps": 2},
        "checkpoint": {"every_epochs": 0, "every_steps": 5}, "log": {"every_steps": 1},
    }
    if pretrain:
        value["mask"] = {"use": "videomae/tube", "ratio": 0.75}
        value["target"] = {"use": "videomae/pixels"}
    value.update(top)
    return value


def temporary_folder():
    """Removed at exit; VHOST_KEEP=1 keeps it."""
    folder = tempfile.mkdtemp(prefix="vhost-e2e-")
    if not os.environ.get("VHOST_KEEP"):
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Run:
    """One work-dir. run() gives the finished process; the rest reads what it wrote."""

    def __init__(self, value, folder=None):
        self.folder = pathlib.Path(folder or temporary_folder())
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / "exp.json"
        self.path.write_text(json.dumps(value))
        self.work = self.folder / "run"

    def command(self, *arguments):
        return [str(VHOST), "--manifest", str(self.path), "--work-dir", str(self.work), *arguments]

    def environment(self, **extra):
        return {**os.environ, "VHOST_CACHE_DIR": str(BUILD / "tests/cache"), **extra}

    def run(self, *arguments, check=True, timeout=600, **environment):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, env=self.environment(**environment), timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(done.args)}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *arguments, **environment):
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=self.environment(**environment))

    def metrics(self):
        """Records without their timings."""
        lines = [json.loads(line) for line in (self.work / "metrics.jsonl").read_text().splitlines()]
        for line in lines:
            line.pop("time", None)
        return lines

    def losses(self):
        return [line["loss"] for line in self.metrics() if line["kind"] == "step"]

    def evals(self):
        return [line["metrics"] for line in self.metrics() if line["kind"] == "eval"]

    def newest(self):
        steps = [p for p in (self.work / "checkpoints").glob("step-*") if p.name[5:].isdigit()]
        return max(steps, key=lambda p: int(p.name[5:]), default=None)

    def weights_sha256(self, name="model.safetensors"):
        return hashlib.sha256((self.newest() / name).read_bytes()).hexdigest()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def main(cases):
    """Runs the named cases (all without arguments); prints one line each; exit code 1 if any failed."""
    names = sys.argv[1:] or list(cases)
    failed = 0
    for name in names:
        try:
            cases[name]()
            print(f"ok    {name}", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"FAIL  {name}: {error}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
