"""Start-up: `vhost --help` and --dry-run against `import transformers`; start to first step against Hugging Face.

    start_up.py [--rounds 5]

Prints one median ratio a row. Needs the test tools' Python (tools/setup --tests); skipped without it.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))
from vhost_run import VHOST, Run, clips, manifest  # noqa: E402

FIRST_STEP = """
import torch
from transformers import VideoMAEConfig, VideoMAEForPreTraining
c = VideoMAEConfig(image_size=32, patch_size=8, num_frames=8, hidden_size=48, num_hidden_layers=2, num_attention_heads=2, intermediate_size=192,
                   decoder_hidden_size=32, decoder_num_hidden_layers=1, decoder_num_attention_heads=2, decoder_intermediate_size=128)
m = VideoMAEForPreTraining(c); o = torch.optim.AdamW(m.parameters())
k = torch.zeros(8, 64, dtype=torch.bool); k[:, :48] = True
m(torch.rand(8, 8, 3, 32, 32), bool_masked_pos=k).loss.backward(); o.step()
"""


def timed(command, environment=None):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if subprocess.run([sys.executable, "-c", "import transformers"], capture_output=True).returncode:
        print("skipped: no transformers in this Python")
        sys.exit(77)
    value = manifest("pretrain", clips(), schedule={"steps": 1}, checkpoint={"every_epochs": 0, "every_steps": 0})
    value["data"].pop("eval")
    run = Run(value)
    run.run()
    rows = {"--help / import transformers": [], "--dry-run / import transformers": [], "start to first step / Hugging Face": []}
    for _ in range(options.rounds):
        reference = timed([sys.executable, "-c", "import transformers; from transformers import VideoMAEForPreTraining"])
        rows["--help / import transformers"].append((timed([str(VHOST), "--help"]), reference))
        rows["--dry-run / import transformers"].append((timed(run.command("--dry-run"), run.environment()), reference))
        rows["start to first step / Hugging Face"].append((timed(run.command("--no-resume"), run.environment()), timed([sys.executable, "-c", FIRST_STEP])))
    for name, pairs in rows.items():
        ratios = [a / b for a, b in pairs]
        print(f"{name}: median {statistics.median(ratios):.4f} (min {min(ratios):.4f}, max {max(ratios):.4f}); "
              f"{1e3 * statistics.median(a for a, _ in pairs):.0f} ms against {1e3 * statistics.median(b for _, b in pairs):.0f} ms")


main()
