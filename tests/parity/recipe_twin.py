"""Repeats 50 optimiser steps of a whole recipe in plain PyTorch: from the same weights, batches and draws, its own arithmetic.

    recipe_twin.py videomae_finetune|maskfeat_pretrain|mvit_finetune [--steps 50]

vhost runs a tiny model by the recipe and dumps its weights, batches and draws of mixing (VHOST_DUMP). The twin's models are
Hugging Face's VideoMAE and torchvision's MViT, timm's soft labels, loss and average of the weights; groups, layer decay, schedule,
mixing, accumulation and clipping are written out here from the recipes' scripts. Compared at every step: the loss (1e-4 relative), every
parameter's learning rate (1e-5) and its weight decay; at the end the averaged weights. (Where every step is clipped, as in
MaskFeat's pre-training, AdamW hardly sees to what: the constant shows in mvit_finetune, of which every other step is.) Exit code 0, 1, or 77 if a tool is missing.
"""
import argparse
import json
import math
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
try:
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file
    from timm.data.mixup import mixup_target
    from timm.loss import SoftTargetCrossEntropy
    from timm.utils import ModelEmaV3

    import hf
    import maskfeat_twin
    import mvit
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

from vhost_run import Run, clips, temporary_folder  # noqa: E402

LOSS, RATE = 1e-4, 1e-5
AVERAGE = 1e-3  # of the way that a weight has gone: AdamW makes whole steps of gradients that are all rounding
CLASSES, SIZE, FRAMES = 8, 32, 8
VIT = {"use": "videomae/vit", "dim": 48, "depth": 3, "heads": 2, "patch": 8, "tubelet": 2}
MVIT = {"use": "mvit/mvit", **mvit.TINY}
SMOOTHING = 0.1
SOFT = {"use": "classify/cross_entropy", "label_smoothing": SMOOTHING}
MIX = {"mixup": 0.8, "cutmix": 1.0}


def manifest(name, steps, task, backbone, head, loss, data, optimizer, schedule, **top):
    size = data.pop("size", SIZE)
    folder = clips(train=128, held_out=16, size=size)
    clip = {"use": "kinetics/clips", "list": str(folder / "train.txt"), "size": size, "classes": CLASSES, "frames": FRAMES, "stride": 1}
    plugins = {part["use"].split("/")[0]: "*" for part in (clip, backbone, head, loss, top.get("mask"), top.get("target")) if part}
    return {
        "vhost": 1, "name": name, "task": task, "threads": 1, "device": "cpu", "plugins": plugins,
        "data": {"train": clip, "workers": 1, **data}, "model": {"backbone": backbone, "heads": {"main": head}}, "losses": [loss],
        "optimizer": optimizer, "schedule": {"steps": steps, **schedule}, "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 1}, **top,
    }


def videomae_finetune(steps):
    """VideoMAE's run_class_finetuning: layer decay, warm-up from 0, smoothing folded into the mixed labels, an average."""
    return manifest("videomae_finetune", steps, "train", VIT, {"use": "classify/linear", "init_scale": 1}, SOFT,
                    {"batch": 4, "repeats": 2, "total_batch": 8, "mix": MIX}, {"lr": 0.2, "lr_scale_rule": "linear", "layer_decay": 0.75},
                    {"warmup_steps": 5, "warmup_end": "last", "min_lr": 6e-5}, ema={"decay": 0.9, "warmup": True})


def maskfeat_pretrain(steps):
    """MMPretrain's MaskFeat on video: the gradient's norm at most 0.02; class token undecayed, mask token and tables decayed."""
    backbone = {**MVIT, "dim_mul": "mlp", "mask_unit": [2, 16, 16]}
    return manifest("maskfeat_pretrain", steps, "pretrain", backbone, {"use": "maskfeat/linear"}, {"use": "maskfeat/masked_l2"},
                    {"batch": 4, "size": 64}, {"lr": 1e-3, "clip_grad": 0.02}, {"warmup_steps": 5, "warmup_end": "last", "warmup_lr": 1e-7, "min_lr": 1e-6},
                    mask={"use": "maskfeat/cube3d", "mode": "replace"}, target={"use": "maskfeat/hog"})


