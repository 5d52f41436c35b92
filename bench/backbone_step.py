"""Time of a training step: vhost's MViT-S and ViT-B against torchvision's and timm's in eager PyTorch, alternating, same threads, same
work.

    backbone_step.py [v2|maskfeat|vit|all] [--rounds 3] [--precision fp32|bf16]

v2: classification with MViTv2-S (width doubled in attention), 16 x 224 x 224, batch 1. maskfeat: the same with MaskFeat's MViT-S. vit:
classification with ViT-B/16, 224 x 224, batch 4, mean pooling. Neither side decodes: vhost draws stripes (plugin toy), the reference has
one batch in memory. The reference steps with PyTorch's default AdamW (fp32), or the fused one (bf16). Prints the median ratio vhost /
reference last. Needs the test tools' Python (tools/setup --tests); without it the benchmark is skipped and says so.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SOURCE / "tests/e2e"), str(SOURCE / "tests/parity")]
from vhost_run import BUILD, Run  # noqa: E402

try:
    import mvit
    import timm
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

MODELS = {
    "v2": {"frames": 16, "batch": 1, "plugin": "mvit", "backbone": {"use": "mvit/mvit", "dim_mul": "attention"}, "head": {"pool": "cls", "fc_norm": False}},
    "maskfeat": {"frames": 16, "batch": 1, "plugin": "mvit", "backbone": {"use": "mvit/mvit", "dim_mul": "mlp"}, "head": {"pool": "cls", "fc_norm": False}},
    "vit": {"frames": 1, "batch": 4, "plugin": "maskfeat", "backbone": {"use": "maskfeat/vit"}, "head": {}},
}
STEPS, SKIPPED, CLASSES = 4, 2, 4


def vhost_step(model, precision):
    """Median seconds of a step, the first ones left out."""
    batch = model["batch"]
    run = Run({
        "vhost": 1, "name": "bench", "task": "train", "plugins": {"toy": "*", model["plugin"]: "*", "classify": "*"}, "precision": precision,
        "data": {"train": {"use": "toy/stripes", "count": 8 * batch, "frames": model["frames"], "size": 224, "noise": 0}, "batch": batch, "workers": 1},
        "model": {"backbone": model["backbone"], "heads": {"main": {"use": "classify/linear", **model["head"]}}},
        "losses": [{"use": "classify/cross_entropy", "head": "main"}], "optimizer": {"lr": 1e-4},
        "schedule": {"steps": STEPS + SKIPPED}, "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 1},
    })
    run.run("--plugin-path", str(BUILD / "tests/plugins"))
    lines = [json.loads(line) for line in (run.work / "metrics.jsonl").read_text().splitlines()]
    seconds = [batch / line["time"]["samples_per_second"] for line in lines if line["kind"] == "step"][SKIPPED:]
    run.remove()
    return statistics.median(seconds)


def reference_model(model):
    if model["plugin"] == "maskfeat":
        return timm.create_model("vit_base_patch16_224", num_classes=CLASSES, global_pool="avg", fc_norm=True)
    return mvit.Reference(mvit.case("bench", dim_mul=model["backbone"]["dim_mul"], classes=CLASSES)).model


def reference_step(model, precision):
    torch.manual_seed(0)
    network = reference_model(model).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=precision == "bf16")
    shape = (model["batch"], 3, 16, 224, 224) if model["frames"] > 1 else (model["batch"], 3, 224, 224)
    video, label, seconds = torch.rand(shape) - 0.5, torch.zeros(model["batch"], dtype=torch.long), []
    for _ in range(STEPS + SKIPPED):
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits = network(video)
        loss = torch.nn.functional.cross_entropy(logits.float(), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[SKIPPED:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="all", choices=[*MODELS, "all"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    for name in MODELS if options.model == "all" else [options.model]:
        ratios = []
        for _ in range(options.rounds):
            ours, theirs = (step(MODELS[name], options.precision) for step in (vhost_step, reference_step))
            ratios.append(ours / theirs)
            print(f"{name} {options.precision}: vhost {1e3 * ours:.0f} ms, reference {1e3 * theirs:.0f} ms, ratio {ratios[-1]:.3f}", flush=True)
        print(f"{name} {options.precision} ratio: median {statistics.median(ratios):.3f} (min {min(ratios):.3f}, max {max(ratios):.3f})", flush=True)


if __name__ == "__main__":
    main()
