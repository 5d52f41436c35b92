"""TensorBoard's own reader against metrics.jsonl: same tags, steps and values. usage: event_file_test.py WRITE_SAMPLE_RUN"""
import glob
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing import event_accumulator
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader, LegacyEventFileLoader
except ImportError as error:
    print(f"skipped: {error} (tools/setup installs it)")
    sys.exit(77)


def float32(value):
    value = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.get(value, value)
    return struct.unpack("f", struct.pack("f", value))[0]


def wanted_scalars(folder):
    wanted = {}
    for line in open(os.path.join(folder, "metrics.jsonl")):
        record = json.loads(line)
        if record["kind"] == "step":
            values = {"train/loss": record["loss"], "train/lr": record["lr"]}
            values.update({"train/" + name: value for name, value in record["scalars"].items()})
            values["perf/samples_per_second"] = record["time"]["samples_per_second"]
            values["perf/data_wait"] = record["time"]["data_wait"]
        else:
            values = {record["split"] + "/" + name: value for name, value in record["metrics"].items()}
        for tag, value in values.items():
            wanted.setdefault(tag, []).append((record["step"], float32(value)))
    return wanted


def accumulator(folder):
    result = event_accumulator.EventAccumulator(os.path.join(folder, "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    result.Reload()
    return result


def compare(folder):
    read, wanted = accumulator(folder), wanted_scalars(folder)
    assert sorted(read.Tags()["scalars"]) == sorted(wanted), (read.Tags()["scalars"], sorted(wanted))
    for tag, values in wanted.items():
        got = [(event.step, event.value) for event in read.Scalars(tag)]
        assert got == values, f"{tag}: {got[:5]} ... is not {values[:5]} ..."
    return sum(len(values) for values in wanted.values())


def check_headers(folder):
    for path in sorted(glob.glob(os.path.join(folder, "tensorboard", "*"))):
        events = list(LegacyEventFileLoader(path).Load())
        assert events[0].file_version == "brain.Event:2", events[0]
        assert all(event.wall_time > 1.6e9 for event in events)
        assert list(EventFileLoader(path).Load())


def write(tool, folder, *arguments):
    subprocess.run([tool, folder, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def main():
    tool = sys.argv[1]
    with tempfile.TemporaryDirectory() as root:
        folder = os.path.join(root, "run")
        write(tool, folder, 1000, 10)
        count = compare(folder)
        check_headers(folder)

        # A resumed run: what was logged beyond the checkpoint disappears, also for TensorBoard. A torn tail does no harm.
        newest = glob.glob(os.path.join(folder, "tensorboard", "*"))[0]
        with open(newest, "ab") as file:
            file.write(b"\x40\0\0\0\0\0\0\0torn")
        write(tool, folder, 1000, 10, 500)
        assert len(glob.glob(os.path.join(folder, "tensorboard", "*"))) == 2
        compare(folder)
        check_headers(folder)

        picture = os.path.join(root, "picture.png")
        import base64
        open(picture, "wb").write(base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
        folder = os.path.join(root, "pictures")
        write(tool, folder, 20, 10, -1, "live", picture)
        images = accumulator(folder).Images("Masked input, reconstruction and original")
        assert (images[0].width, images[0].height, images[0].step) == (1, 1, 20), images[0]
        assert images[0].encoded_image_string == open(picture, "rb").read()
    print(f"{count} scalars read back by TensorBoard as written")


main()
