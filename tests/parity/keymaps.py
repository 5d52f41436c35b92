"""Key maps both ways: weights in another project's names, out of its own library where one can be installed, load by the
plugins' key maps and give the library's outputs; written back, they are the same file again and load in the library.

    keymaps.py --driver BUILD/tests/parity_driver --plugins BUILD/plugins GROUP

Exit code 0, 1, or 77 if a tool is missing.
"""
import collections
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import torch
    import transformers
    from safetensors.torch import load_file, save_file

    import hf
    import mvit
    import parity
    import vit
    from parity import TOLERANCE, main, make_weights, relative
except ImportError as error:
    print(f"skipped: {error}; tools/setup makes the test tools' environment")
    sys.exit(77)


AS_LOADED = 1e-4  # with the library's own constants in place of the weights' own: see HuggingFace.exact


def renamed(tensors, rules):
    """The tensors under names made by the first rule (regular expression, replacement) that fits; others as they are."""
    result = {}
    for name, value in tensors.items():
        for pattern, to in rules:
            if re.fullmatch(pattern, name):
                name = re.sub(pattern, to, name)
                break
        result[name] = value
    return result


def state(model):
    return {name: value.detach().clone().contiguous() for name, value in model.state_dict().items()}


transformers.utils.logging.disable_progress_bar()


