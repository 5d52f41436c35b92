"""Repeats a run of vhost in plain PyTorch with Hugging Face's model, and compares the losses step by step.

    VHOST_DUMP=DIR vhost --manifest M --work-dir W --set log.every_steps=1 [--set schedule.steps=100 ..]
    twin.py DIR --metrics W/metrics.jsonl [--tolerance 1e-4] [--steps N]

DIR is what a run dumps; sizes are those of one process without accumulation:
    run.json             {"task": "pretrain" | "train", "classes": K, "total_steps": N, "warmup_steps": W,
                          "manifest": the resolved manifest}
    weights.safetensors  parameters before the first step, by full name ("backbone.blocks.0.norm1.weight")
    step-000000.safetensors ..  one per step: "raw" u8 [B,T,H,W,C], "label" i64 [B] (train),
                          "mask.masked_index" i64 [B,Nm] (pretrain)

The twin knows AdamW with no decay for one-dimensional tensors, biases and mask tokens, linear warm-up and half a cosine per
step, clipping by the total norm, label smoothing; it refuses a manifest that asks for what it doesn't do.
Exit code 0 if every step's loss agrees to the tolerance (relative), 1 if not, 77 if a tool is missing.
"""
import argparse
import json
import math
import pathlib
import sys

try:
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file

    import hf
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

WIDTHS = {"tiny": (192, 12, 3), **{name: row[:3] for name, row in hf.SIZES.items()}}


def backbone_widths(params):
    preset = WIDTHS[params.get("size", "base")]
    return tuple(params.get(key) or default for key, default in zip(("dim", "depth", "heads"), preset))


def decoder_widths(params, encoder_dim):
    preset = next((row[3:] for row in hf.SIZES.values() if row[0] == encoder_dim), None)
    asked = tuple(params.get(key) or 0 for key in ("dim", "depth", "heads"))
    if preset is None and not all(asked):
        raise SystemExit("the manifest must state dim, depth and heads of the decoder for an encoder of this width")
    return tuple(a or b for a, b in zip(asked, preset or asked))


def refuse(condition, what):
    if condition:
        raise SystemExit(f"the twin doesn't do {what}")


def check_supported(manifest):
    backbone = manifest["model"]["backbone"]
    refuse(manifest["optimizer"].get("type", "adamw") != "adamw", "optimisers other than AdamW")
    refuse(manifest.get("precision", "fp32") != "fp32", "precisions other than fp32")
    refuse(backbone.get("drop_path", 0) or backbone.get("dropout", 0), "dropout: its random numbers would differ")
    refuse(manifest["model"]["heads"]["main"].get("dropout", 0), "dropout: its random numbers would differ")
    refuse(manifest["data"].get("accumulate", 1) != 1, "accumulation")
    refuse(len(manifest["losses"]) != 1, "several losses")


