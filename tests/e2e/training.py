"""The total batch and the rate scaled by it, freezing, early stopping, the best checkpoint: on whole runs, and resumed."""
import json
import pathlib

from recipe import read_tensors
from toy_run import experiment, has, refused
from vhost_run import BUILD, Run, clips, main, manifest

TOY = ("--plugin-path", str(BUILD / "tests/plugins"))
EPOCHS = 8


def toy(**top):
    """An epoch is two steps, after which it is evaluated."""
    value = experiment(schedule={"epochs": EPOCHS}, eval={"every_epochs": 1}, **top)
    value["data"]["eval"] = {"use": "toy/stripes", "count": 8}
    return value


def ran(value, *arguments):
    run = Run(value)
    run.output = run.run(*TOY, *arguments).stdout
    return run


def steps_kept(run):
    return sorted(int(p.name[5:]) for p in (run.work / "checkpoints").glob("step-*"))


def status(run):
    return run.run(*TOY).stdout


def state_of(run):
    return json.loads((run.newest() / "state.json").read_text())


def a_total_batch_accumulates_and_scales_the_rate():
    value = experiment(schedule={"steps": 2, "warmup_steps": 1, "warmup_lr": 0.01, "min_lr": 0.02})
    value["optimizer"].update(lr=0.4, lr_scale_rule="linear")
    value["data"].update(batch=4, total_batch=16)
    scaled = ran(value)
    has(scaled.output, "recipe: batch 16 = 4 x 4 accumulated x 1 process; lr 2.500e-02 = 4.000e-01 x 16/256 (linear)", "a step sees 16 samples, fewer than 256")
    plain = experiment(schedule={"steps": 2, "warmup_steps": 1, "warmup_lr": 0.01 / 16, "min_lr": 0.02 / 16})
    plain["optimizer"]["lr"] = 0.4 / 16
    plain["data"].update(batch=4, accumulate=4)
    other = ran(plain)
    state = state_of(scaled)
    assert (state["total_batch"], state["lr"], state["lr_scale_rule"]) == (16, 0.025, "linear"), state
    has(other.output, "batch 16 = 4 x 4 accumulated x 1 process; lr 2.500e-02 as given")
    assert scaled.losses() == other.losses() and scaled.weights_sha256() == other.weights_sha256()
    assert "fewer than 256" not in other.output, "a recipe that states no base batch is warned"
    value["optimizer"]["base_batch"] = 16
    has(ran(value, "--dry-run").output, "4.000e-01 = 4.000e-01 x 16/16 (linear)")
    value["data"].update(repeats=2)
    has(ran(value, "--dry-run").output, "accumulated x 1 process, of 8 samples", "4.000e-01 x 8/16")


def frozen_run(drop_path, freeze, steps):
    value = manifest("train", clips(), checkpoint={"every_epochs": 0}, schedule={"steps": steps})
    value["data"].pop("eval")
    value["model"]["backbone"]["drop_path"] = drop_path
    value["model"]["freeze"] = freeze
    run = Run(value)
    run.run()
    return run


def what_is_frozen_stays_and_runs_as_in_evaluation():
    still, dropping = frozen_run(0, "backbone", 3), frozen_run(0.5, "backbone", 3)
    assert still.losses() == dropping.losses(), "drop path acts in a frozen backbone"
    optimizer, weights = (read_tensors(still.newest() / name) for name in ("optimizer.safetensors", "model.safetensors"))
    assert not [name for name in optimizer if "backbone." in name], "frozen weights have optimiser state"
    assert [name for name in optimizer if "heads.main." in name]
    partly = frozen_run(0, ["*.attn.*", "backbone.patch_embed.*"], 3)
    optimizer, after = (read_tensors(partly.newest() / name) for name in ("optimizer.safetensors", "model.safetensors"))
    for name in after:
        frozen = ".attn." in name or "patch_embed" in name
        assert (after[name] == weights[name]) == frozen or "heads." in name, f"{name}: frozen is {frozen}"
        assert ("exp_avg." + name in optimizer) != frozen, f"{name}: optimiser state"


def a_frozen_head_teaches_the_backbone():
    before, after = (read_tensors(ran(toy(model={**experiment()["model"], **freeze})).newest() / "model.safetensors") for freeze in ({}, {"freeze": ["heads.*"]}))
    start = read_tensors(ran(toy(optimizer={"lr": 0})).newest() / "model.safetensors")
    for name in start:
        head = name.startswith("heads.")
        assert (start[name] == after[name]) == head and (start[name] != before[name] or not head), f"{name} after training under a frozen head"


def blocks_that_are_frozen_whole_run_as_in_evaluation():
    def losses_of(drop_path, freeze):
        return frozen_run(drop_path, freeze, 2).losses()
    whole, part = ["backbone.blocks.1.*"], ["backbone.blocks.1.attn.*"]  # block 0 has no drop path
    assert losses_of(0, whole) == losses_of(0.9, whole), "drop path acts in a frozen block"
    assert losses_of(0, part) != losses_of(0.9, part), "drop path is off in a block that learns"