class HuggingFace:
    """transformers' VideoMAE; hub: with q_bias and v_bias, as files on the hub have them."""
    family, export = "hf-videomae", "hf"

    def __init__(self, case):
        self.case, self.hub = case, case["hub"]
        self.reference = parity.Reference(case)
        self.make_inputs, self.driver_case = parity.make_inputs, parity.driver_case

    def file(self):
        tensors = state(self.reference.model)
        if self.hub:
            tensors = renamed(tensors, [(r"(.*attention)\.query\.bias", r"\1.q_bias"), (r"(.*attention)\.value\.bias", r"\1.v_bias")])
        return tensors

    def expected_back(self, file):
        return renamed(file, [(r"(.*attention)\.query\.bias", r"\1.q_bias"), (r"(.*attention)\.value\.bias", r"\1.v_bias")])

    def ours(self):
        return {name: value.detach().clone() for name, value in self.reference.ours(dict(self.reference.model.named_parameters()), lambda p: p).items()}

    def export_folder(self, folder, options):
        """What `vhost checkpoint export -o FOLDER` writes of the same weights, as a run with named classes leaves them."""
        case, parts, checkpoint = self.case, self.driver_case(self.case), folder / "step-1"
        checkpoint.mkdir()
        save_file(self.ours(), checkpoint / "model.safetensors")
        (checkpoint / "state.json").write_text(json.dumps({"class_names": [f"class {i}" for i in range(case["classes"])]}))
        data = {"use": "toy/stripes", "size": case["shape"]["size"], "frames": case["shape"]["frames"]}
        manifest = {"vhost": 1, "name": "keymaps", "task": "train", "plugins": {}, "data": {"train": data, "batch": 1},
                    "model": {"backbone": parts["backbone"], "heads": {"main": parts["head"]}}, "losses": [parts["loss"]], "target": parts["target"]}
        (folder / "exp.json").write_text(json.dumps(manifest))
        build = pathlib.Path(options.driver).resolve().parents[1]
        command = [build / "bin/vhost", "checkpoint", "export", "--to", "hf", checkpoint, "--manifest", folder / "exp.json", "-o", folder / "out",
                   "--plugin-path", build / "tests/plugins"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{case['name']}: {done.stderr}")
        return folder / "out"

    def load(self, back, options):
        """A second model in one line, from what vhost has written."""
        model, alone = self.reference.model, self.case["head"] == "tsn"  # whose mean isn't Hugging Face's: the weights alone
        with tempfile.TemporaryDirectory(prefix="vhost-keymaps-") as scratch:
            folder = pathlib.Path(scratch)
            if alone:
                model.config.save_pretrained(folder)
                save_file(back, folder / "model.safetensors", metadata={"format": "pt"})
            else:
                folder = self.export_folder(folder, options)
            again, info = type(model).from_pretrained(folder, output_loading_info=True)
            config, written = json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")
        wrong = [f"{key}: {value}" for key, value in info.items() if value and key.endswith(("keys", "msgs"))]
        wrong += differing(written, back, 0) + ([] if alone else self.config_faults(config, again))
        if wrong:
            raise SystemExit(f"{self.case['name']}: {wrong}")
        self.reference.model = again.eval()

    def config_faults(self, written, again):
        """Of the file and of the model that was made by it, against the configuration that the reference was built with."""
        model, classes = self.reference.model, self.case["classes"]
        ours, theirs = again.config.to_dict(), model.config.to_dict()
        apart = {key for key in theirs if theirs[key] != ours.get(key)} - {"_name_or_path", "architectures", "dtype", "id2label", "label2id"}
        if not self.reference.pretrain:
            apart = {key for key in apart if not key.startswith("decoder_")}  # nothing is decoded
        faults = [f"{key} is {ours.get(key)}, want {theirs[key]}" for key in sorted(apart)]
        if written["architectures"] != [type(model).__name__] or again.dtype != model.dtype:
            faults.append(f"{written['architectures']}, {again.dtype}")
        names = {i: f"class {i}" for i in range(classes)}
        if not self.reference.pretrain and (ours["id2label"] != names or ours["label2id"] != {name: i for i, name in names.items()}):
            faults.append(f"{ours['id2label']}, {ours['label2id']}")
        return faults

    def exact(self):
        """The library's own norms before the classifier and after the decoder add 1e-5, not what config.json says."""
        for module in self.reference.model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.eps = hf.LAYER_NORM_EPS


class HuggingFaceEncoder(HuggingFace):
    """The encoder of transformers' VideoMAE alone, as VideoMAEModel saves it; the head comes from the whole model."""
    family, export = "hf-videomae-model", None

    def file(self):
        tensors = super().file()
        return {name.removeprefix("videomae."): value for name, value in tensors.items() if name.startswith("videomae.")}

    def rest(self):
        return {name: value for name, value in self.ours().items() if name.startswith("heads.")}

    def expected_back(self, _):
        return {}

    load = None


class Library:
    """timm and torchvision: the file is their own state dict, and theirs alone says whether it fits."""

    def __init__(self, case, module):
        self.case, self.reference = case, module.Reference(case)
        self.make_inputs, self.driver_case = module.make_inputs, module.driver_case

    def file(self):
        return state(self.reference.model)

    def expected_back(self, file):
        return file

    def load(self, back, _):
        again = copy.deepcopy(self.reference.model)
        for p in again.parameters():
            torch.nn.init.zeros_(p)
        again.load_state_dict(back, strict=True)
        self.reference.model = again


class Timm(Library):
    family, export = "timm-vit", "timm"

    def __init__(self, case):
        super().__init__(case, vit)


class TimmMvit(Library):
    """timm's MViTv2 of pictures: stages of blocks, two-dimensional kernels."""
    family, export = "timm-mvit", "timm"

    def __init__(self, case):
        super().__init__(case, mvit)
        self.reference = mvit.TimmReference(case)


class Torchvision(Library):
    family, export = "torchvision-mvit", "torchvision"

    def __init__(self, case):
        super().__init__(case, mvit)


class Names:
    """A project that can't be installed here: its names for our tensors (algorithms.md 9.2), in its own container."""
    nesting, extra, values = None, {}, staticmethod(lambda tensors: tensors)

    def __init__(self, case):
        self.case = case
        module = {"videomae/": parity, "maskfeat/": vit, "mvit/": mvit}[re.match(r"\w+/", self.backbone)[0]]
        pretrain = module is mvit and case["mask"] == "replace"
        self.reference = (vit.VideoReference if pretrain else module.Reference)(case)
        source = self.reference if pretrain else module
        self.make_inputs, self.driver_case = source.make_inputs, source.driver_case

    def ours(self):
        if isinstance(self.reference, parity.Reference):
            return self.reference.ours(dict(self.reference.model.named_parameters()), lambda p: p)
        return {name: vit.class_token_shape(name, p) for name, p in self.reference.parameters().items()}

    def expected_back(self, _):
        return {name: value.detach().clone() for name, value in renamed(self.ours(), self.rules).items()}

    def file(self):
        return {**self.values(self.expected_back(None)), **{name: torch.rand(shape) for name, shape in self.extra.items()}}


def swap(*pairs):
    """Rules for names that begin with, or contain, the first of a pair."""
    return [(f"(.*?){re.escape(a)}(.*)", rf"\g<1>{b}\g<2>") for a, b in pairs]


class McgPretrain(Names):
    family, export, backbone, nesting = "mcg-videomae-pretrain", "videomae", "videomae/vit", "model"
    rules = swap(("backbone.", "encoder."), ("heads.main.", ""))


class McgFinetune(Names):
    family, export, backbone, nesting = "mcg-videomae", "videomae", "videomae/vit", "module"
    rules = swap(("backbone.", ""), ("heads.main.", ""))


class Compiled(McgFinetune):
    """As VideoMAEv2 may write it, behind torch.compile."""
    nesting = "model._orig_mod"


class MmlabVideoMae(Names):
    family, export, backbone, nesting = "openmmlab-videomae", "mmpretrain", "videomae/vit", "state_dict"
    rules = swap(("patch_embed.proj.", "patch_embed.projection."), ("mlp.fc1.", "mlp.layers.0.0."), ("mlp.fc2.", "mlp.layers.1."),
                 ("heads.main.fc_norm.", "backbone.fc_norm."), ("heads.main.head.", "cls_head.fc_cls."))
    extra = {"backbone.pos_embed": (1, 32, 32)}


class MmlabMaskFeatVit(Names):
    family, export, backbone, nesting = "openmmlab-maskfeat-vit", "mmpretrain", "maskfeat/vit", "state_dict"
    rules = [(r"backbone\.blocks\.(\d+)\.norm(\d)\.(.*)", r"backbone.layers.\1.ln\2.\3"),
             (r"backbone\.blocks\.(\d+)\.mlp\.fc1\.(.*)", r"backbone.layers.\1.ffn.layers.0.0.\2"),
             (r"backbone\.blocks\.(\d+)\.mlp\.fc2\.(.*)", r"backbone.layers.\1.ffn.layers.1.\2"),
             *swap(("backbone.blocks.", "backbone.layers."), ("patch_embed.proj.", "patch_embed.projection."),
                   ("backbone.norm.", "backbone.ln1."), ("heads.main.fc_norm.", "backbone.ln2."), ("heads.main.fc.", "neck.fc."),
                   ("heads.main.head.", "head.fc."))]
    extra = {"target_generator.weight_x": (3, 1, 3, 3), "target_generator.gaussian_kernel": (16, 16)}


class MmlabMvit(Names):
    family, export, backbone, nesting = "openmmlab-mvit", "mmpretrain", "mvit/mvit", "state_dict"
    rules = swap(("patch_embed.proj.", "patch_embed.projection."), ("backbone.norm.", "backbone.norm3."),
                 ("heads.main.fc_norm.", "backbone.norm3."), ("heads.main.head.", "cls_head.fc_cls."))


class MmlabMvitOfPictures(MmlabMvit):
    """With two-dimensional convolutions; they come back with an axis of time."""

    @staticmethod
    def values(tensors):
        return {name: value.squeeze(2) if value.dim() == 5 else value for name, value in tensors.items()}


class MmlabMaskFeatMvit(Names):
    family, export, backbone, nesting = "openmmlab-maskfeat-mvit", "mmpretrain", "mvit/mvit", "state_dict"
    rules = swap(("patch_embed.proj.", "patch_embed.projection."), ("backbone.norm.", "backbone.norm2."), ("heads.main.fc.", "neck.fc."))
    extra = {"target_generator.weight_x": (3, 1, 3, 3)}


class SlowFast(Names):
    family, export, backbone, nesting = "pyslowfast-mvit", "pyslowfast", "mvit/mvit", "model_state"
    rules = swap(("backbone.", ""), ("heads.main.fc_norm.", "norm."), ("heads.main.head.", "head.projection."))


class SlowFastSeparate(SlowFast):
    """SEPARATE_QKV; it comes back in one piece."""

    @staticmethod
    def values(tensors):
        apart = {}
        for name, value in tensors.items():
            parts = value.chunk(3) if ".attn.qkv." in name else [value]
            names = [name.replace(".qkv.", f".{x}.") for x in "qkv"] if len(parts) == 3 else [name]
            apart.update(zip(names, parts))
        return apart


class SlowFastVit(Names):
    family, export, backbone, nesting = "pyslowfast-vit", "pyslowfast", "maskfeat/vit", "model_state"
    rules = swap(("backbone.", ""), ("heads.main.fc_norm.", "norm."), ("heads.main.head.", "head.projection."))


class SlowFastMaskFeatVit(Names):
    family, export, backbone, nesting = "pyslowfast-maskfeat-vit", "pyslowfast", "maskfeat/vit", "model_state"
    rules = swap(("backbone.norm.", "pred_head.transforms.0.0."), ("backbone.", ""), ("heads.main.fc.", "pred_head.projections.0."))
    extra = {"hogs.0.weight_x": (3, 1, 3, 3), "hogs.0.weight_y": (3, 1, 3, 3)}


class SlowFastMaskFeat(Names):
    family, export, backbone, nesting = "pyslowfast-maskfeat-mvit", "pyslowfast", "mvit/mvit", "model_state"
    rules = swap(("backbone.norm.", "pred_head.transforms.0.0."), ("backbone.", ""), ("heads.main.fc.", "pred_head.projections.0."))
    extra = {"hogs.0.weight_x": (3, 1, 3, 3), "hogs.0.weight_y": (3, 1, 3, 3)}


def of(convention, case, **keys):
    return {**case, "convention": convention, **keys}


GROUPS = {
    "videomae": [
        of(HuggingFace, parity.tiny("hf_pretrain"), hub=False),
        of(HuggingFace, parity.tiny("hf_pretrain_hub"), hub=True),
        of(HuggingFace, parity.tiny("hf_finetune", head="linear"), hub=False),
        of(HuggingFace, parity.tiny("hf_finetune_hub", head="linear", dtype="fp32"), hub=True),
        of(HuggingFaceEncoder, parity.tiny("hf_encoder", head="linear"), hub=False),
        of(HuggingFaceEncoder, parity.tiny("hf_encoder_final_norm", head="tsn", final_norm=True), hub=True),
        of(HuggingFace, parity.tiny("hf_finetune_final_norm", head="tsn", final_norm=True), hub=True),
        of(McgPretrain, parity.tiny("mcg_pretrain")),
        of(McgFinetune, parity.tiny("mcg_finetune", head="linear")),
        of(Compiled, parity.tiny("mcg_finetune_compiled", head="linear")),
        of(MmlabVideoMae, parity.tiny("openmmlab_finetune", head="linear")),
    ],
    "maskfeat": [
        of(Timm, vit.tiny("timm_finetune")),
        of(Timm, vit.tiny("timm_finetune_class_token", pool="cls", final_norm=True, dtype="fp32")),
        of(MmlabMaskFeatVit, vit.pretrain(vit.tiny, "openmmlab_pretrain")),
        of(MmlabMaskFeatVit, vit.tiny("openmmlab_finetune")),
        of(SlowFastVit, vit.tiny("slowfast_finetune")),
        of(SlowFastMaskFeatVit, vit.pretrain(vit.tiny, "slowfast_pretrain_pictures")),
    ],
    "mvit": [
        of(Torchvision, mvit.tiny("torchvision_v2")),
        of(Torchvision, mvit.tiny("torchvision_maskfeat", dim_mul="mlp", dtype="fp32")),
        of(TimmMvit, mvit.tiny("timm_mvitv2", library="timm", shape=(1, 64, 64), widths=mvit.IMAGE)),
        of(TimmMvit, mvit.tiny("timm_mvitv2_mlp", library="timm", shape=(1, 64, 64), widths=mvit.IMAGE, dim_mul="mlp")),
        of(MmlabMvit, mvit.tiny("openmmlab_v2")),
        of(MmlabMvit, mvit.tiny("openmmlab_maskfeat_finetune", dim_mul="mlp")),
        of(MmlabMvitOfPictures, mvit.tiny("openmmlab_pictures", shape=(1, 64, 64))),
        of(MmlabMaskFeatMvit, vit.GROUPS["video"][0]),
        of(SlowFast, mvit.tiny("slowfast_v2")),
        of(SlowFast, mvit.tiny("slowfast_maskfeat_mean", dim_mul="mlp", pool="mean")),
        of(SlowFastSeparate, mvit.tiny("slowfast_separate_qkv")),
        of(SlowFastMaskFeat, {**vit.GROUPS["video"][0], "name": "slowfast_pretrain"}),
    ],
}


def write(family, tensors, path):
    """As the project does: safetensors, or torch.save with the weights under some keys. vhost goes by content."""
    nesting = getattr(family, "nesting", None)
    if nesting is None:
        return save_file(tensors, path)
    outer, *inner = nesting.split(".", 1)
    wrapped = {".".join([*inner, name]): value for name, value in tensors.items()}
    torch.save({"epoch": 7, outer: collections.OrderedDict(wrapped), "optimizer": {"state": {0: {"exp_avg": torch.rand(3)}}}}, path)


def drive(family, file, inputs, options):
    """The driver's outputs and the file that it wrote back, or None if it fails, which is printed."""
    name = family.case["name"]
    with tempfile.TemporaryDirectory(prefix="vhost-keymaps-") as scratch:
        folder = pathlib.Path(options.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        parts = {**family.driver_case(family.case), "family": family.family, "export": family.export}
        (folder / "case.json").write_text(json.dumps(parts, indent=1))
        write(family, {key: value.contiguous() for key, value in file.items()}, folder / "weights.safetensors")
        save_file(inputs, folder / "inputs.safetensors")
        if hasattr(family, "rest"):
            save_file(family.rest(), folder / "rest.safetensors")
        run = subprocess.run([options.driver, options.plugins, str(folder)], capture_output=True, text=True)
        if run.returncode != 0:
            print(f"{name}: the driver failed ({run.returncode}): {run.stderr.strip()}")
            return None
        return load_file(folder / "outputs.safetensors"), load_file(folder / "back.safetensors") if family.export else {}


def differing(got, expected, limit):
    """Names only in one, or whose values differ by more than the limit."""
    bad = [f"{name} is only in {'ours' if name in got else 'theirs'}" for name in sorted(set(got) ^ set(expected))]
    for name in sorted(set(got) & set(expected)):
        error = relative(got[name], expected[name])
        if error > limit:
            bad.append(f"{name} {list(got[name].shape)} {list(expected[name].shape)}: {error:.2e}")
    return bad


def run_case(case, options):
    """Returns the number of tensors that differ."""
    family = case["convention"](case)
    generator = torch.Generator().manual_seed(1)
    reference = family.reference
    reference.model.eval()
    make_weights(reference.model, reference.extra, generator)
    if hasattr(reference, "prepare"):
        reference.prepare()
    inputs = family.make_inputs(case, generator)
    file = family.file()
    driven = drive(family, file, inputs, options)
    if driven is None:
        return 1
    outputs, back = driven
    outputs = {name: value for name, value in outputs.items() if not name.startswith(("grad.", "target."))}
    with torch.no_grad():
        expected = {name: value for name, value in reference.run(inputs).items() if not name.startswith("target.")}
        bad = differing(outputs, expected, TOLERANCE[case["dtype"]])
        bad += ["written back: " + line for line in differing(back, family.expected_back(file), 0)]
        if not bad and getattr(family, "load", None):
            family.load(back, options)
            if hasattr(family, "exact"):
                bad += ["loaded there: " + line for line in differing(reference.run(inputs), expected, AS_LOADED)]
                family.exact()
            bad += ["loaded there: " + line for line in differing(reference.run(inputs), expected, 0)]
    name = case["name"]
    for line in bad:
        print(f"{name}: {line}")
    print(f"{name} ({family.family}): {len(file)} tensors in, {len(back)} back, {len(outputs)} outputs: "
          f"{'FAILED' if bad else 'ok'}", flush=True)
    return len(bad)


if __name__ == "__main__":
    main(__doc__, GROUPS, run_case)
