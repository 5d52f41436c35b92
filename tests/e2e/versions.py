"""Two versions of one plugin in one run, and the lock of versions. On the toy plugins."""
import json
import shutil
import subprocess

from toy_run import TOY, Installed, experiment, has, refused
from vhost_run import BUILD, Run, main


def lock_of(run):
    plugins = json.loads((run.work / "lock.json").read_text())["plugins"]
    return {name: entry["version"] for name, entry in plugins.items()}


def identity(file):
    return file.stat().st_ino, file.stat().st_mtime_ns


def two_versions_train_with_their_own_statics():
    plugins = ["--plugin-path", str(BUILD / "tests/versions"), "--plugin-path", str(TOY)]
    both = Run(experiment(plugins={"toy": "*", "tally": "^1.0", "tally_old": "tally@~0.9"},
                          losses=[{"use": "tally/loss"}, {"use": "tally_old/loss", "weight": 0.5}]))
    both.run(*plugins)
    new = Run(experiment(plugins={"toy": "*", "tally": "^1.0"}, losses=[{"use": "tally/loss"}]))
    old = Run(experiment(plugins={"toy": "*", "tally": "~0.9"}, losses=[{"use": "tally/loss"}]))
    new.run(*plugins), old.run(*plugins)
    steps = [line["scalars"] for line in both.metrics()]
    for stride in (1, 100):
        counts = [step[f"tally.{stride}"] for step in steps]
        # The first step also asks what predictions of zero would cost: that is counted, and not logged.
        assert [count / (2 * stride) for count in counts] == [1, *range(3, len(counts) + 2)], f"the statics of two versions have mixed: {counts}"
    first = (new.metrics()[0]["loss"], old.metrics()[0]["loss"])
    assert abs(first[0] - first[1]) > 0.1, f"both versions compute the same: {first}"
    got = (steps[0]["loss.main.loss"], steps[0]["loss.main.loss.1"])
    assert got == first, f"together they give {got}, alone {first}"
    assert lock_of(both) == {"tally": "1.0.0", "tally_old": "0.9.0", "toy": "0.1.0"}, lock_of(both)
    table = both.run(*plugins, "--dry-run").stdout
    has(table, "tally/loss (tally 1.0.0)", "tally_old/loss (tally 0.9.0)")


def an_upgrade_is_taken_only_when_asked_for():
    installed, run = Installed("0.1.0"), Run(experiment())
    dry = installed.run(run, "--dry-run").stdout
    has(dry, f"{run.work}/lock.json would be written:", "toy 0.1.0 is new")
    assert not run.work.exists(), "--dry-run has written"
    refused(installed.run(run, "--locked", check=False), f"--locked: there is no {run.work}/lock.json")
    installed.run(run)
    installed.add("0.1.7")
    said = "lock: toy 0.1.7 is installed; the lock keeps 0.1.0; --update toy takes it"
    has(installed.run(run, "--locked").stdout, said)
    has((run.work / "log.txt").read_text(), said)
    words = run.command("--plugin-path", str(installed.folder), "--json", "--set", 'data.predict={"use": "toy/stripes", "count": 2}')
    done = subprocess.run([words[0], "predict", *words[1:]], capture_output=True, text=True)
    assert len(json.loads(done.stdout)) == 2 and said in done.stderr, "predict --json mixes what is said with its results"
    assert lock_of(run) == {"toy": "0.1.0"}
    has(installed.run(run, "--update", "toy", "--dry-run").stdout, "toy 0.1.0 -> 0.1.7")
    refused(installed.run(run, "--update", "tyo", check=False), '--update tyo: the manifest has no plugin of that name (did you mean "toy"?)')
    installed.run(run, "--update", "toy")
    assert lock_of(run) == {"toy": "0.1.7"}
    narrow = ["--set", "plugins.toy=~0.1.0 <0.1.5"]
    refused(installed.run(run, *narrow, "--locked", check=False), "the lock would change, which --locked forbids:\n  toy 0.1.7 -> 0.1.0\n")
    has(installed.run(run, *narrow).stdout, 'lock: toy: "~0.1.0 <0.1.5" doesn\'t admit the locked toy 0.1.7; 0.1.0 is taken')
    assert lock_of(run) == {"toy": "0.1.0"}


