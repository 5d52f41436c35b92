"""Files that PyTorch and safetensors write are read bit for bit as they load them; `vhost checkpoint` on such files.

    torch_files.py DUMP VHOST      (foreign_dump, vhost)
"""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import safetensors.torch
import torch

DUMP, VHOST = sys.argv[1:3]
TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]


class Settings(dict):
    """A dict of a class that the reader can't know."""


class History:
    def __init__(self):
        self.values, self.best, self.log = torch.arange(3), np.float32(0.25), np.ones((2, 3))


class Marked(torch.Tensor):
    """A subclass of a tensor."""


class Pairs:
    """Pickled as Python 2 did an OrderedDict: with its items as an argument."""

    def __reduce__(self):
        return collections.OrderedDict, ([["first", torch.ones(2)], ["second", torch.zeros(1)]],)


def network():
    return torch.nn.Sequential(collections.OrderedDict(conv=torch.nn.Conv2d(3, 4, 3), bn=torch.nn.BatchNorm2d(4), fc=torch.nn.Linear(4, 2)))


def training():
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": np.float64(0.5),
            "args": argparse.Namespace(lr=1e-3, sizes=(1, 2), name="base", mean=torch.ones(3)), "ema": None}


def every_type():
    tensors = {}
    for dtype in TYPES:
        bits = torch.randint(0, 256, (6, 8 * dtype.itemsize), dtype=torch.uint8).view(dtype)
        name = str(dtype).removeprefix("torch.")
        tensors[name] = {"all": bits, "rows": bits[1:4], "steps": bits[::2, 1::3], "turned": bits.t(), "last": bits[5, 7], "none": bits[:0]}
    tensors["bool"] = torch.tensor([[True, False], [False, True]])
    tensors["special"] = torch.tensor([float("nan"), float("inf"), -0.0, 5e-324], dtype=torch.float64)
    tensors["scalar"] = torch.tensor(7)
    tensors["empty"] = torch.empty(0, 3, 0)
    tensors["repeated"] = torch.arange(3).expand(5, 3)
    tensors["channels_last"] = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    tensors["deep"] = torch.zeros([1] * 20)
    return tensors


def kinds():
    shared, parameter, marked = torch.randn(4, 4), torch.nn.Parameter(torch.randn(3)), torch.randn(2)
    parameter.note, marked.note = "kept", "kept"
    settings = Settings(a=torch.ones(2), text="x" * 1000)
    settings.extra = torch.zeros(1)
    return {"parameter": torch.nn.Parameter(torch.randn(2, 2), requires_grad=False), "noted": parameter, "marked": marked,
            "subclass": torch.randn(2).as_subclass(Marked), "shared": [shared, shared[1], (shared.t(), {"x": shared.view(-1)})],
            "settings": settings, "history": History(), "counter": collections.defaultdict(list, w=torch.ones(1)), "pairs": Pairs(),
            3: {"number": torch.ones(1), (1, "a"): "tuple"}, "module": network(), "many": [torch.full((1,), i) for i in range(300)],
            "numbers": [1, 2.5, True, None, -1, 2**40, 2**70], "list": list(range(100)), "size": torch.Size([1, 2]), "dtype": torch.bfloat16,
            "numpy": {"f2": np.float16(1.5), "i": np.int32(-3), "b": np.bool_(True), "array": np.arange(3.0), "text": np.array(["a"])}}


