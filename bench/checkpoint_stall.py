"""How long a checkpoint of VideoMAE-B (weights and AdamW's state, 1.1 GB) keeps the run waiting, against torch.save of the same.

    checkpoint_stall.py [--rounds 3]

vhost's stall is what the run itself notes in log.txt: the copy in memory that it makes between two steps. The first one of a run
also pays for memory that was never touched; it is printed on its own, and the ratio is that of the later one. Writing goes on
meanwhile: what it adds to the steps is printed too (time of ten steps with two checkpoints less that of ten steps without, halved;
as noisy as the steps). torch.save is called as scripts do, between two steps. On the CPU; nothing is measured on a GPU. Prints the median ratio vhost / torch.save last. Needs the test tools' Python (tools/setup --tests); skipped without it.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time

from train_step import SIZES, VideoMAEConfig, VideoMAEForPreTraining, run_vhost, torch


def step_seconds(run):
    """Of the steps after the first; the time until save() returns is not in them."""
    lines = [json.loads(line) for line in (run.work / "metrics.jsonl").read_text().splitlines()]
    return sum(SIZES["base"]["batch"] / line["time"]["samples_per_second"] for line in lines if line["kind"] == "step" and line["step"] > 1)


def ours():
    plain = run_vhost(SIZES["base"], "fp32", steps=10)
    run = run_vhost(SIZES["base"], "fp32", steps=10, checkpoint={"every_epochs": 0, "every_steps": 4, "keep": 3})
    slower = (step_seconds(run) - step_seconds(plain)) / 2
    plain.remove()
    waited = [float(x) for x in re.findall(r"checkpoint: step \d+: training waited ([0-9.]+) ms", (run.work / "log.txt").read_text())]
    size = sum(p.stat().st_size for p in run.newest().iterdir())
    run.remove()
    if len(waited) != 2:
        sys.exit(f"log.txt tells of {len(waited)} checkpoints between steps, not 2")
    return waited[1] / 1e3, waited[0] / 1e3, slower, size


def reference():
    model = VideoMAEForPreTraining(VideoMAEConfig())
    optimizer = torch.optim.AdamW(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint.pt")
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds), pathlib.Path(path).stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ratios = []
    for _ in range(options.rounds):
        (a, first, slower, size_a), (b, size_b) = ours(), reference()
        ratios.append(a / b)
        print(f"vhost waits {1e3 * a:.1f} ms ({size_a / 1e9:.2f} GB; the first time {1e3 * first:.0f} ms; steps slower by {1e3 * slower:.0f} ms), torch.save {1e3 * b:.0f} ms ({size_b / 1e9:.2f} GB), ratio {a / b:.4f}", flush=True)
    print(f"checkpoint stall ratio: median {statistics.median(ratios):.4f} (min {min(ratios):.4f}, max {max(ratios):.4f})")


main()
