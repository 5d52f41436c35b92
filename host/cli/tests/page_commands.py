"""The commands of a page of docs/ work, in their order, and print what it shows; its code is what they compile.

    page_commands.py PAGE

"$ " lines of ```console blocks are run in a folder that looks like a checkout with a release build; "..." in what follows stands for
any text or lines. If that begins with "error: ", the command must fail so. A block of code whose first line is a comment with a path
("// smooth/src/plugin.cpp") is written there.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE, BUILD = pathlib.Path(os.environ["VHOST_SOURCE_DIR"]), pathlib.Path(os.environ["VHOST_BUILD_DIR"])


def steps_of(page):
    """("run", command, shown lines) and ("write", path, text), in the page's order."""
    steps = []
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.M | re.S):
        path = re.match(r"(?://|#|/\*) (\S+/\S+)", text)
        if kind == "console":
            for command in re.findall(r"^\$ (.*\n(?:(?!\$ ).*\n)*)", text, re.M):
                lines = command.splitlines()
                steps.append(("run", lines[0], lines[1:]))
        elif path:
            steps.append(("write", path.group(1), text))
    return steps


def shows(shown, printed):
    """The shown lines occur among the printed ones, in order."""
    at = 0
    for line in (line for line in shown if line != "..."):
        pattern = re.compile(".*".join(map(re.escape, line.split("..."))))
        at = next((i + 1 for i in range(at, len(printed)) if pattern.fullmatch(printed[i])), None)
        if at is None:
            return line
    return None


def main():
    if not (BUILD / "lib/libvhost_engine.so").exists():
        print("skipped: this build has no engine")
        sys.exit(77)
    steps = steps_of(pathlib.Path(sys.argv[1]).read_text())
    assert sum(kind == "run" for kind, _, _ in steps) >= 10 and sum(kind == "write" for kind, _, _ in steps) >= 1, "is this the page?"
    exported = ""
    with tempfile.TemporaryDirectory(prefix="vhost-page-") as folder:
        for name in ("plugins", "sdk", "docs"):
            os.symlink(SOURCE / name, pathlib.Path(folder) / name)
        os.mkdir(pathlib.Path(folder) / "build")
        os.symlink(BUILD, pathlib.Path(folder) / "build/release")
        for kind, what, rest in steps:
            if kind == "write":
                path = pathlib.Path(folder) / what
                assert path.exists(), f"the page writes {what}, which isn't there to be replaced"
                path.write_text(rest)
                continue
            if what.startswith("export "):
                exported += what + "\n"
            done = subprocess.run(["bash", "-c", exported + what], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            fails = bool(rest) and rest[0].startswith("error: ")
            missing = shows(rest, (done.stderr if fails else done.stdout).splitlines())
            if done.returncode != (1 if fails else 0) or missing is not None:
                sys.exit(f"$ {what}\nexit {done.returncode}; not printed: {missing}\n{done.stdout}\n{done.stderr}")
            print(f"ok    $ {what}", flush=True)


main()
