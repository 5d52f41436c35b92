"""docs/migrating.md names commands, files and keys that exist; docs/asked-for.md names tests that do."""
import re
import shlex
import subprocess

from vhost_run import BUILD, SOURCE, VHOST, main

MOVING = (SOURCE / "docs/migrating.md").read_text()
ASKED = (SOURCE / "docs/asked-for.md").read_text()


def words_of(command):
    done = subprocess.run([VHOST, *command, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"vhost {' '.join(command)} --help: {done.stderr}"
    return done.stdout


def our_commands():
    """What stands in the right-hand columns as `vhost ...`."""
    cells = [row.split(" | ")[-1] for row in MOVING.splitlines() if row.startswith("|")]
    return [shlex.split(code)[1:] for cell in cells for code in re.findall(r"`(vhost [^`]+)`", cell)]


def manifests_and_options_exist():
    commands = our_commands()
    assert len(commands) >= 20, f"only {len(commands)} commands found"
    for command in commands:
        group = [word for word in command[:2] if re.fullmatch("[a-z]+", word)]
        try:
            options = words_of(group)
        except AssertionError:
            options = words_of(group[:1])  # the second word was an argument
        for word in command:
            assert not word.startswith("--") or word in options, f"vhost {' '.join(command)}: there is no {word}"
            assert not word.startswith("plugins/") or (SOURCE / word).exists(), f"{word} doesn't exist"


def keys_exist():
    table = (SOURCE / "docs/manifest.md").read_text()
    keys = {word.split("=")[0] for command in our_commands() for word in command if re.match(r"[a-z]+\.[a-z_.]+=", word)}
    keys |= set(re.findall(r"`((?:data|optimizer|eval|checkpoint)\.[a-z_]+)`", MOVING))
    assert len(keys) > 5
    unknown = {key for key in keys if f"`{key}`" not in table and not re.match(r"data\.(train|eval)\.(list|root)$", key)}
    assert not unknown, f"docs/manifest.md doesn't know {unknown}"


def named_tests_exist():
    listed = subprocess.run(["ctest", "-N"], cwd=BUILD, capture_output=True, text=True, check=True).stdout
    tests = set(re.findall(r"Test +#\d+: (\S+)", listed))
    sources = "\n".join(path.read_text() for folder in ("tests", "host", "plugins", "sdk")
                        for path in (SOURCE / folder).rglob("*") if path.suffix in (".py", ".cpp") and "test" in str(path))
    rows = [row.rsplit(" | ", 1)[1] for row in ASKED.splitlines() if re.match(r"\| \d+ \|", row)]
    assert len(rows) == 27
    for row in rows:
        names = re.findall(r"`([^`]+)`", row)
        assert names, row
        for name in names:
            assert name in tests or re.search(rf"(def |CASE\(){name}\b", sources), f"{name} is no test"


main({case.__name__: case for case in (manifests_and_options_exist, keys_exist, named_tests_exist)})