def the_first_loss_is_told_beside_an_untrained_models():
    value = toy(checkpoint={"every_steps": 1})
    run = ran(value)
    has(run.output, "the first loss is 1.", "predictions of zero would cost 1.386, about where an untrained model begins")  # ln 4
    run.path.write_text(json.dumps({**value, "schedule": {"epochs": EPOCHS + 1}}))
    assert "the first loss" not in status(run), "a resumed run tells it again"
    value["data"].update(batch=4, accumulate=2)
    has(ran(value).output, "would cost 1.386,")
    far = manifest("train", clips(), schedule={"steps": 1})
    far["model"]["heads"]["main"]["init_scale"] = 1000.0
    run = Run(far)
    has(run.run().stdout, "predictions of zero would cost 2.079, about where an untrained model begins: far from it; look at labels")  # ln 8
    pretrain = Run(manifest("pretrain", clips(), schedule={"steps": 1}))
    has(pretrain.run().stdout, "predictions of zero would cost 0.98")  # normalised by the unbiased deviation of 128 values: at most 127 / 128


def a_run_whose_losses_are_no_numbers_goes_on_where_the_guard_is_off():
    value = toy(nan_guard="off", optimizer={"lr": 1e300}, log={"every_steps": 7}, checkpoint={"every_steps": 3, "every_epochs": 0, "best": "loss"})
    run = ran(value)
    has(run.output, "loss nan", "8 of 8 samples got no score that is a number")
    assert "value" not in state_of(run)["best"], state_of(run)["best"]
    run.path.write_text(json.dumps({**value, "schedule": {"epochs": EPOCHS + 1}}))
    has(status(run), "resume: at step 16")


def what_cannot_be_frozen_or_followed_is_refused():
    def wrong(*text, **top):
        refused(Run(toy(**top)).run(*TOY, "--dry-run", check=False), *text)
    model = experiment()["model"]
    wrong('/model/freeze/0: "backbone.layers.*" matches no parameter; the first is named backbone.', model={**model, "freeze": ["backbone.layers.*"]})
    wrong("/model/freeze: leaves no parameter that learns", model={**model, "freeze": ["*"]})
    wrong('/model/freeze: must be backbone, or a list of names, not "head"', model={**model, "freeze": "head"})
    lacks = toy(checkpoint={"best": "loss"})
    lacks["data"].pop("eval")
    refused(Run(lacks).run(*TOY, "--dry-run", check=False), "/checkpoint/best: goes by evaluations: give data.eval a dataset")
    known = "; they have: loss, top1, top5, mean_class_accuracy, f1_macro, f1_micro"
    wrong('/checkpoint/best: evaluations have no metric "top7"' + known, checkpoint={"best": "top7"})
    two = [{"use": "toy/xent"}, {"use": "toy/xent", "weight": 0.5}]
    wrong('/checkpoint/best: evaluations have no metric "loss.main"; they have: loss, loss.main.xent, loss.main.xent.1, top1', checkpoint={"best": "loss.main"}, losses=two)
    run = Run(toy(losses=two, checkpoint={"best": "loss.main.xent.1"}))
    run.run(*TOY)
    assert state_of(run)["best"]["value"] > 0
    stops = toy()
    stops["schedule"]["early_stop"] = {"metric": "accuracy"}
    refused(Run(stops).run(*TOY, check=False), '/schedule/early_stop/metric: evaluations have no metric "accuracy"' + known)
    stops["schedule"]["early_stop"], stops["eval"] = {}, {"every_epochs": 0}
    refused(Run(stops).run(*TOY, "--dry-run", check=False), "/schedule/early_stop: goes by evaluations on the way, and /eval/every_epochs is 0")
    refused(Run(experiment(schedule={"steps": 5, "warmup_epochs": 1e300})).run(*TOY, "--dry-run", check=False), "longer than the run of 5")
    refused(ran(toy(checkpoint={"every_epochs": 1})).run(*TOY, "--set", "task=test", "--checkpoint", "best", check=False), "names no best checkpoint: set checkpoint.best")


