"""The engine from outside: determinism, accumulation, resume, signals, guards, tasks, precisions."""
import json
import signal
import time

from vhost_run import BUILD, Run, clips, main, manifest


def close(a, b, relative):
    return abs(a - b) <= relative * max(abs(a), abs(b), 1e-12)


def wait_for_records(run, count):
    path, deadline = run.work / "metrics.jsonl", time.time() + 120
    while time.time() < deadline and (not path.exists() or len(path.read_text().splitlines()) < count):
        time.sleep(0.02)


def same_seed_same_metrics():
    folder = clips()
    first, second = Run(manifest("pretrain", folder)), Run(manifest("pretrain", folder))
    third_value = manifest("pretrain", folder)
    third_value["data"]["workers"] = 3
    third = Run(third_value)
    for run in (first, second, third):
        run.run()
    assert first.metrics() == second.metrics(), "two processes with one seed differ"
    assert first.metrics() == third.metrics(), "the number of workers changes results"
    assert first.weights_sha256() == second.weights_sha256() == third.weights_sha256(), "weights differ"
    other = Run(manifest("pretrain", folder, seed=4))
    other.run()
    assert other.losses() != first.losses(), "the seed has no influence"


def accumulation_is_exact():
    folder = clips()
    for task in ("pretrain", "train"):
        runs = []
        for batch, accumulate in ((8, 1), (2, 4)):
            value = manifest(task, folder)
            value["data"].update(batch=batch, accumulate=accumulate)
            value["data"].pop("eval")
            runs.append(Run(value))
            runs[-1].run()
        for step, (a, b) in enumerate(zip(runs[0].losses(), runs[1].losses())):
            assert close(a, b, 2e-5), f"{task}, step {step}: {a} with one batch of 8, {b} with 4 micro-batches of 2"


def resume_after_sigterm_mid_epoch():
    folder = clips()
    value = manifest("train", folder, ema={"decay": 0.9})
    value["schedule"] = {"steps": 60, "warmup_steps": 2}
    value["model"]["backbone"]["drop_path"] = 0.2
    whole = Run(value)
    whole.run()
    value["data"]["workers"] = 3
    cut = Run(value)
    process = cut.start()
    wait_for_records(cut, 9)
    process.send_signal(signal.SIGTERM)
    code = process.wait(60)
    assert code == 143, f"SIGTERM must end with 143, not {code}"
    step = int(cut.newest().name[5:])
    assert 0 < step < 60, f"stopped at step {step}, not in the middle"
    cut.run()
    assert cut.metrics() == whole.metrics(), "a resumed run's records differ from the uninterrupted one's"
    for name in ("model.safetensors", "ema.safetensors", "optimizer.safetensors"):
        assert cut.weights_sha256(name) == whole.weights_sha256(name), f"{name} differs after resuming"


def a_cut_evaluation_is_made_up_for():
    folder = clips()
    value = manifest("train", folder)
    whole = Run(value)
    lines = [f"{folder}/{line}" for line in (folder / "eval.txt").read_text().splitlines()]
    (whole.folder / "long.txt").write_text("\n".join(40 * lines) + "\n")
    value["data"]["eval"]["list"] = str(whole.folder / "long.txt")
    whole.path.write_text(json.dumps(value))
    whole.run()
    cut = Run(value)
    process = cut.start()
    wait_for_records(cut, 6)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert not cut.evals() and cut.newest().name == "step-6", "the signal came too late to cut the evaluation"
    cut.run()
    assert cut.metrics() == whole.metrics(), "the evaluation that was cut is not in the resumed run's records"


def starting_anew_leaves_no_old_weights():
    run = Run(manifest("pretrain", clips()))
    run.run()
    old = run.weights_sha256()
    run.run("--no-resume", "--set", "optimizer.lr=1e-4")
    assert run.weights_sha256() != old, "--no-resume kept the earlier run's checkpoint of the same step"
    assert (run.work / "checkpoints.earlier" / run.newest().name).exists(), "the earlier run's checkpoints are lost"


def interrupt_exits_130():
    run = Run(manifest("pretrain", clips(), schedule={"steps": 100000}))
    process = run.start()
    wait_for_records(run, 2)
    process.send_signal(signal.SIGINT)
    code = process.wait(60)
    assert code == 130, f"SIGINT must end with 130, not {code}"
    assert run.newest() is not None, "no checkpoint was saved"


def nan_guard_names_step_and_parameter():
    value = manifest("train", clips(), optimizer={"type": "sgd", "lr": 1e30})
    done = Run(value).run(check=False)
    assert done.returncode == 1, f"exit code {done.returncode}"
    assert "error: step " in done.stderr and ("not finite" in done.stderr), done.stderr


