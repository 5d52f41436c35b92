"""Compares the plugin maskfeat with timm's ViT (torchvision's MViT for clips) and a HOG of its own, on shared random weights,
inputs and masks.

    vit.py --driver BUILD/tests/parity_driver --plugins BUILD/plugins GROUP

As parity.py: every output and every parameter's gradient, ||a - b|| / max(||b||, 1e-8), at most 1e-5 in fp32 and 1e-10 in
fp64. Exit code 0, 1, or 77 if a tool is missing.
"""
import pathlib
import sys

try:
    import numpy
    import torch
    import torch.nn.functional as F
    from timm.models.vision_transformer import VisionTransformer

    import mvit
    from parity import DTYPE, compare, drive, main, make_weights
    sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plugins" / "maskfeat" / "tests"))
    import hog_numpy
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

BASE = {"dim": 768, "depth": 12, "heads": 12}
TINY = {"dim": 32, "depth": 2, "heads": 2}


def case(name, **keys):
    """A case with its defaults. pool "": pre-training, which predicts HOG and needs a mask of mode replace."""
    result = {"name": name, "dtype": "fp32", "side": (224, 224), "widths": BASE, "batch": 1, "classes": 1000, "pool": "mean",
              "final_norm": None, "class_token": True, "mask": "none", "varying": False, "checkpoint": False, "padding": 0,
              "window": 16}
    result.update(keys)
    return result


def tiny(name, **keys):
    return case(name, **{"dtype": "fp64", "side": (48, 64), "widths": TINY, "batch": 3, "classes": 5, **keys})


def pretrain(make, name, **keys):
    return make(name, **{"pool": "", "mask": "replace", **keys})


GROUPS = {
    "tiny": [
        tiny("finetune"),
        tiny("finetune_fp32", dtype="fp32"),
        tiny("finetune_checkpointed", checkpoint=True),
        tiny("finetune_padding_row", padding=1),
        tiny("finetune_class_token", pool="cls", final_norm=True),
        tiny("finetune_without_class_token", class_token=False),
        tiny("finetune_visible_patches_only", mask="drop"),
        pretrain(tiny, "pretrain"),
        pretrain(tiny, "pretrain_fp32", dtype="fp32"),
        pretrain(tiny, "pretrain_checkpointed", checkpoint=True),
        pretrain(tiny, "pretrain_padding_row", padding=1),
        pretrain(tiny, "pretrain_without_window", window=0),
        pretrain(tiny, "pretrain_varying_counts", varying=True, padding=1),
    ],
    "video": [mvit.tiny("video_pretrain", dim_mul="mlp", mask="replace", varying=True, padding=1),
              mvit.tiny("video_pretrain_fp32", dim_mul="mlp", mask="replace", varying=False, dtype="fp32")],
    "base": [case("finetune_base"), pretrain(case, "pretrain_base")],
}


def driver_case(c):
    backbone = {"use": "maskfeat/vit", "checkpoint": c["checkpoint"], "class_token": c["class_token"], **c["widths"]}
    if c["final_norm"] is not None or c["mask"] == "drop":
        backbone["final_norm"] = bool(c["final_norm"])
    if c["pool"]:
        head = {"use": "classify/linear", "pool": c["pool"], "fc_norm": c["pool"] == "mean"}
        target, loss = None, {"use": "classify/cross_entropy"}
    else:
        head, loss = {"use": "maskfeat/linear"}, {"use": "maskfeat/masked_l2"}
        target = {"use": "maskfeat/hog", "gaussian_window": c["window"]}
    return {"dtype": c["dtype"], "mask": c["mask"], "classes": c["classes"], "target": target, "backbone": backbone,
            "head": head, "loss": {"head": "main", **loss}}


