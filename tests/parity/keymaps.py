"""Key maps both ways: weights in another project's names, out of its own library where one can be installed, load by the
plugins' key maps and give the library's outputs; written back, they are the same file again and load in the library.

    keymaps.py --driver BUILD/tests/parity_driver --plugins BUILD/plugins GROUP

Exit code 0, 1, or 77 if a tool is missing.
"""
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

    def load(self, back):
        """A second model from the file, as a user makes it: config and weights in a folder."""
        model = self.reference.model
        with tempfile.TemporaryDirectory(prefix="vhost-keymaps-") as folder:
            model.config.save_pretrained(folder)
            save_file(back, pathlib.Path(folder) / "model.safetensors", metadata={"format": "pt"})
            again, info = type(model).from_pretrained(folder, output_loading_info=True, dtype=model.dtype)
        wrong = {key: value for key, value in info.items() if value and key.endswith(("keys", "msgs"))}
        if wrong:
            raise SystemExit(f"{self.case['name']}: transformers says {wrong}")
        for module in again.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.eps = hf.LAYER_NORM_EPS
        self.reference.model = again.eval()


def of(convention, case, **keys):
    return {**case, "convention": convention, **keys}


GROUPS = {
    "videomae": [
        of(HuggingFace, parity.tiny("hf_pretrain"), hub=False),
        of(HuggingFace, parity.tiny("hf_pretrain_hub"), hub=True),
        of(HuggingFace, parity.tiny("hf_finetune", head="linear"), hub=False),
        of(HuggingFace, parity.tiny("hf_finetune_hub", head="linear", dtype="fp32"), hub=True),
        of(HuggingFace, parity.tiny("hf_finetune_final_norm", head="tsn", final_norm=True), hub=True),
    ],
}


def drive(family, file, inputs, options):
    """The driver's outputs and the file that it wrote back, or None if it fails, which is printed."""
    name = family.case["name"]
    with tempfile.TemporaryDirectory(prefix="vhost-keymaps-") as scratch:
        folder = pathlib.Path(options.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        parts = {**family.driver_case(family.case), "family": family.family, "export": family.export}
        (folder / "case.json").write_text(json.dumps(parts, indent=1))
        save_file({key: value.contiguous() for key, value in file.items()}, folder / "weights.safetensors")
        save_file(inputs, folder / "inputs.safetensors")
        run = subprocess.run([options.driver, options.plugins, str(folder)], capture_output=True, text=True)
        if run.returncode != 0:
            print(f"{name}: the driver failed ({run.returncode}): {run.stderr.strip()}")
            return None
        return load_file(folder / "outputs.safetensors"), load_file(folder / "back.safetensors")


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
        expected = reference.run(inputs)
        bad = differing(outputs, expected, TOLERANCE[case["dtype"]])
        bad += ["written back: " + line for line in differing(back, family.expected_back(file), 0)]
        if not bad and hasattr(family, "load"):
            family.load(back)
            bad += ["loaded there: " + line for line in differing(reference.run(inputs), expected, 0)]
    name = case["name"]
    for line in bad:
        print(f"{name}: {line}")
    print(f"{name} ({family.family}): {len(file)} tensors in, {len(back)} back, {len(outputs)} outputs: "
          f"{'FAILED' if bad else 'ok'}", flush=True)
    return len(bad)


if __name__ == "__main__":
    main(__doc__, GROUPS, run_case)
