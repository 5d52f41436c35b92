"""Repeats MaskFeat pre-training in plain PyTorch, 100 steps, and compares the losses: timm's ViT on images, torchvision's MViT
on clips; HOG by convolutions in float64, from the facts of the paper and not from the plugin's code.

    maskfeat_twin.py image|video [--steps 100] [--tolerance 1e-4]

vhost runs a tiny manifest on generated clips and dumps its weights, batches and masks (VHOST_DUMP); the twin starts from the
same weights, takes the same batches and masks, and its own steps. Exit code 0, 1, or 77 if a tool is missing.
"""
import argparse
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
try:
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file
    from timm.models.vision_transformer import VisionTransformer

    import mvit
    from twin import Twin, compare_run
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

from vhost_run import Run, clips, temporary_folder  # noqa: E402

BACKBONES = {
    "image": {"use": "maskfeat/vit", "dim": 64, "depth": 3, "heads": 4, "patch": 16},
    "video": {"use": "mvit/mvit", "dim_mul": "mlp", "mask_unit": [2, 16, 16], **mvit.TINY},
}
MASKS = {"image": {"use": "maskfeat/block2d"}, "video": {"use": "maskfeat/cube3d"}}


def manifest(kind, steps):
    folder = clips(train=128, held_out=16, size=64)
    clip = {"use": "kinetics/clips", "list": str(folder / "train.txt"), "size": 64, "classes": 8, "frames": 1 if kind == "image" else 8, "stride": 1}
    return {
        "vhost": 1, "name": f"maskfeat-twin-{kind}", "task": "pretrain", "threads": 1, "device": "cpu",
        "plugins": {"kinetics": "*", "maskfeat": "*", "mvit": "*"},
        "data": {"train": clip, "batch": 8, "workers": 1},
        "model": {"backbone": BACKBONES[kind], "heads": {"main": {"use": "maskfeat/linear"}}},
        "mask": {**MASKS[kind], "mode": "replace"}, "target": {"use": "maskfeat/hog"},
        "losses": [{"use": "maskfeat/masked_l2"}],
        "optimizer": {"lr": 1e-3, "clip_grad": 0.02}, "schedule": {"steps": steps, "warmup_steps": 10},
        "checkpoint": {"every_epochs": 0}, "log": {"every_steps": 1},
    }