def make_mask(c, generator):
    cells = (c["side"][0] // 16) * (c["side"][1] // 16)
    counts = [cells * 2 // 5 + (i if c["varying"] else 0) for i in range(c["batch"])]
    return torch.stack([torch.randperm(cells, generator=generator) < n for n in counts])


def make_inputs(c, generator):
    raw = torch.randint(0, 256, (c["batch"], 1, *c["side"], 3), dtype=torch.uint8, generator=generator)
    inputs = {"raw": raw, "input": (raw.double() / 255 - 0.5).permute(0, 4, 1, 2, 3).to(DTYPE[c["dtype"]]).contiguous(),
              "batch.label": torch.randint(0, c["classes"], (c["batch"],), generator=generator),
              "sample_weight": torch.ones(c["batch"])}
    inputs["sample_weight"][c["batch"] - c["padding"]:] = 0
    if c["mask"] != "none":
        mask = inputs["mask.bool"] = make_mask(c, generator)
        if not c["varying"]:
            inputs["mask.masked_index"] = mask.nonzero()[:, 1].view(c["batch"], -1).contiguous()
            inputs["mask.visible_index"] = (~mask).nonzero()[:, 1].view(c["batch"], -1).contiguous()
    return inputs


class Visible(torch.nn.Module):
    """In the place of timm's patch dropout, behind the positions: keeps the class token and visible patches."""

    def __init__(self, index):
        super().__init__()
        self.index = index

    def forward(self, x):
        index = torch.cat([torch.zeros_like(self.index[:, :1]), self.index + 1], 1)
        return torch.gather(x, 1, index.unsqueeze(-1).expand(-1, -1, x.shape[-1]))


class Reference:
    """timm's VisionTransformer; its class for pre-training has a mask token and a linear layer besides."""

    def __init__(self, c):
        self.c, w = c, c["widths"]
        mean = c["pool"] == "mean"
        self.model = VisionTransformer(img_size=c["side"], patch_size=16, embed_dim=w["dim"], depth=w["depth"], num_heads=w["heads"],
                                       num_classes=c["classes"] if c["pool"] else 0, class_token=c["class_token"],
                                       global_pool="avg" if mean else "token", fc_norm=mean).to(DTYPE[c["dtype"]])
        self.extra = []
        if not c["pool"]:
            shapes = {"backbone.mask_token": (1, 1, w["dim"]), "heads.main.fc.weight": (108, w["dim"]), "heads.main.fc.bias": (108,)}
            self.extra = [(n, torch.nn.Parameter(torch.zeros(s, dtype=DTYPE[c["dtype"]]))) for n, s in shapes.items()]
            self.model.patch_embed.register_forward_hook(self.replace)

    driver_case = staticmethod(driver_case)
    make_inputs = staticmethod(make_inputs)

    def prepare(self):
        pass

    def replace(self, _, __, x):
        return torch.where(self.mask.unsqueeze(-1), self.extra[0][1], x)

    def parameters(self):
        heads = ("head.", "fc_norm.")
        named = {("heads.main." if name.startswith(heads) else "backbone.") + name: p for name, p in self.model.named_parameters()}
        return {**named, **dict(self.extra)}

    def run(self, inputs):
        c, m, keep = self.c, self.model, inputs["sample_weight"] > 0
        self.mask = inputs.get("mask.bool")
        if c["mask"] == "drop":
            m.patch_drop = Visible(inputs["mask.visible_index"])
        features = m.forward_features(inputs["input"].squeeze(2))
        if c["pool"]:
            logits = m.forward_head(features)
            return {"features.0": features, "pred.main.logits": logits,
                    "loss": F.cross_entropy(logits[keep], inputs["batch.label"][keep])}
        pred = F.linear(features[:, 1:], self.extra[1][1], self.extra[2][1])
        target = numpy.stack([hog_numpy.clip_features(clip, 1, gaussian=c["window"]) for clip in inputs["raw"].numpy()])
        target = torch.from_numpy(target).to(pred.dtype)
        chosen = self.mask & keep.unsqueeze(1)
        return {"features.0": features, "pred.main.hog": pred, "target.hog": target, "loss": F.mse_loss(pred[chosen], target[chosen])}


class VideoReference(mvit.Reference):
    """MaskFeat on clips: cells of the mask cover four tokens each."""

    def __init__(self, c):
        super().__init__(c)
        self.model.head = torch.nn.Identity()
        self.width = self.model.norm.normalized_shape[0]
        self.values = 27  # tokens of one HOG cell: 3 channels of 9 bins
        shapes = {"heads.main.fc.weight": (self.values, self.width), "heads.main.fc.bias": (self.values,)}
        self.extra += [(n, torch.nn.Parameter(torch.zeros(s, dtype=DTYPE[c["dtype"]]))) for n, s in shapes.items()]

    @staticmethod
    def driver_case(c):
        return {**mvit.driver_case(c), "head": {"use": "maskfeat/linear"}, "target": {"use": "maskfeat/hog"},
                "loss": {"use": "maskfeat/masked_l2", "head": "main"}}

    @staticmethod
    def make_inputs(c, generator):
        inputs = mvit.make_inputs(c, generator)
        inputs["sample_weight"][c["batch"] - c["padding"]:] = 0
        if c["varying"]:
            inputs["mask.bool"][0, :3] = True
            del inputs["mask.masked_index"], inputs["mask.visible_index"]
        return inputs

    def run(self, inputs):
        c, keep = self.c, inputs["sample_weight"] > 0
        features = super().run(inputs)["features.0"]
        pred = F.linear(features[:, 1:], *(p for _, p in self.extra[1:]))
        target = numpy.stack([hog_numpy.clip_features(clip, 2, token=(8, 8)) for clip in inputs["raw"].numpy()])
        target = torch.from_numpy(target).to(pred.dtype)
        mask = inputs["mask.bool"].view(-1, *mvit.mask_grid(c)).repeat_interleave(2, 2).repeat_interleave(2, 3).flatten(1)
        chosen = mask & keep.unsqueeze(1)
        return {"features.0": features, "pred.main.hog": pred, "target.hog": target, "loss": F.mse_loss(pred[chosen], target[chosen])}


def class_token_shape(name, tensor):
    """torchvision's class token, and timm's, as ours."""
    return tensor.view(1, 1, -1) if name == "backbone.cls_token" else tensor


def run_case(c, options):
    """Returns the number of tensors beyond the tolerance."""
    generator = torch.Generator().manual_seed(1)
    reference = VideoReference(c) if "shape" in c else Reference(c)
    reference.model.eval()
    make_weights(reference.model, reference.extra, generator)
    reference.prepare()
    inputs = reference.make_inputs(c, generator)
    weights = {name: class_token_shape(name, p) for name, p in reference.parameters().items()}
    got = drive(c, reference.driver_case(c), weights, inputs, options)
    if got is None:
        return 1
    expected = reference.run(inputs)
    expected["loss"].backward()
    expected.update({"grad." + name: class_token_shape(name, p.grad) for name, p in reference.parameters().items()})
    return compare(c, got, {name: value.detach() for name, value in expected.items()}, options.verbose, mvit.scale_of)


if __name__ == "__main__":
    main(__doc__, GROUPS, run_case)