def nan_guard_names_part_and_samples():
    stripes = {"use": "toy/stripes", "count": 8, "flat": [3, 5]}
    value = manifest("pretrain", clips(), plugins={"toy": "*", "videomae": "*"}, target={"use": "toy/pixels", "standardise": True},
                     mask={"use": "toy/random"}, losses=[{"use": "toy/mse", "head": "main"}])
    value["model"] = {"backbone": {"use": "toy/conv"}, "heads": {"main": {"use": "toy/linear"}}}
    value["data"] = {"train": stripes, "batch": 8, "workers": 1}
    done = Run(value).run("--plugin-path", str(BUILD / "tests/plugins"), check=False)
    assert done.returncode == 1, f"exit code {done.returncode}"
    for part in ("error: step 1: the loss is nan", "target.pixels of /target (toy/pixels)", "stripes/3", "stripes/5"):
        assert part in done.stderr, f"{part!r} is not in {done.stderr}"
    assert "stripes/4" not in done.stderr, done.stderr


def unreadable_samples_are_replaced_and_bounded():
    folder = clips()
    lines = (folder / "train.txt").read_text().splitlines()
    value = manifest("train", folder)
    value["data"].pop("eval")
    runs = []
    for broken in (1, 12):
        run = Run(value)
        listing = run.folder / "list.txt"
        (run.folder / "broken.mp4").write_bytes(b"\0" * 4000)
        label = lambda line: line.rsplit(" ", 1)[1]
        mixed = [f"{run.folder}/broken.mp4 {label(l)}" if i < broken else f"{folder}/{l}" for i, l in enumerate(lines)]
        listing.write_text("\n".join(mixed) + "\n")
        value["data"]["train"]["list"] = str(listing)
        run.path.write_text(json.dumps(value))
        runs.append((run, run.run(check=False)))
    run, done = runs[0]
    assert done.returncode == 0, done.stderr
    log = (run.work / "log.txt").read_text()
    assert "sample skipped" in log and "broken.mp4" in log, "the replaced sample isn't in the log"
    _, done = runs[1]
    assert done.returncode == 1 and "more than data.bad_samples allows" in done.stderr, done.stderr


def precisions_train():
    folder = clips()
    full = Run(manifest("pretrain", folder))
    full.run()
    for precision, tolerance in (("fp64", 1e-4), ("bf16", 0.05), ("fp16", 0.05)):
        run = Run(manifest("pretrain", folder, precision=precision))
        run.run()
        for a, b in zip(full.losses(), run.losses()):
            assert close(a, b, tolerance), f"{precision}: loss {b}, {a} in fp32"


def any_number_of_channels_trains():
    """A grey clip, one with two channels, and what is said where the normalisation is that of three."""
    for channels, normalize in ((1, {"mean": [128], "std": [64]}), (2, {"mean": [100, 140], "std": [64, 32]})):
        value = manifest("pretrain", clips(), schedule={"steps": 2})
        value["plugins"] = {"toy": "*", "videomae": "*"}
        value["data"] = {"train": {"use": "toy/stripes", "frames": 8, "size": 32, "channels": channels}, "batch": 4, "workers": 1,
                         "normalize": normalize}
        run = Run(value)
        run.run("--plugin-path", str(BUILD / "tests/plugins"), "--plugin-path", str(BUILD / "plugins"))
        assert len(run.losses()) == 2 and all(0 < loss < 10 for loss in run.losses()), run.losses()
        header = (run.newest() / "model.safetensors").read_bytes()
        shapes = json.loads(header[8:8 + int.from_bytes(header[:8], "little")])
        assert shapes["backbone.patch_embed.proj.weight"]["shape"][1] == channels, shapes
    del value["data"]["normalize"]
    done = Run(value).run("--plugin-path", str(BUILD / "tests/plugins"), "--plugin-path", str(BUILD / "plugins"), check=False)
    assert done.returncode == 1 and "/data/normalize/mean: needs one value or one per channel: 2, not 3" in done.stderr, done.stderr