def opaque():
    return {"complex": torch.zeros(2, dtype=torch.complex64), "sparse": torch.eye(2).to_sparse(), "w": torch.ones(1),
            "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "negated": torch.ones(2, dtype=torch.complex64).conj().imag}


def flat(value, path="", found=None):
    """What the reader should find: path -> tensor."""
    found = {} if found is None else found
    if isinstance(value, torch.Tensor):
        if value.layout is torch.strided and not (value.is_quantized or value.is_complex() or value.is_neg()):
            found[path or "tensor"] = value
    elif isinstance(value, (dict, list, tuple)) and not isinstance(value, torch.Size):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            flat(item, f"{path}.{key}" if path else str(key), found)
    if hasattr(value, "__dict__") and not isinstance(value, (torch.Tensor, type, collections.OrderedDict)):
        flat(vars(value), path, found)
    return found


def bits(tensor):
    tensor = tensor.detach().as_subclass(torch.Tensor).contiguous().reshape(-1)
    return tensor.view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def read(path, folder):
    done = subprocess.run([DUMP, path, folder / "out.safetensors"], capture_output=True, text=True)
    assert done.returncode == 0, f"{path}: {done.stderr}"
    return safetensors.torch.load_file(folder / "out.safetensors"), json.loads(done.stdout)


def compare(path, folder):
    """Returns what was read besides the tensors."""
    expected = flat(torch.load(path, weights_only=False))
    got, rest = read(path, folder)
    assert got.keys() == expected.keys(), f"{path}: {sorted(got.keys() ^ expected.keys())[:5]}"
    for name, tensor in expected.items():
        assert (got[name].dtype, got[name].shape, bits(got[name])) == (tensor.dtype, tensor.shape, bits(tensor)), f"{path}: {name}"
    return rest, len(expected)


def check_files(folder):
    count = 0
    for make in (training, every_type, kinds, opaque, network, lambda: torch.randn(2, 2), lambda: [torch.ones(1), torch.ones(2).t()]):
        torch.manual_seed(0)
        value = make()
        for zipped in (True, False):
            for protocol in (2, 3, 4, 5) if make is kinds else (2, 5):
                torch.save(value, folder / "x.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
                rest, tensors = compare(folder / "x.pth", folder)
                assert rest["container"] == ("torch zip" if zipped else "torch legacy"), rest["container"]
                count += tensors
                if make is training:
                    other = rest["other"]
                    wanted = {"epoch": 3, "best": 0.5, "args": "argparse.Namespace", "args.lr": 1e-3, "args.name": "base", "ema": None}
                    assert wanted.items() <= other.items(), other
                if make is kinds:
                    other = rest["other"]
                    wanted = {"settings": "__main__.Settings", "history.best": 0.25, "history.log": "numpy array of f8, [2, 3]",
                              "numbers.4": -1, "numbers.5": 2**40, "numbers.6": "integer of 9 bytes", "list": "list of 100", "dtype": "torch.bfloat16",
                              "numpy.f2": 1.5, "numpy.i": -3, "numpy.b": True, "numpy.array": [0.0, 1.0, 2.0], "3.(tuple of 2)": "tuple"}
                    assert wanted.items() <= other.items(), other
                if make is opaque:
                    assert rest["other"]["complex"] == "tensor of torch.ComplexFloatStorage, [2]", rest
                    assert rest["other"]["sparse"] == "torch._utils._rebuild_sparse_tensor", rest
                    assert rest["other"]["negated"] == "negated view of torch.FloatStorage, [2]", rest
                    assert rest["other"]["quantised"] == "torch._utils._rebuild_qtensor", rest
    print(f"ok    {count} tensors of torch.save, bit for bit")


def rezip(source, target, prefix, method=zipfile.ZIP_STORED, without=()):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in old.namelist():
            inner = name.split("/", 1)[1]
            if inner not in without:
                new.writestr(prefix + inner, old.read(name))


def fails(path, folder, reason):
    done = subprocess.run([DUMP, path, folder / "out.safetensors"], capture_output=True, text=True)
    assert done.returncode == 1 and reason in done.stderr and done.stderr.count("\n") == 1, done.stderr


def check_archives(folder):
    torch.save(training(), folder / "x.pth")
    for prefix in ("other/", "a/b/", ""):
        rezip(folder / "x.pth", folder / "y.pth", prefix, without=("byteorder",))
        got, _ = read(folder / "y.pth", folder)
        assert {k: bits(v) for k, v in got.items()} == {k: bits(v) for k, v in flat(torch.load(folder / "x.pth", weights_only=False)).items()}
    rezip(folder / "x.pth", folder / "y.pth", "archive/", zipfile.ZIP_DEFLATED)
    fails(folder / "y.pth", folder, "is compressed (method 8)")
    rezip(folder / "x.pth", folder / "y.pth", "archive/", without=("data/0",))
    fails(folder / "y.pth", folder, 'storage "0" is missing')
    rezip(folder / "x.pth", folder / "y.pth", "archive/", without=("data.pkl",))
    fails(folder / "y.pth", folder, "without a data.pkl")
    torch.jit.script(torch.nn.Linear(2, 3)).save(folder / "script.pt")
    got, _ = read(folder / "script.pt", folder)
    assert sorted(tuple(t.shape) for t in got.values()) == [(3,), (3, 2)], got
    tensors = {name.replace("/", "."): t.contiguous() for name, t in flat(every_type()).items()}
    tensors = {name: t.clone() for name, t in tensors.items()}
    safetensors.torch.save_file(tensors, folder / "x.safetensors", metadata={"format": "pt"})
    got, rest = read(folder / "x.safetensors", folder)
    assert {k: bits(v) for k, v in got.items()} == {k: bits(v) for k, v in tensors.items()} and rest["container"] == "safetensors"
    check_flat(folder, tensors)
    torch.save({"a": torch.ones(1)}, folder / "x.pth", pickle_protocol=0, _use_new_zipfile_serialization=False)
    fails(folder / "x.pth", folder, "x.pth: is of torch.save with pickle protocol 0 or 1; load it and save it again")
    print("ok    other archives, TorchScript, safetensors")


def check_flat(folder, tensors):
    """Safetensors as others may write it: the data at odd places, names that could drive a terminal, types that aren't read."""
    whole = (folder / "x.safetensors").read_bytes()
    header, data = whole[8:8 + int.from_bytes(whole[:8], "little")].strip(), whole[8 + int.from_bytes(whole[:8], "little"):]
    header += b" " * (1 - len(header) % 2)
    (folder / "y.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    got, _ = read(folder / "y.safetensors", folder)
    assert {k: bits(v) for k, v in got.items()} == {k: bits(v) for k, v in tensors.items()}
    safetensors.torch.save_file({"\x1b[31mw": torch.ones(1)}, folder / "x.safetensors", metadata={"a": "\x1b[0m"})
    shown = vhost("inspect", folder / "x.safetensors")
    assert "\\x1b[31mw" in shown and "__metadata__.a: \\x1b[0m" in shown and "\x1b" not in shown, shown
    safetensors.torch.save_file({"w": torch.ones(1).to(torch.float8_e4m3fn)}, folder / "x.safetensors")
    fails(folder / "x.safetensors", folder, 'tensor "w": element type "F8_E4M3" is not read; save it as F32')


def vhost(*arguments, code=0):
    done = subprocess.run([VHOST, "checkpoint", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def check_commands(folder):
    files = [folder / f"epoch-{i}.pth" for i in range(3)]
    states = []
    for i, file in enumerate(files):
        torch.manual_seed(i)
        states.append({"w": torch.randn(50, 4), "half": torch.randn(9).half(), "steps": torch.tensor(5), "same": torch.ones(2)})
        torch.save({"model": states[-1]}, file)
    report = json.loads(vhost("inspect", files[0], "--json"))
    assert (report["tensors"], report["parameters"]) == (4, 212) and report["types"]["float32"]["elements"] == 202, report
    assert {"name": "model.w", "type": "float32", "shape": [50, 4]} in report["list"], report["list"]

    vhost("average", *files, "-o", folder / "mean.safetensors")
    mean = safetensors.torch.load_file(folder / "mean.safetensors")
    for name, tensor in mean.items():
        stack = torch.stack([state[name.removeprefix("model.")] for state in states])
        expected = stack.double().mean(0).to(stack.dtype) if stack.is_floating_point() else stack[0]
        assert tensor.dtype == expected.dtype and torch.equal(tensor, expected), name
    states[2]["steps"] += 1
    torch.save({"model": states[2]}, files[2])
    assert 'epoch-2.pth: tensor "model.steps" is of integers and differs' in vhost("average", *files, "-o", folder / "no.safetensors", code=1)
    torch.save({"model": {**states[2], "w": torch.ones(2)}}, files[2])
    assert 'tensor "model.w" is float32 [2], in' in vhost("average", *files, "-o", folder / "no.safetensors", code=1)
    assert not (folder / "no.safetensors").exists()
    os.mkfifo(folder / "pipe")
    assert "pipe: it is a device or a pipe" in vhost("average", *files[:2], "-o", folder / "pipe", code=1) and (folder / "pipe").is_fifo()

    torch.save({"model": states[0]}, folder / "a.pth", _use_new_zipfile_serialization=False)
    assert vhost("diff", files[0], folder / "a.pth") == "4 equal tensors\n"
    changed = {**states[0], "w": states[0]["w"].clone(), "new": torch.ones(1), "same": torch.ones(3), "half": states[0]["half"].float()}
    changed["w"][7, 2] += 0.5
    torch.save({"model": {k: v for k, v in changed.items() if k != "steps"}}, folder / "a.pth")
    diff = json.loads(vhost("diff", files[0], folder / "a.pth", "--json", code=1))
    assert (diff["only_a"], diff["only_b"], diff["equal"]) == (["model.steps"], ["model.new"], 0), diff
    assert diff["shapes"] == [{"name": "model.same", "a": [2], "b": [3]}] and diff["types"][0]["b"] == "float32", diff
    [value] = diff["values"]
    scale = max(states[0]["w"].abs().max(), changed["w"].abs().max()).item()
    assert value["name"] == "model.w" and value["unequal"] == 1 and abs(value["relative"] * scale - 0.5) < 1e-6, value
    torch.save({"x": torch.tensor([2**60, float("nan")][:1], dtype=torch.int64), "n": torch.tensor([float("nan"), 1.0])}, files[0])
    torch.save({"x": torch.tensor([2**60 + 1]), "n": torch.tensor([float("nan"), 1.0])}, files[1])
    assert [(v["name"], v["absolute"]) for v in json.loads(vhost("diff", files[0], files[1], "--json", code=1))["values"]] == [("x", 1)]
    for i in range(2):
        torch.save({"w": torch.ones(1), "c": torch.full((2,), i, dtype=torch.complex64), "either": torch.ones(2).to(torch.complex64 if i else torch.float32)}, files[i])
    diff = json.loads(vhost("diff", files[0], files[1], "--json", code=1))
    assert (diff["only_a"], [u["name"] for u in diff["unread"]], diff["unread"][1]["a"]) == ([], ["c", "either"], "float32 [2]"), diff
    assert 'epoch-0.pth: tensor "c" can\'t be read (tensor of torch.ComplexFloatStorage, [2])' in vhost("average", *files[:2], "-o", folder / "no.safetensors", code=1)
    names = ["patch_embed.proj.weight", "blocks.0.attn.q_bias"]  # VideoMAE's
    torch.save({**{name: torch.ones(1) for name in names}, "blocks.0.norm1.weight": torch.ones(1, dtype=torch.complex64)}, files[0])
    assert 'tensor "blocks.0.norm1.weight" can\'t be read (tensor of torch.ComplexFloatStorage, [1]); --allow-unexpected leaves it out' in vhost(
        "convert", files[0], "-o", folder / "no.safetensors", code=1)
    assert "2 tensors of mcg-videomae" in vhost("convert", files[0], "-o", folder / "two.safetensors", "--allow-unexpected", "blocks.0.norm1.*")
    torch.save({"epoch": 3}, files[0])
    assert "neither of the two holds a tensor" in vhost("diff", files[0], files[0], code=1)
    assert "holds no tensors" in vhost("average", files[0], files[0], "-o", folder / "no.safetensors", code=1)
    assert not (folder / "no.safetensors").exists()
    print("ok    vhost checkpoint inspect, diff, average")


def main():
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory(prefix="vhost-torch-files-") as name:
        for check in (check_files, check_archives, check_commands):
            check(pathlib.Path(name))


main()
