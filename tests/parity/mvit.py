"""Compares the plugin mvit with torchvision's MViT (and, for images, timm's), on shared random weights, inputs and masks.

    mvit.py --driver BUILD/tests/parity_driver --plugins BUILD/plugins GROUP

As parity.py: every output and every parameter's gradient, ||a - b|| / max(||b||, 1e-8), at most 1e-5 in fp32 and 1e-10 in
fp64; but for gradients in fp32 at full size, see FULL_FP32_GRADIENT. Exit code 0, 1, or 77 if a tool is missing.
"""
import re
import sys

try:
    import torch
    import torch.nn.functional as F
    from timm.models.mvitv2 import MultiScaleVit, MultiScaleVitCfg
    from torchvision.models.video.mvit import MSBlockConfig, MViT

    from parity import DTYPE, TOLERANCE, compare, drive, main, make_weights
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

SMALL = {"embed_dim": 96, "depth": 16, "heads": 1, "stage_starts": [1, 3, 14], "kv_stride": [1, 8, 8]}
TINY = {"embed_dim": 16, "depth": 4, "heads": 1, "stage_starts": [1, 3], "kv_stride": [1, 4, 4]}
IMAGE = {**TINY, "depth": 5, "stage_starts": [1, 3]}

# In fp32 at full size some max pools see two tokens that are equal but for rounding, and pass the gradient to the other one.
FULL_FP32_GRADIENT = 5e-3


def case(name, **keys):
    """A case with its defaults. downscale: None as the plugin's. pool: what features and head are made for."""
    result = {"name": name, "dtype": "fp32", "shape": (16, 224, 224), "widths": SMALL, "dim_mul": "attention", "batch": 1,
              "classes": 400, "downscale": None, "mask": "none", "pool": "cls", "checkpoint": False, "padding": 0,
              "library": "torchvision"}
    result.update(keys)
    return result


def tiny(name, **keys):
    return case(name, **{"dtype": "fp64", "shape": (8, 64, 64), "widths": TINY, "batch": 2, "classes": 5, **keys})


GROUPS = {
    "tiny": [
        tiny("v2"),
        tiny("v2_fp32", dtype="fp32"),
        tiny("v2_checkpointed", checkpoint=True),
        tiny("v2_two_heads", widths={**TINY, "heads": 2}),
        tiny("v2_other_sides", shape=(6, 48, 80)),
        tiny("v2_sizes_that_round_up", shape=(6, 40, 40)),
        tiny("v2_mean", pool="mean"),
        tiny("v2_one_frame", shape=(1, 64, 64)),
        tiny("maskfeat", dim_mul="mlp"),
        tiny("maskfeat_fp32", dim_mul="mlp", dtype="fp32"),
        tiny("maskfeat_pretraining", dim_mul="mlp", mask="replace"),
        tiny("maskfeat_pretraining_fp32", dim_mul="mlp", mask="replace", dtype="fp32"),
        tiny("maskfeat_pretraining_checkpointed", dim_mul="mlp", mask="replace", checkpoint=True),
        tiny("maskfeat_mean", dim_mul="mlp", pool="mean"),
    ],
    "small": [
        case("v2_small_fp64", dtype="fp64"),
        case("maskfeat_small_pretraining", dim_mul="mlp", mask="replace"),
    ],
    "image": [
        tiny("timm", library="timm", shape=(1, 64, 64), widths=IMAGE),
        tiny("timm_fp32", library="timm", shape=(1, 64, 64), widths=IMAGE, dtype="fp32"),
        tiny("timm_two_heads", library="timm", shape=(1, 96, 96), widths={**IMAGE, "heads": 2}),
        tiny("timm_mlp", library="timm", shape=(1, 64, 64), widths=IMAGE, dim_mul="mlp"),
    ],
}


def is_image(c):
    return c["shape"][0] == 1


def patch_of(c):
    return (1, 4, 4) if is_image(c) else (2, 4, 4)


def downscale_of(c):
    starts = c["widths"]["stage_starts"]
    if c["downscale"] is not None:
        return c["downscale"]
    return starts[:-1] if c["mask"] == "replace" else starts