def tasks_after_training():
    folder = clips()
    run = Run(manifest("train", folder))
    run.run()
    value = json.loads(run.path.read_text())
    test = Run({**value, "task": "test"})
    done = test.run("--checkpoint", str(run.work))
    result = json.loads((test.work / "test.json").read_text())
    last = run.evals()[-1]
    assert close(result["top1"], last["top1"], 1e-9) and close(result["loss"], last["loss"], 1e-6), f"test says {result}, training's last evaluation {last}"
    at = [record for record in run.metrics() if record["kind"] == "eval"][-1]
    assert f"test at step {at['step']}, epoch {at['epoch']:.2f}:  " in done.stdout, done.stdout
    bare = Run({**value, "task": "test"}).run("--checkpoint", str(run.newest() / "model.safetensors"))
    assert "test:  " in bare.stdout, bare.stdout  # of a file nobody knows how long it was trained
    videos = sorted(folder.rglob("*.mp4"))[:3]
    done = run_command(run, "predict", "--manifest", str(run.path), "--checkpoint", str(run.work), "--json", *map(str, videos))
    predictions = json.loads(done.stdout)
    assert [p["file"] for p in predictions] == [str(v) for v in videos], done.stdout
    for p in predictions:
        assert len(p["top"]) == 5 and 5 / 8 <= sum(t["score"] for t in p["top"]) + 1e-6 <= 1.0001 and p["top"][0]["score"] >= p["top"][1]["score"], p
    out = run.folder / "features.safetensors"
    run_command(run, "extract", "--manifest", str(run.path), "--checkpoint", str(run.work), "--output", str(out), *map(str, videos))
    header = json.loads(out.read_bytes()[8:8 + int.from_bytes(out.read_bytes()[:8], "little")])
    assert header["features"]["shape"] == [3, 48], header


def extracted_features_leave_class_tokens_out():
    folder = clips()
    value = manifest("train", folder, schedule={"steps": 1})
    value["plugins"]["mvit"] = "*"
    value["model"]["backbone"] = {"use": "mvit/mvit", "embed_dim": 16, "depth": 2, "heads": 1, "stage_starts": [1], "pool": "cls", "final_norm": False}
    run = Run(value)
    run.run()
    out = run.folder / "features.safetensors"
    written = []
    for pool in ("cls", "mean"):  # only the first gives the class token out
        run_command(run, "extract", "--manifest", str(run.path), "--work-dir", str(run.work), "--set", f"model.backbone.pool={pool}",
                    "--output", str(out), str(next(folder.rglob("*.mp4"))))
        written.append(out.read_bytes())
    assert written[0] == written[1], "the class token is part of the mean"


def run_command(run, *arguments):
    import subprocess
    from vhost_run import VHOST
    done = subprocess.run([str(VHOST), *arguments], capture_output=True, text=True, env=run.environment(), timeout=300)
    assert done.returncode == 0, f"{' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def pretrained_weights_reach_fine_tuning():
    folder = clips()
    first = Run(manifest("pretrain", folder))
    first.run()
    value = manifest("train", folder, init={"from": str(first.work), "prefix": "backbone.", "strict": False})
    second = Run(value)
    second.run()
    assert "weights from" in (second.work / "log.txt").read_text()
    wrong = Run({**value, "init": {"from": str(first.work), "prefix": "", "strict": True}})
    done = wrong.run(check=False)
    assert done.returncode == 1 and "lacks" in done.stderr and "heads.main" in done.stderr, done.stderr
    assert "\"prefix\": \"backbone.\" takes the backbone alone" in done.stderr, done.stderr


def a_dry_run_says_what_the_run_would_of_its_start():
    folder = clips()
    first = Run(manifest("pretrain", folder))
    first.run()
    fits = Run(manifest("train", folder, init={"from": str(first.work), "prefix": "backbone."}))
    dry = fits.run("--dry-run").stdout
    assert "parameters" in dry and not fits.newest(), dry
    for init in ({"from": str(first.work)}, {"from": str(first.work), "prefix": "necks."}):
        lacking = Run(manifest("train", folder, init=init))
        errors = [lacking.run(*arguments, check=False).stderr.splitlines()[-1:] for arguments in (["--dry-run"], [])]
        assert errors[0] == errors[1] and errors[1][0].startswith("error: "), errors
    other = manifest("train", folder, init={"from": str(first.work), "prefix": "backbone."})
    other["model"]["backbone"]["dim"] *= 2
    done = Run(other).run("--dry-run", check=False)
    assert done.returncode == 1 and "has shape" in done.stderr, done.stderr
    # What resumes doesn't start from them, so that they needn't fit any more.
    resumed = Run(manifest("train", folder), folder=fits.folder)
    resumed.run()
    Run(manifest("train", folder, init={"from": str(first.work)}), folder=fits.folder).run("--dry-run")


main({name: case for name, case in list(globals().items()) if callable(case) and getattr(case, "__module__", "") == "__main__"
      and name not in ("close", "wait_for_records", "run_command")})
