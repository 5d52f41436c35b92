"""What decode_bench.py and pipeline_bench.py share: the files, the references, running ours."""
import os
import pathlib
import random
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "vhost" / "bench-clips"
SOURCES = ["playing_fetch_dog", "arranging_blocks", "pouring_coffee", "shuffling_cups"]


def media():
    return pathlib.Path(os.environ.get("VHOST_MEDIA", ROOT.parent / "shared" / "media"))


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def tool(name, build):
    path = pathlib.Path(build) / "bin" / name
    if not path.is_file():
        sys.exit(f"{path} is missing: build the target {name} first, or pass --build FOLDER")
    return str(path)


def make_files(gop):
    """Four videos of 340x256 and about ten seconds with a key frame every `gop` frames: real content if there is any."""
    if not shutil.which("ffmpeg"):
        skip("needs the ffmpeg program to make the test files")
    CACHE.mkdir(parents=True, exist_ok=True)
    files = []
    for k, name in enumerate(SOURCES):
        source = media() / "videos" / f"{name}.mp4"
        real = source.is_file()
        out = CACHE / f"{name if real else f'pattern{k}'}-gop{gop}.mp4"
        files.append(str(out))
        if out.is_file():
            continue
        given = ["-i", str(source)] if real else ["-f", "lavfi", "-i", f"testsrc2=s=340x256:r=30:d=10,noise=alls={8 * k}:allf=t"]
        temporary = out.with_suffix(".tmp.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-y", *given, "-vf", "scale=340:256", "-an", "-c:v", "libx264", "-preset", "medium", "-crf", "23",
                        "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0", "-pix_fmt", "yuv420p", str(temporary)], check=True)
        temporary.rename(out)
    return files


def make_jobs(files, count, seed, path):
    """Lines "start stride count path": 16 frames, stride 4, random starts; every file has at least 280 frames."""
    rng = random.Random(seed)
    lines = [f"{rng.randrange(0, 280 - 61)} 4 16 {files[i % len(files)]}" for i in range(count)]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def read_jobs(path):
    for line in open(path):
        start, stride, count, name = line.rstrip("\n").split(" ", 3)
        yield name, list(range(int(start), int(start) + int(stride) * int(count), int(stride)))


def read_decord(path, frames):
    import decord
    return decord.VideoReader(path, num_threads=1).get_batch(frames).asnumpy()


def read_torchcodec(path, frames, mode="approximate"):
    from torchcodec.decoders import VideoDecoder
    decoder = VideoDecoder(path, num_ffmpeg_threads=1, seek_mode=mode, dimension_order="NHWC")
    return decoder.get_frames_at(frames).data.numpy()


def read_torchcodec_exact(path, frames):
    return read_torchcodec(path, frames, "exact")


def read_pyav(path, frames):
    import av
    import numpy
    wanted, out = set(frames), []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        step = int(1 / stream.average_rate / stream.time_base)
        container.seek(frames[0] * step, stream=stream)
        for frame in container.decode(stream):
            index = round(frame.pts / step)
            if index in wanted:
                out.append(frame.to_ndarray(format="rgb24"))
            if index >= frames[-1]:
                break
    return numpy.stack(out)


def read_opencv(path, frames):
    import cv2
    import numpy
    cv2.setNumThreads(1)
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    capture.set(cv2.CAP_PROP_POS_FRAMES, frames[0])
    wanted, out, index = set(frames), [], frames[0]
    while index <= frames[-1] and capture.grab():
        if index in wanted:
            out.append(cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB))
        index += 1
    capture.release()
    return numpy.stack(out)


REFERENCES = {"decord": read_decord, "torchcodec": read_torchcodec, "torchcodec-exact": read_torchcodec_exact, "pyav": read_pyav, "opencv": read_opencv}


def usable(name):
    module = {"torchcodec": "torchcodec.decoders", "torchcodec-exact": "torchcodec.decoders", "pyav": "av", "opencv": "cv2"}.get(name, name)
    done = subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, text=True)
    if done.returncode:
        print(f"  {name}: skipped, not installed ({done.stderr.strip().splitlines()[-1]})")
    return done.returncode == 0