class Twin:
    def __init__(self, folder):
        self.folder = folder
        self.run = json.loads((folder / "run.json").read_text())
        self.manifest = self.run["manifest"]
        check_supported(self.manifest)
        self.build(load_file(folder / "step-000000.safetensors"))
        self.model.train()
        normalize = self.manifest["data"].get("normalize", {})
        self.mean = torch.tensor(normalize.get("mean", [123.675, 116.28, 103.53]))
        self.std = torch.tensor(normalize.get("std", [58.395, 57.12, 57.375]))
        self.optimizer = self.make_optimizer()

    def build(self, first):
        """Makes self.model, with the run's first weights; `first` is its first batch."""
        self.pretrain = self.run["task"] == "pretrain"
        backbone, head = self.manifest["model"]["backbone"], self.manifest["model"]["heads"]["main"]
        raw = first["raw"]
        shape = {"frames": raw.shape[1], "size": raw.shape[2], "channels": raw.shape[4],
                 "tubelet": backbone.get("tubelet", 2), "patch": backbone.get("patch", 16)}
        widths = backbone_widths(backbone)
        widths += decoder_widths(head, widths[0]) if self.pretrain else (16, 1, 1)
        norm_pix = self.manifest.get("target", {}).get("norm_pix", True) if self.pretrain else True
        cfg = hf.config(shape, widths, self.run.get("classes") or 2, self.pretrain, norm_pix)
        self.model = hf.build(cfg, self.pretrain, torch.float32)
        hf.load_ours(self.model, load_file(self.folder / "weights.safetensors"), hf.names(cfg, self.pretrain))

    def undecayed(self, name):
        return name.endswith("mask_token")

    def make_optimizer(self):
        keys = self.manifest["optimizer"]
        decay, plain = [], []
        for name, parameter in self.model.named_parameters():
            still = parameter.dim() <= 1 or name.endswith(".bias") or self.undecayed(name)
            (plain if still else decay).append(parameter)
        groups = [{"params": decay, "weight_decay": keys.get("weight_decay", 0.05)}, {"params": plain, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=keys["lr"], betas=tuple(keys.get("betas", (0.9, 0.999))), eps=keys.get("eps", 1e-8))

    def learning_rate(self, step):
        """Linear from warmup_lr at step 0 to lr at step `warmup_steps`, then half a cosine that would reach min_lr at step
        `total_steps`, one after the last."""
        schedule, peak = self.manifest["schedule"], self.manifest["optimizer"]["lr"]
        warmup, total = self.run["warmup_steps"], self.run["total_steps"]
        if step < warmup:
            start = schedule.get("warmup_lr", 0)
            return start + (peak - start) * step / warmup
        if schedule.get("type", "cosine") == "constant":
            return peak
        low = schedule.get("min_lr", 0)
        return low + 0.5 * (peak - low) * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))

    def loss(self, batch):
        video = ((batch["raw"].float() - self.mean) / self.std).permute(0, 1, 4, 2, 3).contiguous()  # B x T x C x H x W
        if not self.pretrain:
            smoothing = self.manifest["losses"][0].get("label_smoothing", 0)
            return F.cross_entropy(self.model(video).logits, batch["label"], label_smoothing=smoothing)
        cells = self.model.videomae.embeddings.num_patches
        mask = torch.zeros(video.shape[0], cells, dtype=torch.bool).scatter(1, batch["mask.masked_index"], True)
        return self.model(video, bool_masked_pos=mask).loss

    def step(self, index):
        lr = self.learning_rate(index)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad()
        loss = self.loss(load_file(self.folder / f"step-{index:06d}.safetensors"))
        loss.backward()
        clip = self.manifest["optimizer"].get("clip_grad", 0)
        if clip > 0:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimizer.step()
        return loss.item(), lr


def read_metrics(path):
    """Step records of metrics.jsonl, their steps counted from 0."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{"step": row["step"] - 1, "loss": row["loss"], "lr": row.get("lr")} for row in rows if row.get("kind") == "step"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--metrics", type=pathlib.Path, required=True, help="metrics.jsonl of the run")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="relative difference of a step's loss")
    parser.add_argument("--steps", type=int, help="compare only the first N")
    options = parser.parse_args()
    compare_run(Twin(options.folder), options.metrics, options.tolerance, options.steps)


def compare_run(twin, metrics, tolerance, steps=None):
    """Repeats every recorded step with the twin; exits with code 1 at the first that differs."""
    recorded, worst = read_metrics(metrics)[:steps], (0, 0.0)
    if [row["step"] for row in recorded] != list(range(len(recorded))) or not recorded:
        print(f"{metrics} doesn't hold every step from the first on: run with log.every_steps=1")
        sys.exit(1)
    for row in recorded:
        loss, lr = twin.step(row["step"])
        if row["lr"] is not None and abs(row["lr"] - lr) > 1e-6 * max(lr, 1e-12):
            print(f"step {row['step']}: learning rate {row['lr']:.6e}, the twin's schedule gives {lr:.6e}")
            sys.exit(1)
        difference = abs(row["loss"] - loss) / abs(loss)
        if not difference <= worst[1]:
            worst = (row["step"], difference)
        if not difference <= tolerance:
            print(f"step {row['step']}: loss {row['loss']:.8f}, the twin's {loss:.8f}, {difference:.1e} apart")
            sys.exit(1)
    print(f"{len(recorded)} steps of {twin.run['task']}: losses {recorded[0]['loss']:.5f} to {recorded[-1]['loss']:.5f}, "
          f"largest relative difference {worst[1]:.1e} (step {worst[0]}), limit {tolerance:.0e}: ok")


if __name__ == "__main__":
    main()