def mvit_finetune(steps):
    """MMPretrain's fine-tuning of MViT: layer decay 0.75, the norm at most 5 (every other step is clipped), Mixup or CutMix of every batch."""
    return manifest("mvit_finetune", steps, "train", {**MVIT, "dim_mul": "mlp"},
                    {"use": "classify/linear", "pool": "cls", "fc_norm": False, "init_scale": 1}, SOFT,
                    {"batch": 8, "mix": {**MIX, "pair": "permutation"}},
                    {"lr": 2e-3, "layer_decay": 0.75, "clip_grad": 5}, {"warmup_steps": 10, "warmup_lr": 2e-3 / 600, "min_lr": 2e-3 / 600})


RECIPES = {recipe.__name__: recipe for recipe in (videomae_finetune, maskfeat_pretrain, mvit_finetune)}


class VideoMae:
    def __init__(self, keys):
        shape = {"frames": FRAMES, "size": SIZE, "channels": 3, "tubelet": keys["tubelet"], "patch": keys["patch"]}
        cfg = hf.config(shape, (keys["dim"], keys["depth"], keys["heads"], 16, 1, 1), CLASSES, pretrain=False)
        self.model, self.table, self.depth = hf.build(cfg, False, torch.float32), hf.names(cfg, False), keys["depth"]
        owners = {theirs: ours for ours, all_theirs in self.table.items() for theirs in all_theirs}
        self.named = {name: (owners[name], p) for name, p in self.model.named_parameters()}

    def load(self, weights):
        hf.load_ours(self.model, weights, self.table)

    def loss(self, video, batch, labels):
        return SoftTargetCrossEntropy()(self.model(video.transpose(1, 2).contiguous()).logits, labels)

    def undecayed(self, name):
        return False

    def ours(self, tensors):
        return hf.to_ours(tensors, self.table)


class Torchvision:
    """torchvision's MViT under our names: self.named is name -> (our name, parameter)."""

    def load(self, weights):
        assert weights.keys() == {ours for ours, _ in self.named.values()}
        with torch.no_grad():
            for ours, parameter in self.named.values():
                parameter.copy_(weights[ours].view_as(parameter))

    def ours(self, tensors):
        return {ours: tensors[name] for name, (ours, _) in self.named.items()}


class MvitClassifier(Torchvision):
    def __init__(self, keys):
        case = mvit.case("twin", shape=(FRAMES, SIZE, SIZE), widths=mvit.TINY, dim_mul="mlp", classes=CLASSES)
        self.model, self.depth = mvit.Reference(case).model, keys["depth"]
        self.model.head = torch.nn.Sequential(self.model.head[-1])  # its dropout of 0 left out
        self.named = {name: (mvit.our_name(name, case), p) for name, p in self.model.named_parameters()}

    def loss(self, video, batch, labels):
        return SoftTargetCrossEntropy()(self.model(video), labels)

    def undecayed(self, name):
        return False  # only what is one-dimensional


