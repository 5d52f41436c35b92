"""`vhost plugin new` from outside: every kind, in C++ and in C, written, built from an installed SDK, tested, and run.

    plugin_new.py build FOLDER CMAKE COMPILER     writes FOLDER/src/KIND_LANGUAGE, builds them with FOLDER/sdk, runs their tests
    plugin_new.py run FOLDER                      runs the experiment of each with the shipped plugins, some steps
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

SOURCE, BUILD = pathlib.Path(os.environ["VHOST_SOURCE_DIR"]), pathlib.Path(os.environ["VHOST_BUILD_DIR"])
VHOST = BUILD / "bin/vhost"
KINDS = {"backbone": "conv", "target": "pixels", "mask": "random", "head": "linear", "loss": "charbonnier", "dataset": "drift"}
FOLDER = pathlib.Path(sys.argv[2]).resolve()


def run(*command, folder=".", want=0):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)
    if done.returncode != want:
        sys.exit(f"{' '.join(done.args)}\nexit {done.returncode}, want {want}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
    return done


def refuses_what_is_wrong():
    cases = (
        (("Focal", "--kind", "loss"), 1, "'Focal' can't be a plugin's name: want a-z, then at most 63 of a-z, 0-9, _ and -"),
        (("../escape", "--kind", "loss"), 1, "'../escape' can't be a plugin's name"),
        (("x" * 65, "--kind", "loss"), 1, "can't be a plugin's name"),
        (("mine", "--kind", "los"), 2, "--kind: los not in {backbone,target,mask,head,loss,dataset}"),
        (("mine",), 2, "--kind is required"),
        (("mine", "--kind", "loss", "--licence", "GPL"), 2, "--licence: GPL not in {Apache-2.0,MIT}"),
        (("mine", "--kind", "loss", "--output", "taken"), 1, "taken exists already; remove it, or choose another folder with --output"),
        (("mine", "--kind", "loss", "--output", "link"), 1, "link exists already"),
        (("mine", "--kind", "loss", "--output", "file/below"), 1, "file"),
        (("mine", "--kind", "loss", "--output", "/proc/nowhere/mine"), 1, "/proc/nowhere"),
    )
    folder = FOLDER / "wrong"
    (folder / "taken").mkdir(parents=True)
    (folder / "file").write_text("")
    (folder / "link").symlink_to("nowhere")
    before = sorted(os.listdir(folder))
    for arguments, code, message in cases:
        said = run(VHOST, "plugin", "new", *arguments, folder=folder, want=code)
        assert said.stderr.startswith("error: ") and message in said.stderr and said.stderr.count("\n") == 1, said.stderr
        assert sorted(os.listdir(folder)) == before and not os.listdir(folder / "taken"), f"{arguments} left something behind"
    print(f"ok    {len(cases)} wrong uses are refused, and leave nothing behind")


def build(cmake, compiler):
    shutil.rmtree(FOLDER, ignore_errors=True)
    refuses_what_is_wrong()
    run(cmake, "-S", SOURCE / "sdk", "-B", FOLDER / "sdk-build", f"-DCMAKE_CXX_COMPILER={compiler}")
    run(cmake, "--build", FOLDER / "sdk-build", "--target", "vhost_describe")
    run(cmake, "--install", FOLDER / "sdk-build", "--prefix", FOLDER / "sdk")
    top = "cmake_minimum_required(VERSION 3.25)\nproject(all LANGUAGES C CXX)\nenable_testing()\n"
    for kind in KINDS:
        for language, flags in (("cpp", ("--licence", "MIT")), ("c", ("--c",))):
            name = f"{kind}_{language}"
            run(VHOST, "plugin", "new", name, "--kind", kind, *flags, "--output", FOLDER / "src" / name)
            top += f"add_subdirectory({name})\n"
            lines = len((FOLDER / "src" / name / "src" / f"plugin.{language}").read_text().splitlines())
            assert lines < 100, f"{name} has {lines} lines"
    for path in (p for p in (FOLDER / "src").rglob("*") if p.is_file()):
        assert not any(word in path.read_text() for word in ("@NAME@", "@SOURCE@", "@SDK@", "@LICENCE@")), f"{path} has an unfilled word"
    (FOLDER / "src/CMakeLists.txt").write_text(top)
    launcher = [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("C", "CXX")] if shutil.which("ccache") else []
    run(cmake, "-S", FOLDER / "src", "-B", FOLDER / "build", f"-DCMAKE_PREFIX_PATH={FOLDER / 'sdk'}", f"-DCMAKE_CXX_COMPILER={compiler}",
        "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror", *launcher)
    run(cmake, "--build", FOLDER / "build", "-j2")
    tests = run("ctest", "--output-on-failure", "-R", "_tests$", folder=FOLDER / "build").stdout
    assert "100% tests passed, 0 tests failed out of 12" in tests, tests
    listed = json.loads(run(VHOST, "plugin", "list", "--json", "--plugin-path", FOLDER / "build/plugins").stdout)
    offered = {p["name"]: [(c["interface"], c["name"]) for c in p["components"]] for p in listed}
    for kind, component in KINDS.items():
        for language in ("cpp", "c"):
            assert offered.get(f"{kind}_{language}") == [(f"vh.{kind}/1", component)], offered
    print("ok    12 plugins are written, built, tested and listed")


def run_all():
    sys.path.insert(0, str(SOURCE / "tests/e2e"))
    from vhost_run import clips
    if not (BUILD / "lib/libvhost_engine.so").exists():
        print("skipped: this build has no engine")
        sys.exit(77)
    for kind in KINDS:
        twins = []
        for language in ("cpp", "c"):
            name = f"{kind}_{language}"
            work = FOLDER / "runs" / name
            data = () if kind == "dataset" else ("--set", f"data.train.list={clips() / 'train.txt'}")
            run(VHOST, "--manifest", FOLDER / "src" / name / "manifests/train.json", "--plugin-path", FOLDER / "build/plugins", *data,
                "--work-dir", work, "--no-resume", "--set", "schedule.epochs=10", "--set", "log.every_steps=1", "--set", "threads=1",
                "--set", "device=cpu")
            records = [json.loads(line) for line in (work / "metrics.jsonl").read_text().splitlines()]
            losses = [record["loss"] for record in records if record["kind"] == "step"]
            assert len(losses) >= 10 and sum(losses[-3:]) < sum(losses[:3]), f"{name} doesn't learn: {losses}"
            print(f"ok    {name}: loss {losses[0]:.3f} -> {losses[-1]:.3f} in {len(losses)} steps", flush=True)
            twins.append(losses)
            checked = run(VHOST, "plugin", "check", FOLDER / "build/plugins" / name / "0.1.0").stdout.splitlines()[-1]
            assert checked.endswith("0 failed, 0 skipped") or kind == "dataset", checked
        if kind not in ("backbone", "head"):  # those start from other biases
            assert all(abs(a - b) < 1e-4 * a for a, b in zip(*twins)), f"{kind} differs between C++ and C: {twins}"


if sys.argv[1] == "build":
    build(*sys.argv[3:])
else:
    run_all()
