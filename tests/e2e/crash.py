"""A run that dies at any write, sync or rename of a checkpoint, or at a random moment, ends with the same weights once resumed.
On: dropout (drop path), EMA, accumulation, and a bad sample that is replaced."""
import json
import random
import time

from vhost_run import Run, clips, main, manifest

KILLS = 20
STEPS = 12


def experiment():
    folder = clips()
    value = manifest("train", folder, ema={"decay": 0.9})
    value["model"]["backbone"]["drop_path"] = 0.2
    value["model"]["heads"]["main"]["dropout"] = 0.3
    value["data"].update(batch=4, accumulate=2, bad_samples=0.1)
    value["data"].pop("eval")
    value["schedule"] = {"steps": STEPS, "warmup_steps": 2}
    run = Run(value)
    lines = (folder / "train.txt").read_text().splitlines()
    (run.folder / "broken.mp4").write_bytes(b"\0" * 4000)
    listing = run.folder / "list.txt"
    listing.write_text("\n".join(f"{folder}/{l}" if i != 3 else f"{run.folder}/broken.mp4 0" for i, l in enumerate(lines)) + "\n")
    value["data"]["train"]["list"] = str(listing)
    run.path.write_text(json.dumps(value))
    return run, value


def state(run):
    return [run.weights_sha256(n) for n in ("model.safetensors", "ema.safetensors", "optimizer.safetensors")] + [run.losses()]


WHOLE, VALUE = experiment()
WHOLE.run()
WANT = state(WHOLE)


def every_kill_point():
    killed = 0
    for point in range(1, 500):
        run = Run(VALUE)
        done = run.run(check=False, VHOST_FAULT=str(point))
        if done.returncode == 0:
            run.remove()
            break
        assert done.returncode == -9, f"kill point {point}: exit {done.returncode}\n{done.stderr}"
        killed += 1
        run.run()
        assert state(run) == WANT, f"kill point {point}: the resumed run ends elsewhere"
        run.remove()
    print(f"      {killed} kill points", flush=True)
    assert killed >= 40, f"only {killed} kill points were reached"


def random_kills():
    rng = random.Random(5)
    start = time.time()
    probe = Run(VALUE)
    probe.run()
    length = time.time() - start
    probe.remove()
    run = Run(VALUE)
    for _ in range(KILLS):
        process = run.start()
        try:
            process.wait(rng.uniform(0.3, 1.0) * length)
            if process.returncode == 0:  # finished: begin anew with the next kill
                assert state(run) == WANT, "a run that was killed and resumed ends elsewhere"
                run.remove()
                run = Run(VALUE)
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            process.kill()
            process.wait()
    run.run()
    assert state(run) == WANT, "after random kills the run ends elsewhere"


main({"every_kill_point": every_kill_point, "random_kills": random_kills})