def the_best_is_kept_beside_the_newest():
    run = ran(toy(optimizer={"lr": 0}, checkpoint={"best": "loss", "keep": 2, "every_epochs": 1}))
    assert steps_kept(run) == [2, 14, 16], f"every evaluation is as good as the first: {steps_kept(run)}"
    run.run(*TOY, "--set", "task=test", "--checkpoint", "best")
    assert json.loads((run.work / "test.json").read_text())["checkpoint"].endswith("step-2")
    started = Run(toy(optimizer={"lr": 0}, init={"from": f"{run.work}/best"}))
    started.run(*TOY)
    has((started.work / "log.txt").read_text(), f"weights from {run.work}/checkpoints/step-2\n")
    nowhere = Run(toy(init={"from": f"{run.work}/step-3"}))
    refused(nowhere.run(*TOY, check=False), f"/init/from: {run.work}: holds no complete checkpoint step-3; there are step-2, step-14, step-16")
    test = ("--set", "task=test", "--checkpoint")
    refused(run.run(*TOY, *test, "step-3", check=False), f"{run.work}: holds no complete checkpoint step-3; there are step-2,")
    refused(nowhere.run(*TOY, *test, "last", check=False), f"--checkpoint last: {nowhere.work} holds no checkpoints of a run")
    refused(nowhere.run(*TOY, *test, f"{run.work}/first", check=False), f"--checkpoint {run.work}/first: no such file or folder")
    learning = ran(toy(optimizer={"lr": 1e-2}, checkpoint={"best": "loss", "keep": 1, "every_epochs": 0}))
    values = {line["step"]: line["metrics"]["loss"] for line in learning.metrics() if line["kind"] == "eval"}
    best = min(values, key=values.get)
    assert steps_kept(learning) == sorted({best, 16}) and state_of(learning)["best"]["value"] == values[best]


def a_run_that_gets_no_better_stops_and_stays_stopped():
    keys = {"metric": "loss", "patience": 3, "min_delta": 1000}
    value = toy(checkpoint={"every_epochs": 1})
    value["schedule"]["early_stop"] = keys
    run = ran(value)
    assert run.newest().name == "step-8" and len(run.losses()) == 8, f"one evaluation and three more, then the end: {run.newest()}"
    has(run.output, "stopped early at step 8: 3 evaluations were no better than loss ", " at step 2")
    has(status(run), "stopped early at step 8")
    assert len(run.losses()) == 8, "a stopped run went on"
    whole = ran(toy(checkpoint={"every_epochs": 1}))
    assert whole.losses()[:8] == run.losses(), "stopping early changed what came before"
    value["schedule"]["early_stop"]["patience"] = 99
    run.path.write_text(json.dumps(value))
    run.run(*TOY)
    assert run.losses() == whole.losses(), "with more patience the run goes on as if it had never stopped"


def everything_together_resumes_bit_for_bit():
    value = toy(ema={"decay": 0.9, "warmup": True}, checkpoint={"every_epochs": 0, "every_steps": 3, "keep": 1, "best": "top1"})
    value["optimizer"].update(lr=0.3, lr_scale_rule="linear", base_batch=16)
    value["data"].update(batch=4, total_batch=8)
    value["model"]["freeze"] = [next(name for name in first_weights(value) if name.startswith("backbone."))]
    value["schedule"]["early_stop"] = {"metric": "loss", "patience": 4, "min_delta": 0.02}
    whole = ran(value)
    want = [whole.weights_sha256(name) for name in ("model.safetensors", "ema.safetensors", "optimizer.safetensors")]
    want += [whole.losses(), whole.evals(), state_of(whole)]
    best, last = want[-1]["best"]["step"], want[-1]["step"]
    assert 0 < best < last and steps_kept(whole) == [best, last], (best, last, steps_kept(whole))
    killed = 0
    for point in range(4, 400, 13):
        run = Run(value)
        done = run.run(*TOY, check=False, VHOST_FAULT=str(point))
        if done.returncode == 0:
            break
        assert done.returncode == -9, f"kill point {point}: exit {done.returncode}\n{done.stderr}"
        killed += 1
        run.run(*TOY)
        got = [run.weights_sha256(name) for name in ("model.safetensors", "ema.safetensors", "optimizer.safetensors")]
        got += [run.losses(), run.evals(), state_of(run)]
        assert {best, last} <= set(steps_kept(run)), f"kill point {point}: only {steps_kept(run)} is left"
        assert got == want, f"kill point {point}: the resumed run ends elsewhere: {got} for {want}"
        run.remove()
    print(f"      {killed} kill points", flush=True)
    assert killed >= 8, f"only {killed} kill points were reached"


def first_weights(value):
    run = Run({**value, "schedule": {"steps": 1}, "checkpoint": {}, "data": {**value["data"], "eval": None}})
    run.run(*TOY)
    return sorted(read_tensors(run.newest() / "model.safetensors"))


if __name__ == "__main__":
    main({case.__name__: case for case in (
        a_total_batch_accumulates_and_scales_the_rate, what_is_frozen_stays_and_runs_as_in_evaluation, a_frozen_head_teaches_the_backbone,
        blocks_that_are_frozen_whole_run_as_in_evaluation, the_first_loss_is_told_beside_an_untrained_models,
        a_run_whose_losses_are_no_numbers_goes_on_where_the_guard_is_off, what_cannot_be_frozen_or_followed_is_refused,
        the_best_is_kept_beside_the_newest, a_run_that_gets_no_better_stops_and_stays_stopped, everything_together_resumes_bit_for_bit)})