def mask_grid(c):
    factor = 2 ** len(c["widths"]["stage_starts"])
    return [n // p // f for n, p, f in zip(c["shape"], patch_of(c), (1, factor, factor))]


def block_settings(c):
    """The rows of algorithms.md 1.2 as torchvision wants them, from the rules and not from the plugin's code."""
    w, after_attention = c["widths"], c["dim_mul"] == "attention"
    kernel = [1, 3, 3] if is_image(c) else [3, 3, 3]
    settings, width, heads, kv = [], w["embed_dim"], w["heads"], list(w["kv_stride"])
    for i in range(w["depth"]):
        out = 2 * width if (i if after_attention else i + 1) in w["stage_starts"] else width
        heads *= 2 if i in w["stage_starts"] else 1
        stride = [1, 2, 2] if i in downscale_of(c) else [1, 1, 1]
        kv = [max(a // b, 1) for a, b in zip(kv, stride)]
        settings.append(MSBlockConfig(heads, width, out, kernel, kernel, stride, list(kv)))
        width = out
    return settings


def driver_case(c):
    backbone = {"use": "mvit/mvit", "dim_mul": c["dim_mul"], "checkpoint": c["checkpoint"], "pool": c["pool"],
                **c["widths"]}
    if c["downscale"] is not None:
        backbone["downscale"] = c["downscale"]
    head = {"use": "classify/linear", "dropout": 0.0, "pool": c["pool"], "fc_norm": c["pool"] == "mean"}
    if c["library"] == "timm":
        backbone.update({"pool": "mean", "class_token": False, "final_norm": True})
        head.update({"pool": "mean", "fc_norm": False})
    return {"dtype": c["dtype"], "mask": c["mask"], "classes": c["classes"], "target": None, "backbone": backbone,
            "head": head, "loss": {"use": "classify/cross_entropy", "head": "main"}}


def make_inputs(c, generator):
    t, h, w = c["shape"]
    raw = torch.randint(0, 256, (c["batch"], t, h, w, 3), dtype=torch.uint8, generator=generator)
    inputs = {"raw": raw, "input": (raw.double() / 255 - 0.5).permute(0, 4, 1, 2, 3).to(DTYPE[c["dtype"]]).contiguous(),
              "batch.label": torch.randint(0, c["classes"], (c["batch"],), generator=generator),
              "sample_weight": torch.ones(c["batch"])}
    if c["mask"] != "none":
        cells = torch.Size(mask_grid(c)).numel()
        mask = torch.stack([torch.randperm(cells, generator=generator) < cells * 2 // 5 for _ in range(c["batch"])])
        inputs["mask.bool"] = mask
        inputs["mask.masked_index"] = mask.nonzero()[:, 1].view(c["batch"], -1).contiguous()
        inputs["mask.visible_index"] = (~mask).nonzero()[:, 1].view(c["batch"], -1).contiguous()
    return inputs


LEAVES = {"attn.project.0": "attn.proj", "project": "proj", "mlp.0": "mlp.fc1", "mlp.3": "mlp.fc2"}


def our_name(name, c):
    """torchvision's parameter name -> ours (PySlowFast's below the host's prefixes)."""
    if name.startswith("head."):
        return "heads.main.head." + name.split(".")[-1]
    if name.startswith("norm.") and c["pool"] == "mean":
        return "heads.main.fc_" + name
    for part, ours in LEAVES.items():
        name = name.replace(f".{part}.", f".{ours}.")
    for part in "qkv":
        name = name.replace(f"pool_{part}.pool.", f"pool_{part}.").replace(f"pool_{part}.norm_act.0.", f"norm_{part}.")
    name = name.replace("conv_proj.", "patch_embed.proj.").replace("pos_encoding.class_token", "cls_token")
    return "backbone." + name


class Reference:
    """torchvision's MViT, with a mask token and mean pooling around its own modules."""

    def __init__(self, c):
        self.c = c
        t, h, w = c["shape"]
        patch = patch_of(c)
        self.model = MViT(spatial_size=(h, w), temporal_size=t, block_setting=block_settings(c), residual_pool=True,
                          residual_with_cls_embed=False, rel_pos_embed=True,
                          proj_after_attn=c["dim_mul"] == "attention", dropout=0.0, num_classes=c["classes"],
                          patch_embed_kernel=(1, 7, 7) if is_image(c) else (3, 7, 7), patch_embed_stride=patch,
                          patch_embed_padding=(0 if is_image(c) else 1, 3, 3)).to(DTYPE[c["dtype"]])
        self.extra = []
        if c["mask"] == "replace":
            token = torch.nn.Parameter(torch.zeros(1, 1, c["widths"]["embed_dim"], dtype=DTYPE[c["dtype"]]))
            self.extra.append(("backbone.mask_token", token))

    def parameters(self):
        """Ours by name; those that the plugin leaves out for one frame are zero (see prepare)."""
        found = {our_name(name, self.c): p for name, p in self.model.named_parameters()}
        found.update(self.extra)
        return {name: p for name, p in found.items() if not (is_image(self.c) and name.endswith("rel_pos_t"))}

    def prepare(self):
        if is_image(self.c):
            with torch.no_grad():
                for block in self.model.blocks:
                    block.attn.rel_pos_t.zero_()

    def run(self, inputs):
        m, c = self.model, self.c
        x = m.conv_proj(inputs["input"])
        grid = x.shape[2:]
        x = x.flatten(2).transpose(1, 2)
        if self.extra:
            mask = inputs["mask.bool"].view(-1, 1, *mask_grid(c)).to(x.dtype)
            mask = F.interpolate(mask, size=tuple(grid), mode="nearest").flatten(1).unsqueeze(-1)
            x = x * (1 - mask) + self.extra[0][1] * mask
        x, thw = m.pos_encoding(x), tuple(grid)
        for block in m.blocks:
            x, thw = block(x, thw)
        features = m.norm(x) if c["pool"] == "cls" else x[:, 1:]
        logits = m.head(features[:, 0] if c["pool"] == "cls" else m.norm(features.mean(1)))
        return {"features.0": features, "pred.main.logits": logits, "loss": F.cross_entropy(logits, inputs["batch.label"])}


class TimmReference:
    """timm's MViTv2: two-dimensional pools, no class token, and a norm before the mean."""

    def __init__(self, c):
        self.c, self.extra = c, []
        w = c["widths"]
        edges = [0, *w["stage_starts"], w["depth"]]
        self.depths = [b - a for a, b in zip(edges, edges[1:])]
        self.model = MultiScaleVit(
            MultiScaleVitCfg(depths=tuple(self.depths), embed_dim=w["embed_dim"], num_heads=w["heads"],
                             expand_attn=c["dim_mul"] == "attention", stride_kv_adaptive=tuple(w["kv_stride"][1:])),
            img_size=c["shape"][1:], num_classes=c["classes"]).to(DTYPE[c["dtype"]])

    def our_name(self, name):
        stage = re.match(r"stages\.(\d+)\.blocks\.(\d+)\.(.*)", name)
        if stage:
            name = f"blocks.{sum(self.depths[:int(stage[1])]) + int(stage[2])}.{stage[3]}"
        name = re.sub(r"shortcut_proj_\w+\.", "proj.", name)
        return name.replace("head.fc.", "heads.main.head.") if name.startswith("head.") else "backbone." + name

    def parameters(self):
        return {self.our_name(name): p for name, p in self.model.named_parameters()}

    def prepare(self):
        pass

    def run(self, inputs):
        features = self.model.forward_features(inputs["input"].squeeze(2))
        logits = self.model.forward_head(features)
        return {"features.0": features, "pred.main.logits": logits, "loss": F.cross_entropy(logits, inputs["batch.label"])}


def class_token_shape(name, tensor):
    """torchvision's class token and timm's two-dimensional kernels, as ours."""
    if name == "backbone.cls_token":
        return tensor.view(1, 1, -1)
    return tensor.unsqueeze(2) if tensor.dim() == 4 else tensor


def limit_of(c, name):
    full_fp32 = c["widths"] is SMALL and c["dtype"] == "fp32" and name.startswith("grad.")
    return FULL_FP32_GRADIENT if full_fp32 else TOLERANCE[c["dtype"]]


def scale_of(name):
    """A key's bias adds the same to all logits of a query, so its gradient is zero: measured by the gain's instead."""
    return name.replace("norm_k.bias", "norm_k.weight") if name.startswith("grad.") and "norm_k.bias" in name else None


def run_case(c, options):
    """Returns the number of tensors beyond the tolerance."""
    generator = torch.Generator().manual_seed(1)
    reference = (TimmReference if c["library"] == "timm" else Reference)(c)
    reference.model.eval()
    make_weights(reference.model, reference.extra, generator)
    reference.prepare()
    inputs = make_inputs(c, generator)
    weights = {name: class_token_shape(name, p) for name, p in reference.parameters().items()}
    got = drive(c, driver_case(c), weights, inputs, options)
    if got is None:
        return 1
    expected = reference.run(inputs)
    expected["loss"].backward()
    expected.update({"grad." + name: class_token_shape(name, p.grad) for name, p in reference.parameters().items()})
    return compare(c, got, {name: value.detach() for name, value in expected.items()}, options.verbose,
                   scale_of, lambda name: limit_of(c, name))


if __name__ == "__main__":
    main(__doc__, GROUPS, run_case)