def what_is_not_as_locked_is_named_at_once():
    value = experiment(plugins={"toy": "^0.1", "old": "toy@0.0.9", "odd": "toy@0.2.0"})
    installed, run = Installed("0.1.0", "0.0.9", "0.2.0"), Run(value)
    installed.run(run)
    installed.remove("0.0.9")
    installed.edit("0.1.0", sha256="0" * 64)
    components = json.loads((installed.folder / "toy/0.2.0/plugin.json").read_text())["components"]
    components[0]["schema"]["properties"]["count"]["default"] = 65
    installed.edit("0.2.0", components=components)
    done = installed.run(run, check=False)
    refused(done, f"{run.work}/lock.json: the locked plugins aren't those that are installed:\n",
            "\n  toy 0.0.9 isn't installed: there are 0.1.0, 0.2.0; install what was locked\n",
            "\n  toy 0.1.0: its library's sha256 is 000000000000..., the lock says ",
            "; install what was locked, or --update toy takes 0.1.0\n",
            "\n  toy 0.2.0: its components take other parameters than when it was locked (")
    (run.work / "lock.json").write_text("{\n  \"vhost_lock\": 1,\n  \"plugins\": [3}\n")
    refused(installed.run(run, check=False), f"{run.work}/lock.json:3:16: ", "; delete the file or give --update")
    installed.add("0.0.9")
    shutil.rmtree(installed.folder / "toy/0.1.0")
    installed.add("0.1.0")
    installed.run(run, "--update")
    assert lock_of(run) == {"toy": "0.1.0", "old": "0.0.9", "odd": "0.2.0"}, "--update hasn't made a broken lock anew"


def a_lock_elsewhere_is_written_only_where_it_changes():
    installed, run = Installed("0.1.0"), Run(experiment())
    shipped = run.folder / "shipped"
    shipped.mkdir()
    lock = shipped / "toy.lock.json"
    installed.run(run, "--lock", str(lock))
    assert lock.read_text() == (run.work / "lock.json").read_text(), "the work-dir has no copy of the lock"
    installed.add("0.1.1")
    other = run.folder / "other.lock.json"
    has(installed.run(run, "--lock", str(other), "--dry-run").stdout, f"lock: {run.work}/lock.json said otherwise: toy 0.1.0 -> 0.1.1")
    installed.remove("0.1.1")
    before = identity(lock)
    shipped.chmod(0o500)
    try:
        installed.run(run, "--lock", str(lock), "--no-resume")
        assert identity(lock) == before, "a lock that needn't change was written"
    finally:
        shipped.chmod(0o700)
    refused(installed.run(run, "--lock", "/proc/toy.lock.json", check=False), "can't write /proc/toy.lock.json: ",
            "; the lock must change:\n  toy 0.1.0 is new\n  name another file with --lock, a copy of this one")
    test = experiment(task="test", data={"eval": {"use": "toy/stripes", "count": 8}}, plugins={"toy": "*"})
    run.path.write_text(json.dumps(test))
    has(installed.run(run, "--dry-run").stdout, f"{run.work}/lock.json doesn't hold:")
    installed.run(run)
    assert before == identity(lock) and '"^0.1"' in (run.work / "lock.json").read_text(), "a test has renewed its training's lock"
    fresh = Run(experiment(), run.folder / "fresh")
    done = installed.run(fresh, "--lock", str(shipped), check=False)
    refused(done, f"can't read {shipped}: it is a folder, not a file")
    assert not (fresh.work / "lock.json").exists()


main({name: case for name, case in list(globals().items()) if callable(case) and getattr(case, "__module__", "") == "__main__"
      and name not in ("lock_of", "identity")})
