"""Compares vhost's VideoMAE with Hugging Face's, on shared random weights, inputs and masks.

    parity.py --driver BUILD/tests/parity_driver --plugins BUILD/plugins GROUP

For each case of the group it writes DIR/{case.json,weights.safetensors,inputs.safetensors}, runs the driver, which builds the
plugins' parts and writes DIR/outputs.safetensors, and compares every output and every parameter's gradient:
||a - b|| / max(||b||, 1e-8), at most 1e-5 in fp32 and 1e-10 in fp64. Exit code 0, 1, or 77 if a tool is missing.
"""
import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file, save_file

    import hf
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)

TOLERANCE = {"fp32": 1e-5, "fp64": 1e-10}
DTYPE = {"fp32": torch.float32, "fp64": torch.float64}
MEAN = torch.tensor([0.485, 0.456, 0.406]).double()  # rounded to fp32, as Hugging Face undoes it
STD = torch.tensor([0.229, 0.224, 0.225]).double()
FULL = {"frames": 16, "size": 224, "channels": 3, "tubelet": 2, "patch": 16}
TINY = {"frames": 4, "size": 32, "channels": 3, "tubelet": 2, "patch": 8}
TINY_WIDTHS = (32, 2, 2, 16, 2, 2)


def case(name, **keys):
    """A case with its defaults. head: decoder, linear, tsn, i3d or timesformer."""
    result = {"name": name, "dtype": "fp32", "shape": FULL, "size": None, "widths": None, "head": "decoder", "batch": 1,
              "mask": "drop", "ratio": 0.9, "norm_pix": True, "classes": 400, "final_norm": None, "smoothing": 0.0,
              "soft": False, "checkpoint": False, "padding": 0}
    result.update(keys)
    if result["size"]:
        result["widths"] = hf.SIZES[result["size"]]
    if result["head"] != "decoder":
        result["mask"] = "none"
    return result


def tiny(name, **keys):
    return case(name, **{"shape": TINY, "widths": TINY_WIDTHS, "dtype": "fp64", "batch": 3, "ratio": 0.75, "classes": 5, **keys})


GROUPS = {
    "tiny": [
        tiny("pretrain"),
        tiny("pretrain_fp32", dtype="fp32"),
        tiny("pretrain_plain_pixels", norm_pix=False),
        tiny("pretrain_one_channel", shape={**TINY, "channels": 1}),
        tiny("pretrain_tubelet_1_patch_16", shape={**TINY, "tubelet": 1, "patch": 16}, ratio=0.5),
        tiny("pretrain_replace", mask="replace"),
        tiny("pretrain_checkpointed", checkpoint=True),
        tiny("pretrain_padding_row", padding=1),
        tiny("finetune", head="linear"),
        tiny("finetune_checkpointed", head="linear", checkpoint=True),
        tiny("finetune_label_smoothing", head="linear", smoothing=0.1),
        tiny("finetune_soft_labels", head="linear", soft=True, smoothing=0.1),
        tiny("finetune_padding_row", head="linear", padding=1),
        tiny("tsn", head="tsn", final_norm=True),
        tiny("i3d", head="i3d", final_norm=True),
        tiny("timesformer", head="timesformer"),
    ],
    "small": [
        case("pretrain_small", size="small"),
        case("finetune_small", size="small", head="linear"),
        case("pretrain_small_fp64", size="small", dtype="fp64"),
        case("finetune_small_fp64", size="small", dtype="fp64", head="linear"),
    ],
    "base": [
        case("pretrain_base", size="base"),
        case("finetune_base", size="base", head="linear"),
    ],
}


def vit_params(c):
    dim, depth, heads = c["widths"][:3]
    params = {"use": "videomae/vit", "patch": c["shape"]["patch"], "tubelet": c["shape"]["tubelet"],
              "checkpoint": c["checkpoint"]}
    params.update({"size": c["size"]} if c["size"] else {"dim": dim, "depth": depth, "heads": heads})
    if c["final_norm"] is not None:
        params["final_norm"] = c["final_norm"]
    return params