def hog(frames, grid):
    """u8 [B,H,W,3] -> [B, grid tokens, 3*9*cells per token] in float64: 9 unsigned orientations, cells of 8 x 8 pixels, a
    Gaussian window of 16, unit norm per cell and channel."""
    x = F.pad(frames.permute(0, 3, 1, 2).double(), (1, 1, 1, 1), mode="reflect")
    sobel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=torch.float64)
    gx, gy = (F.conv2d(x, k.expand(3, 1, 3, 3), groups=3) for k in (sobel, sobel.T))
    bins = torch.floor(torch.atan2(gx, gy) / math.pi * 9).remainder(9).long()
    at = torch.arange(16, dtype=torch.float64) - 7.5
    gauss = torch.exp(-0.5 * (at / 8) ** 2)
    window = torch.outer(gauss, gauss) / torch.outer(gauss, gauss).sum()
    b, _, h, w = gx.shape
    weight = torch.hypot(gx, gy) * window.repeat(h // 16, w // 16)
    histogram = torch.zeros(b, 3, 9, h, w, dtype=torch.float64).scatter_(2, bins.unsqueeze(2), weight.unsqueeze(2))
    cells = F.avg_pool2d(histogram.flatten(1, 2), 8) * 64
    cells = F.normalize(cells.view(b, 3, 9, h // 8, w // 8), dim=2, eps=1e-12).flatten(1, 2)
    side = h // 8 // grid
    tokens = cells.unfold(2, side, side).unfold(3, side, side)  # B x 27 x grid x grid x side x side
    return tokens.permute(0, 2, 3, 1, 4, 5).flatten(1, 2).flatten(2)


class ImageModel(torch.nn.Module):
    def __init__(self, keys, size):
        super().__init__()
        self.vit = VisionTransformer(img_size=size, patch_size=keys["patch"], embed_dim=keys["dim"], depth=keys["depth"], num_heads=keys["heads"],
                                     num_classes=0, global_pool="token")
        self.mask_token = torch.nn.Parameter(torch.zeros(1, 1, keys["dim"]))
        self.fc = torch.nn.Linear(keys["dim"], 108)
        self.grid, self.frames = size // keys["patch"], 1

    def ours(self):
        return {"backbone." + n.removeprefix("vit."): p for n, p in self.named_parameters() if not n.startswith("fc.")}

    def forward(self, x, mask):  # B x 3 x 1 x H x W, B x cells
        vit, x = self.vit, self.vit.patch_embed(x.squeeze(2))
        x = torch.where(mask.unsqueeze(2), self.mask_token, x)
        x = torch.cat([vit.cls_token.expand(x.size(0), -1, -1), x], 1) + vit.pos_embed
        return self.fc(vit.norm(vit.blocks(x))[:, 1:]), mask

    def undecayed(self, name):
        return name == "mask_token"


class VideoModel(torch.nn.Module):
    def __init__(self, keys, frames, size):
        super().__init__()
        case = mvit.case("twin", shape=(frames, size, size), widths=mvit.TINY, dim_mul="mlp", mask="replace", classes=2)
        reference = mvit.Reference(case)
        reference.model.head = torch.nn.Identity()
        self.case, self.mvit, self.mask_token = case, reference.model, reference.extra[0][1]
        cells = mvit.TINY["embed_dim"] * 4, 27
        self.fc = torch.nn.Linear(*cells)
        self.grid, self.frames, self.mask_grid = size // 8, frames // 2, (frames // 2, size // 16, size // 16)

    def ours(self):
        named = {mvit.our_name(n.removeprefix("mvit."), self.case): p for n, p in self.named_parameters() if n.startswith("mvit.")}
        return {**named, "backbone.mask_token": self.mask_token}

    def forward(self, x, mask):
        m, x = self.mvit, self.mvit.conv_proj(x)
        grid = tuple(x.shape[2:])
        spread = lambda size: F.interpolate(mask.view(-1, 1, *self.mask_grid).float(), size=size, mode="nearest").flatten(1).bool()
        x = torch.where(spread(grid).unsqueeze(2), self.mask_token, x.flatten(2).transpose(1, 2))
        x, thw = m.pos_encoding(x), grid
        for block in m.blocks:
            x, thw = block(x, thw)
        return self.fc(m.norm(x)[:, 1:]), spread(tuple(thw))

    def undecayed(self, name):
        return name.endswith("class_token")


class MaskFeatTwin(Twin):
    def build(self, first):
        keys, kind = self.manifest["model"]["backbone"], "video" if first["raw"].shape[1] > 1 else "image"
        frames, size = first["raw"].shape[1:3]
        self.model = ImageModel(keys, size) if kind == "image" else VideoModel(keys, frames, size)
        ours = {**self.model.ours(), "heads.main.fc.weight": self.model.fc.weight, "heads.main.fc.bias": self.model.fc.bias}
        weights = load_file(self.folder / "weights.safetensors")
        assert weights.keys() == ours.keys(), f"names differ: {weights.keys() ^ ours.keys()}"
        with torch.no_grad():
            for name, parameter in ours.items():
                parameter.copy_(weights[name].view_as(parameter))

    def undecayed(self, name):
        return self.model.undecayed(name)

    def loss(self, batch):
        raw = batch["raw"]
        predicted, mask = self.model(((raw.float() - self.mean) / self.std).permute(0, 4, 1, 2, 3), batch["mask.bool"])
        frames = raw[:, ::raw.shape[1] // self.model.frames]
        target = hog(frames.flatten(0, 1), self.model.grid).unflatten(0, frames.shape[:2]).flatten(1, 2).float()
        error = (predicted - target).square().mean(2)
        return (error * mask).sum() / mask.sum()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=list(BACKBONES))
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run, dump = Run(manifest(options.kind, options.steps)), pathlib.Path(temporary_folder())
    run.run(VHOST_DUMP=str(dump))
    compare_run(MaskFeatTwin(dump), run.work / "metrics.jsonl", options.tolerance)
    losses = run.losses()
    if not losses[-1] < 0.9 * losses[0]:
        print(f"the loss went from {losses[0]:.4f} to {losses[-1]:.4f}: nothing was learnt, so little was compared")
        sys.exit(1)


if __name__ == "__main__":
    main()
