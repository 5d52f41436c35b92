"""Writes the small files of seeds/, from which the reader's tests begin, with PyTorch and safetensors themselves."""
import argparse
import collections
import os
import pathlib
import sys

import numpy as np
import safetensors.torch
import torch

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds")


def checkpoint():
    torch.manual_seed(0)
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    model = torch.nn.Sequential(collections.OrderedDict(fc=torch.nn.Linear(3, 2)))
    return {
        "state_dict": model.state_dict(),
        "views": [base, base[1:, ::2], base.t()],
        "half": torch.ones(2, dtype=torch.bfloat16),
        "parameter": torch.nn.Parameter(torch.zeros(2, dtype=torch.float64)),
        "flags": torch.tensor([True, False]),
        "empty": torch.empty(0, 3),
        "complex": torch.zeros(1, dtype=torch.complex64),
        "args": argparse.Namespace(lr=0.1, betas=(0.9, 0.95), name="base"),
        "best": np.float64(0.5),
        "array": np.arange(3),
        "epoch": 7,
    }


def main():
    OUT.mkdir(exist_ok=True)
    for protocol in (2, 4):
        torch.save(checkpoint(), OUT / f"zip{protocol}.pth", pickle_protocol=protocol)
        torch.save(checkpoint(), OUT / f"stream{protocol}.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    tensors = {"a.weight": torch.ones(2, 3), "b": torch.arange(4), "c": torch.empty(0, 2), "d": torch.zeros(3, dtype=torch.bfloat16)}
    safetensors.torch.save_file(tensors, OUT / "flat.safetensors", metadata={"format": "pt"})
    os.chmod(OUT / "flat.safetensors", 0o644)


main()