def driver_case(c):
    """What the driver reads: the parts as a manifest would name them."""
    loss = {"use": "videomae/mse", "head": "main"}
    head = {"use": "classify/" + c["head"], "dropout": 0.0}
    target = None
    if c["head"] == "decoder":
        head = {"use": "videomae/decoder", "checkpoint": c["checkpoint"]}
        if not c["size"]:
            head.update(zip(("dim", "depth", "heads"), c["widths"][3:]))
        target = {"use": "videomae/pixels", "norm_pix": c["norm_pix"]}
    else:
        loss = {"use": "classify/cross_entropy", "head": "main", "label_smoothing": c["smoothing"]}
        if c["soft"]:
            loss["in"] = {"target": "batch.label_soft"}
    return {"dtype": c["dtype"], "mask": c["mask"], "classes": c["classes"], "target": target, "loss": loss,
            "backbone": vit_params(c), "head": head}


def make_inputs(c, generator):
    shape, batch = c["shape"], c["batch"]
    raw = torch.randint(0, 256, (batch, shape["frames"], shape["size"], shape["size"], shape["channels"]),
                        dtype=torch.uint8, generator=generator)
    pixels = raw.double() / 255
    if shape["channels"] == 3:  # as Hugging Face: other channel counts are never normalised
        pixels = (pixels - MEAN) / STD
    inputs = {"raw": raw, "input": pixels.permute(0, 4, 1, 2, 3).to(DTYPE[c["dtype"]]).contiguous(),
              "batch.label": torch.randint(0, c["classes"], (batch,), generator=generator),
              "sample_weight": torch.ones(batch)}
    inputs["sample_weight"][batch - c["padding"]:] = 0
    if c["soft"]:
        soft = torch.rand(batch, c["classes"], generator=generator)
        inputs["batch.label_soft"] = soft / soft.sum(1, keepdim=True)
    if c["mask"] != "none":
        cells, steps = (shape["size"] // shape["patch"]) ** 2, shape["frames"] // shape["tubelet"]
        masked = int(c["ratio"] * cells)
        rows = [(torch.randperm(cells, generator=generator) < masked).repeat(steps) for _ in range(batch)]
        mask = torch.stack(rows)
        inputs["mask.bool"] = mask
        inputs["mask.masked_index"] = mask.nonzero()[:, 1].view(batch, -1).contiguous()
        inputs["mask.visible_index"] = (~mask).nonzero()[:, 1].view(batch, -1).contiguous()
    return inputs


def make_weights(model, extra, generator):
    """Random values everywhere: a bias or a gain left at its initial value would hide mistakes."""
    with torch.no_grad():
        for name, p in list(model.named_parameters()) + extra:
            noise = torch.randn(p.shape, dtype=torch.float64, generator=generator).to(p.dtype)
            gain = p.dim() == 1 and name.endswith("weight")
            p.copy_(1 + 0.1 * noise if gain else noise * (0.1 if p.dim() == 1 else 0.03))


class Reference:
    """Forward pass by Hugging Face's modules; extra parameters are those that they don't have."""

    def __init__(self, c):
        self.c, self.pretrain = c, c["head"] == "decoder"
        cfg = hf.config(c["shape"], c["widths"], c["classes"], self.pretrain, c["norm_pix"], c["final_norm"])
        self.model = hf.build(cfg, self.pretrain, DTYPE[c["dtype"]])
        self.table = hf.names(cfg, self.pretrain)
        self.extra = []
        if c["mask"] == "replace":
            token = torch.nn.Parameter(torch.zeros(1, 1, cfg.hidden_size, dtype=DTYPE[c["dtype"]]))
            self.extra.append(("backbone.mask_token", token))

    def ours(self, tensors, extra):
        return {**hf.to_ours(tensors, self.table), **{name: extra(p) for name, p in self.extra}}

    def run(self, inputs):
        """Returns the outputs by the driver's names, "loss" among them."""
        video = inputs["input"].transpose(1, 2)
        if self.pretrain:
            return self.run_replace(video, inputs) if self.c["mask"] == "replace" else self.run_pretrain(video, inputs)
        return self.run_classify(video, inputs)

    @contextlib.contextmanager
    def features(self):
        """Collects what the encoder returns inside the block."""
        seen = []
        hook = self.model.videomae.register_forward_hook(lambda _, __, out: seen.append(out.last_hidden_state))
        yield seen
        hook.remove()

    def run_pretrain(self, video, inputs):
        mask, keep = inputs["mask.bool"], inputs["sample_weight"] > 0
        with self.features() as features:
            out = self.model(video, bool_masked_pos=mask)
        loss = out.loss if keep.all() else self.model(video[keep], bool_masked_pos=mask[keep]).loss
        return {"features.0": features[0], "pred.main.pixels": out.logits, "loss": loss}

    def run_replace(self, video, inputs):
        """All tokens are encoded, with a learned token in place of the masked ones."""
        vm, mask = self.model.videomae, inputs["mask.bool"].unsqueeze(-1)
        position = vm.embeddings.position_embeddings.to(video.dtype)
        tokens = torch.where(mask, self.extra[0][1], vm.embeddings.patch_embeddings(video)) + position
        features = vm.layernorm(vm.encoder(tokens).last_hidden_state)
        visible, masked = inputs["mask.visible_index"], inputs["mask.masked_index"]
        position = self.model.position_embeddings.to(video.dtype)[0]
        seen = torch.gather(features, 1, visible.unsqueeze(-1).expand(-1, -1, features.shape[-1]))
        joined = torch.cat([self.model.encoder_to_decoder(seen) + position[visible],
                            self.model.mask_token + position[masked]], 1)
        logits = self.model.decoder(joined, masked.shape[1]).logits
        with torch.no_grad():
            target = reference_target(inputs["raw"], self.c)
            target = torch.gather(target, 1, masked.unsqueeze(-1).expand(-1, -1, target.shape[-1]))
        return {"features.0": features, "pred.main.pixels": logits, "loss": F.mse_loss(logits, target)}

    def run_classify(self, video, inputs):
        with self.features() as features:
            kind = self.c["head"]
            logits = self.model(video).logits
        features = features[0]
        if kind in ("tsn", "i3d"):  # no norm in the head; tsn averages space, then frames
            cells = (self.c["shape"]["size"] // self.c["shape"]["patch"]) ** 2
            pooled = features.unflatten(1, (-1, cells)).mean(2).mean(1) if kind == "tsn" else features.mean(1)
            logits = self.model.classifier(pooled)
        target = inputs["batch.label_soft"].to(logits.dtype) if self.c["soft"] else inputs["batch.label"]
        keep = inputs["sample_weight"] > 0
        loss = F.cross_entropy(logits[keep], target[keep], label_smoothing=self.c["smoothing"])
        return {"features.0": features, "pred.main.logits": logits, "loss": loss}


def reference_target(raw, c):
    """Cube pixels of algorithms.md 5.2, derived independently with numpy."""
    t, p = c["shape"]["tubelet"], c["shape"]["patch"]
    video = raw.numpy().astype(numpy.float64) / 255
    batch, frames, height, width, channels = video.shape
    cubes = video.reshape(batch, frames // t, t, height // p, p, width // p, p, channels)
    cubes = cubes.transpose(0, 1, 3, 5, 2, 4, 6, 7).reshape(batch, -1, t * p * p, channels)
    if c["norm_pix"]:
        cubes = (cubes - cubes.mean(2, keepdims=True)) / (numpy.sqrt(cubes.var(2, ddof=1, keepdims=True)) + 1e-6)
    return torch.from_numpy(cubes.reshape(batch, cubes.shape[1], -1)).to(DTYPE[c["dtype"]])


def relative(a, b, scale=None):
    """scale: a tensor whose norm is the measure where b's own is smaller."""
    if a.shape != b.shape:
        return float("inf")
    a, b = a.double(), b.double()
    least = max(1e-8, 0.0 if scale is None else torch.linalg.vector_norm(scale.double()).item())
    error = (torch.linalg.vector_norm(a - b) / torch.linalg.vector_norm(b).clamp_min(least)).item()
    return error if error == error else float("inf")


def drive(c, parts, weights, inputs, options):
    """The driver's outputs for the model of `parts`, or None if it fails, which is printed."""
    with tempfile.TemporaryDirectory(prefix="vhost-parity-") as scratch:
        folder = pathlib.Path(options.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "case.json").write_text(json.dumps(parts, indent=1))
        save_file({name: value.detach().contiguous() for name, value in weights.items()}, folder / "weights.safetensors")
        save_file(inputs, folder / "inputs.safetensors")
        run = subprocess.run([options.driver, options.plugins, str(folder)], capture_output=True, text=True)
        if run.returncode != 0:
            print(f"{c['name']}: the driver failed ({run.returncode}): {run.stderr.strip()}")
            return None
        return load_file(folder / "outputs.safetensors")


def run_case(c, options):
    """Returns the number of tensors beyond the tolerance."""
    generator = torch.Generator().manual_seed(1)
    reference = Reference(c)
    reference.model.eval()
    make_weights(reference.model, reference.extra, generator)
    inputs = make_inputs(c, generator)
    weights = reference.ours(dict(reference.model.named_parameters()), lambda p: p)
    got = drive(c, driver_case(c), weights, inputs, options)
    if got is None:
        return 1
    expected = reference.run(inputs)
    expected["loss"].backward()
    gradients = reference.ours(hf.named_gradients(reference.model), lambda p: p.grad)
    expected.update({"grad." + name: value for name, value in gradients.items()})
    if reference.pretrain:
        target = reference_target(inputs["raw"], c)
        index = inputs["mask.masked_index"].unsqueeze(-1).expand(-1, -1, target.shape[-1])
        expected["target.pixels"] = torch.gather(target, 1, index)
    return compare(c, got, {name: value.detach() for name, value in expected.items()}, options.verbose)


def compare(c, got, expected, verbose, scale_of=lambda name: None, limit_of=None):
    """scale_of: name of another expected tensor by whose norm one that is zero but for rounding is measured.
    limit_of: the limit by name, where TOLERANCE isn't it."""
    worst, bad = ("", 0.0), 0
    for name in sorted(set(got) ^ set(expected)):
        print(f"{c['name']}: {name} is only in {'ours' if name in got else 'the reference'}")
        bad += 1
    for name in sorted(set(got) & set(expected)):
        limit = limit_of(name) if limit_of else TOLERANCE[c["dtype"]]
        error = relative(got[name], expected[name], expected.get(scale_of(name)))
        if error >= worst[1]:
            worst = (name, error)
        if error > limit or verbose:
            print(f"{c['name']}: {name} {list(expected[name].shape)}: {error:.2e}{' > ' if error > limit else ' <= '}{limit:.0e}")
        bad += error > limit
    gradients = sum(name.startswith("grad.") for name in got)
    limits = f"limit {limit_of(worst[0]) if limit_of else TOLERANCE[c['dtype']]:.0e}"
    print(f"{c['name']} ({c['dtype']}): {len(got)} tensors, {gradients} of them gradients, "
          f"worst {worst[1]:.1e} ({worst[0]}), {limits}: {'FAILED' if bad else 'ok'}", flush=True)
    return bad


def main(description, groups, run_case):
    """The program of one reference: runs the cases of the group that the command line names, and exits."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("group", choices=list(groups))
    parser.add_argument("--driver", required=True, help="the parity_driver program")
    parser.add_argument("--plugins", required=True, help="folder of built plugins, NAME/VERSION/plugin.json")
    parser.add_argument("--case", help="run this case of the group alone")
    parser.add_argument("--keep", help="write the files here, and leave them")
    parser.add_argument("--verbose", action="store_true", help="print every tensor")
    options = parser.parse_args()
    cases = [c for c in groups[options.group] if options.case in (None, c["name"])]
    if not cases:
        parser.error(f"no case {options.case}; there are {', '.join(c['name'] for c in groups[options.group])}")
    sys.exit(1 if sum(run_case(c, options) for c in cases) else 0)


if __name__ == "__main__":
    main(__doc__, GROUPS, run_case)