class MaskFeat(Torchvision):
    def __init__(self, keys):
        self.model, self.depth = maskfeat_twin.VideoModel(keys, FRAMES, 64), keys["depth"]
        ours = {id(p): name for name, p in self.model.ours().items()}
        self.named = {name: (ours.get(id(p), "heads.main." + name), p) for name, p in self.model.named_parameters()}

    def loss(self, video, batch, labels):
        predicted, mask = self.model(video, batch["mask.bool"])
        frames = batch["raw"][:, ::batch["raw"].shape[1] // self.model.frames]
        target = maskfeat_twin.hog(frames.flatten(0, 1), self.model.grid).unflatten(0, frames.shape[:2]).flatten(1, 2).float()
        return ((predicted - target).square().mean(2) * mask).sum() / mask.sum()

    def undecayed(self, name):
        return name == "backbone.cls_token"


MODELS = {"videomae_finetune": VideoMae, "maskfeat_pretrain": MaskFeat, "mvit_finetune": MvitClassifier}


def mixed_labels(label, partner, own):
    """timm smooths the one-hot labels and then mixes those of a flipped batch; mmaction2 mixes with any partner, then smooths."""
    if torch.equal(partner, torch.arange(len(label)).flip(0)):
        return mixup_target(label, CLASSES, own, SMOOTHING)
    one_hot = F.one_hot(label, CLASSES).float()
    return (one_hot * own + one_hot[partner] * (1 - own)) * (1 - SMOOTHING) + SMOOTHING / CLASSES


def mix(video, batch):
    """Pixels and labels as timm's Mixup in batch mode does; partners, share and box are the run's."""
    assert batch["mix.kind"].item() > 0, "prob is 1"
    partner, own = batch["mix.partner"], batch["mix.own"].item()
    if batch["mix.kind"].item() == 1:
        video = video * own + video[partner] * (1 - own)
    else:
        top, left, height, width = batch["mix.box"].tolist()
        video = video.clone()
        video[..., top:top + height, left:left + width] = video[partner][..., top:top + height, left:left + width]
        assert abs(own - (1 - height * width / SIZE**2)) < 1e-12, "labels aren't shared by the box's area"
    return video, mixed_labels(batch["label"], partner, own)


class Recipe:
    def __init__(self, name, folder):
        self.folder, self.run = folder, json.loads((folder / "run.json").read_text())
        self.manifest = self.run["manifest"]
        self.keys = self.manifest["optimizer"]
        self.net = MODELS[name](self.manifest["model"]["backbone"])
        weights = load_file(folder / "weights.safetensors")
        self.net.load(weights)
        self.net.model.train()
        self.optimizer = torch.optim.AdamW([self.group(ours, p, weights) for ours, p in self.net.named.values()],
                                           lr=0.0, betas=tuple(self.keys["betas"]), eps=self.keys["eps"])
        ema = self.manifest.get("ema")
        self.average = ModelEmaV3(self.net.model, decay=ema["decay"], use_warmup=ema["warmup"]) if ema else None

    def group(self, ours, parameter, weights):
        """Scale and decay as the scripts' param groups: id 0 for the embedding, i + 1 for block i, depth + 1 for the rest."""
        block = re.match(r"backbone\.blocks\.(\d+)\.", ours)
        below = re.match(r"backbone\.(patch_embed|pos_embed|cls_token|mask_token)", ours)
        layer = int(block[1]) + 1 if block else 0 if below else self.net.depth + 1
        flat = weights[ours].dim() <= 1  # torchvision's class token is flat, PySlowFast's isn't
        still = flat or ours.endswith("bias") or self.net.undecayed(ours)
        return {"params": [parameter], "name": ours, "scale": self.keys["layer_decay"] ** (self.net.depth + 1 - layer),
                "weight_decay": 0.0 if still else self.keys["weight_decay"]}

    def rate(self, step):
        s, peak = dict(self.manifest["schedule"]), self.keys["lr"]
        if self.keys["lr_scale_rule"] == "linear":  # VideoMAE's scripts: args.lr, min_lr and warmup_lr * total_batch_size / 256
            data = self.manifest["data"]
            factor = data["total_batch"] / data["repeats"] / 256  # its num_sample is left out
            peak, s["min_lr"], s["warmup_lr"] = peak * factor, s["min_lr"] * factor, s["warmup_lr"] * factor
        warm, total = self.run["warmup_steps"], self.run["total_steps"]
        if step < warm:
            if s["warmup_end"] == "last":  # numpy.linspace in VideoMAE's scripts
                return torch.linspace(s["warmup_lr"], peak, warm, dtype=torch.float64)[step].item()
            return s["warmup_lr"] + (peak - s["warmup_lr"]) * step / warm
        return s["min_lr"] + 0.5 * (peak - s["min_lr"]) * (1 + math.cos(math.pi * (step - warm) / (total - warm)))

    def batches(self, step):
        first = self.folder / f"step-{step:06d}.safetensors"
        yield load_file(first)
        for i in range(1, self.manifest["data"].get("total_batch", 0) // self.manifest["data"]["batch"]):
            yield load_file(first.with_name(f"step-{step:06d}-{i}.safetensors"))

    def micro_loss(self, batch):
        normalize = self.manifest["data"]["normalize"]
        video = ((batch["raw"].float() - torch.tensor(normalize["mean"])) / torch.tensor(normalize["std"])).permute(0, 4, 1, 2, 3)
        labels = None
        if self.run["task"] == "train":
            video, labels = mix(video, batch)
        return self.net.loss(video, batch, labels)

    def step(self, step):
        """The loss, and our names -> (rate, decay) of this step."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(step) * group["scale"]
        self.optimizer.zero_grad()
        batches = list(self.batches(step))
        total = 0.0
        for batch in batches:
            loss = self.micro_loss(batch) / len(batches)
            loss.backward()
            total += loss.item()
        if self.keys["clip_grad"] > 0:
            torch.nn.utils.clip_grad_norm_(self.net.model.parameters(), self.keys["clip_grad"])
        self.optimizer.step()
        if self.average:
            self.average.update(self.net.model, step=step + 1)
        return total, {g["name"]: (g["lr"], g["weight_decay"]) for g in self.optimizer.param_groups}, batches[0]["rates"]


def fail(text):
    print(text)
    sys.exit(1)


def compare_rates(step, wanted, trained, rates):
    if wanted.keys() != {entry["name"] for entry in trained}:
        fail(f"trained parameters differ: {wanted.keys() ^ {entry['name'] for entry in trained}}")
    worst = 0.0
    for entry, rate in zip(trained, rates.tolist()):
        lr, decay = wanted[entry["name"]]
        apart = abs(rate - lr) / max(lr, 1e-12)
        if apart > RATE or entry["weight_decay"] != decay:
            fail(f"step {step}: {entry['name']} trains at {rate:.6e} with decay {entry['weight_decay']}, the twin's at {lr:.6e} with {decay}")
        worst = max(worst, apart)
    return worst


def compare_average(twin, run):
    """The largest distance of an averaged weight to the twin's, relative to how far the run has moved it."""
    ours, start = load_file(run.newest() / "ema.safetensors"), load_file(twin.folder / "weights.safetensors")
    worst = 0.0
    for name, value in twin.net.ours(dict(twin.average.module.named_parameters())).items():
        moved = (value.view_as(start[name]) - start[name]).norm().item()
        apart = (ours[name] - value.view_as(ours[name])).norm().item() / max(moved, 1e-6)
        if not apart <= worst:
            worst, of = apart, name
    if not worst <= AVERAGE:
        fail(f"the average of {of} is {worst:.1e} of its way apart, limit {AVERAGE:.0e}")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", choices=list(RECIPES))
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run, dump = Run(RECIPES[options.recipe](options.steps)), pathlib.Path(temporary_folder())
    run.run(VHOST_DUMP=str(dump))
    twin, rows = Recipe(options.recipe, dump), [row for row in run.metrics() if row["kind"] == "step"]
    if len(rows) != options.steps:
        fail(f"{len(rows)} steps were recorded, not {options.steps}")
    worst_loss = worst_rate = 0.0
    for i, row in enumerate(rows):
        loss, wanted, rates = twin.step(i)
        worst_rate = max(worst_rate, compare_rates(i, wanted, twin.run["trained"], rates))
        apart = abs(row["loss"] - loss) / abs(loss)
        worst_loss = max(worst_loss, apart)
        if not apart <= LOSS:
            fail(f"step {i}: loss {row['loss']:.8f}, the twin's {loss:.8f}, {apart:.1e} apart, limit {LOSS:.0e}")
    text = f"{len(rows)} steps of {options.recipe}: losses {rows[0]['loss']:.5f} to {rows[-1]['loss']:.5f}, at most {worst_loss:.1e} apart, rates {worst_rate:.1e}"
    if twin.average:
        text += f", averaged weights {compare_average(twin, run):.1e}"
    print(text + ": ok")


if __name__ == "__main__":
    main()
