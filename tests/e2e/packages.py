"""The program's package commands from outside: pack, install, list, inspect, verify, explain, remove; hostile archives; kills."""
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

BUILD = pathlib.Path(os.environ["VHOST_BUILD_DIR"])
VHOST = BUILD / "bin/vhost"
BUILT = next((BUILD / "tests/plugins/toyc").iterdir())
SHIPPED = BUILT.parents[3] / "plugins/classify" / "0.1.0"
VERSION = BUILT.name
ROOT = f"toyc/{VERSION}"
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # syncs cost nothing there
scratch = pathlib.Path(tempfile.mkdtemp(prefix="vhost-packages-", dir=MEMORY))
TOY = scratch / "toyc"  # the package that all of it is tried with
checks = 0


def check(truth, what):
    global checks
    checks += 1
    if not truth:
        print(f"FAILED: {what}")
        sys.exit(1)


def vhost(*arguments, code=0, folder=None, env=None, umask=-1):
    ran = subprocess.run([str(VHOST), "plugin", *map(str, arguments)], capture_output=True, text=True, cwd=folder, umask=umask, timeout=120,
                         env={**os.environ, "XDG_DATA_HOME": str(scratch / "data"), "XDG_DATA_DIRS": str(scratch / "none"), "VHOST_PLUGIN_PATH": "", **(env or {})})
    if code is not None:
        check(ran.returncode == code, f"{arguments}: exit code {ran.returncode}, not {code}\n{ran.stdout}{ran.stderr}")
    return ran


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def visible(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.glob("*/*") if not p.parent.name.startswith("."))


def hidden(folder):
    return [p.name for p in folder.glob(".*")]


def plugins(folder):
    return [(p["name"], p["version"]) for p in json.loads(vhost("list", "--json", "--plugin-path", folder).stdout) if p["folder"].startswith(str(folder))]


def packing_is_reproducible():
    vhost("pack", TOY, "-o", scratch / "a.tar.zst")
    copy = scratch / "copy"
    copy.mkdir()
    for path in sorted(TOY.rglob("*"), reverse=True):  # another order, other times and modes
        if path.is_file():
            (copy / path.relative_to(TOY)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy / path.relative_to(TOY))
            os.chmod(copy / path.relative_to(TOY), 0o777)
            os.utime(copy / path.relative_to(TOY), (1, 1))
    ran = vhost("pack", copy, "-o", scratch / "b.tar.zst", umask=0o077)
    bytes_a = (scratch / "a.tar.zst").read_bytes()
    check(bytes_a == (scratch / "b.tar.zst").read_bytes(), "two archives of the same files differ")
    check(hashlib.sha256(bytes_a).hexdigest() in ran.stdout and str(len(bytes_a)) in ran.stdout, "pack prints no sha256 or size")
    (copy / "README.md").write_bytes(b"changed")
    vhost("pack", copy, "-o", scratch / "c.tar.zst")
    check(bytes_a != (scratch / "c.tar.zst").read_bytes(), "a changed file gives the same archive")
    return bytes_a


def install_to_remove(archive):
    data = scratch / "data/vhost/plugins"
    check("installed in" in vhost("install", archive, umask=0o077).stdout, "install says nothing")
    check(("toyc", VERSION) in plugins(data), "the installed package isn't listed")
    check({p.stat().st_mode & 0o7777 for p in (data / ROOT).rglob("*") if p.is_file()} == {0o644}, "file modes")
    check("matches the library" in vhost("inspect", f"toyc@{VERSION}").stdout, "inspect")
    check(vhost("verify", "toyc").stdout.startswith(f"ok      toyc {VERSION}  {data / ROOT}\n"), "verify")
    check("already installed" in vhost("install", archive).stdout, "the same package again")
    vhost("install", scratch / "c.tar.zst", code=1)
    check("with other content; --force replaces it" in vhost("install", scratch / "c.tar.zst", code=1).stderr, "other content")
    check("replaced" in vhost("install", scratch / "c.tar.zst", "--force").stdout, "--force")
    check((data / ROOT / "README.md").read_bytes() == b"changed", "--force replaces nothing")
    vhost("pack", f"toyc@{VERSION}", "-o", scratch / "d.tar.zst")
    check((scratch / "d.tar.zst").read_bytes() == (scratch / "c.tar.zst").read_bytes(), "packing an installed package changes it")
    verify_finds_all(data / ROOT)
    vhost("install", archive, "--force")
    check(f"removed {data / ROOT}" in vhost("remove", f"toyc@{VERSION}").stdout, "remove")
    check(not visible(data) and not hidden(data), "remove leaves something")
    check("isn't installed" in vhost("remove", "toyc", code=1).stderr, "removing twice")
    kept = vhost("remove", "classify", code=1).stderr if SHIPPED.exists() else None
    check(kept is None or f"--from FOLDER removes it:\n  {SHIPPED}" in kept, f"a shipped plugin may be removed: {kept}")
    vhost("install", TOY)
    check((data / ROOT / "checksums.txt").is_file() and not hidden(data), "a folder's install has no checksums")
    vhost("remove", "toyc")


def verify_finds_all(folder):
    (folder / "extra.txt").write_text("x")
    check('"extra.txt" isn\'t listed in checksums.txt' in vhost("verify", "toyc", code=1).stdout, "an unlisted file")
    (folder / "extra.txt").unlink()
    readme = (folder / "README.md").read_bytes()
    (folder / "README.md").write_text("y")
    check('"README.md" is changed' in vhost("verify", "toyc", code=1).stdout, "a changed file")
    (folder / "README.md").unlink()
    check('"README.md" is missing' in vhost("verify", "toyc", code=1).stdout, "a missing file")
    (folder / "README.md").symlink_to("/etc/hostname")
    check("is a link" in vhost("verify", "toyc", code=1).stdout, "a link in place of a file")
    (folder / "README.md").unlink()
    (folder / "README.md").write_bytes(readme)
    vhost("verify", "toyc")
    (folder / "checksums.txt").rename(scratch / "checksums.txt")
    check("only the library's checksum is known" in vhost("verify", "toyc").stdout, "no checksums.txt")
    (scratch / "checksums.txt").rename(folder / "checksums.txt")


def several_versions():
    one, two = scratch / "one", scratch / "two"
    path = ("--plugin-path", one, "--plugin-path", two)
    for folder, version in ((one, "1.0.0"), (one, "1.1.0-rc.1"), (two, "1.0.0"), (two, "2.0.0")):
        source = scratch / "versions" / version
        if not source.exists():
            shutil.copytree(TOY, source)
            about = json.loads((source / "plugin.json").read_text())
            (source / "plugin.json").write_text(json.dumps({**about, "version": version}))
        vhost("install", source, "--to", folder)
    (two / "toyc/3.0.0").mkdir()
    (two / "toyc/3.0.0/plugin.json").write_text("{")
    rows = [(r["taken"], r["version"], r["reason"]) for r in json.loads(vhost("explain", "toyc", "^1.0", "--json", *path).stdout)]
    expected = [(True, "1.0.0", "the highest version in the range"),
                (False, "1.1.0-rc.1", 'it is a pre-release, and "^1.0" names no pre-release of the same MAJOR.MINOR.PATCH'),
                (False, "1.0.0", f"the same version is found earlier on the search path, in {one}/toyc/1.0.0"),
                (False, "2.0.0", 'it isn\'t in the range "^1.0"')]
    check(rows[:4] == expected, f"explain: {rows}")
    check(rows[4][1] == "" and "not usable: " in rows[4][2] and "3.0.0/plugin.json:1:2" in rows[4][2], f"explain of a broken package: {rows[4]}")
    check("2.0.0 is higher" in vhost("explain", "toyc", *path).stdout, "explain: lower version")
    check("no version range" in vhost("explain", "toyc", "^^", code=1).stderr, "explain: no range")
    check("No package is taken" in vhost("explain", "toyc", "^9", code=1, *[]).stdout, "explain: none")
    error = vhost("remove", "toyc", *path, code=1).stderr
    check("there are 5 packages of toyc" in error and str(two / "toyc/3.0.0") in error, f"remove is not unique: {error}")
    vhost("remove", "toyc@3.0.0", *path)
    vhost("remove", "toyc@1.0.0", "--from", two)
    check(visible(two) == ["toyc/2.0.0"] and len(visible(one)) == 2, "remove took another")
    vhost("remove", "toyc", "--all", *path)
    check(not visible(one) and not visible(two), "remove --all leaves some")


def compressed(raw):
    return subprocess.run(["zstd", "-q", "-c", "-3"], input=raw, capture_output=True, check=True).stdout


def tar_of(entries, form=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data, change in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in change.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return out.getvalue()


def good_entries():
    names = contents(TOY)
    sums = "".join(f"{hashlib.sha256(b).hexdigest()}  {n}\n" for n, b in sorted(names.items()))
    return [(f"{ROOT}/{n}", b, {}) for n, b in names.items()] + [(f"{ROOT}/checksums.txt", sums.encode(), {})]


def hostile_archives():
    good = good_entries()
    link = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}

    def resummed(changes):  # other bytes with right checksums
        files = {**contents(TOY), **changes}
        sums = "".join(f"{hashlib.sha256(b).hexdigest()}  {n}\n" for n, b in sorted(files.items()))
        return [(f"{ROOT}/{n}", b, {}) for n, b in files.items()] + [(f"{ROOT}/checksums.txt", sums.encode(), {})]

    library = next(n for n in contents(TOY) if n.endswith(".so"))
    about = json.loads(contents(TOY)["plugin.json"])
    other = json.dumps({**about, "version": "9.9.9"}).encode()
    newer = bytearray(contents(TOY)[library])
    at = newer.index(b"vhost\0\0\0") + 8 + 4
    newer[at:at + 4] = (99).to_bytes(4, "little")
    newer_about = json.dumps({**about, "sha256": hashlib.sha256(newer).hexdigest(), "abi": {**about["abi"], "major": 99}}).encode()
    cases = {
        "'..'": (tar_of(good + [(f"{ROOT}/../../evil", b"x", {})]), 'has the part ".."'),
        "absolute": (tar_of([("/tmp/vhost-evil", b"x", {})]), "has an empty part; absolute paths"),
        "link": (tar_of(good + [(f"{ROOT}/l", b"", link)]), "is a symbolic link"),
        "hard link": (tar_of(good + [(f"{ROOT}/h", b"", {"type": tarfile.LNKTYPE, "linkname": f"{ROOT}/plugin.json"})]), "is a hard link"),
        "device": (tar_of(good + [(f"{ROOT}/d", b"", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})]), "is a device"),
        "pipe": (tar_of(good + [(f"{ROOT}/p", b"", {"type": tarfile.FIFOTYPE})]), "is a named pipe"),
        "twice": (tar_of(good + good[:1]), "is there twice"),
        "case": (tar_of(good + [(f"{ROOT}/readme.MD", b"x", {})]), "differ only in upper and lower case"),
        "case of a folder": (tar_of(good + [(f"{ROOT}/A/x", b"x", {}), (f"{ROOT}/a/y", b"x", {})]), "differ only in upper and lower case"),
        "file as folder": (tar_of(good + [(f"{ROOT}/README.md/x", b"x", {})]), "is there twice"),
        "unicode": (tar_of(good + [(f"{ROOT}/pl\u00fcgin", b"x", {})], tarfile.PAX_FORMAT), "isn't portable"),
        "control character": (tar_of(good + [(f"{ROOT}/a\nb", b"x", {})]), "isn't portable"),
        "hidden": (tar_of(good + [(f"{ROOT}/.bashrc", b"x", {})]), "is hidden"),
        "long name": (tar_of(good + [(f"{ROOT}/" + "n" * 300, b"x", {})]), "at most 200 are allowed"),
        "deep": (tar_of(good + [(f"{ROOT}/" + "d/" * 20 + "x", b"x", {})]), "folders deep"),
        "two packages": (tar_of(good + [("other/1.0.0/x", b"x", {})]), "one package is wanted"),
        "two folders": (tar_of(good + [("other", b"", {"type": tarfile.DIRTYPE})]), "one package is wanted"),
        "no folder": (tar_of([("plugin.json", b"{}", {})]), "lies outside of <name>/<version>/"),
        "other version": (tar_of(resummed({"plugin.json": other})), "is of toyc 9.9.9, its folder says"),
        "no checksums": (tar_of(good[:-1]), "has no checksums.txt"),
        "no plugin.json": (tar_of([e for e in good if not e[0].endswith("plugin.json")]), "has no plugin.json"),
        "unlisted": (tar_of(good + [(f"{ROOT}/extra", b"x", {})]), '"extra" isn\'t listed'),
        "missing": (tar_of([e for e in good if not e[0].endswith("README.md")]), '"README.md" is missing'),
        "changed": (tar_of([(n, b"x" if n.endswith("README.md") else b, c) for n, b, c in good]), '"README.md" is changed'),
        "library": (tar_of(resummed({library: contents(TOY)[library] + b"x"})), "it isn't the file that was packed"),
        "other ABI": (tar_of(resummed({library: bytes(newer), "plugin.json": newer_about})), "it is built for ABI major 99, this host has"),
        "many": (tar_of(good + [(f"{ROOT}/f{i}", b"", {}) for i in range(10001)]), "has more than 10000 entries"),
        "bomb": (tar_of(good + [(f"{ROOT}/zeros", bytes(64 << 20), {})]), "times its size"),
        "large": (tar_of(good + [(f"{ROOT}/zeros", bytes(8 << 20), {})]), "unpacks to more than 4194304 bytes; --max-size raises"),
        "plugin.json": (tar_of(resummed({"plugin.json": b" " * (5 << 20)})), "at most 4194304 are read"),
        "no tar": (b"hello" * 1000, "is no package archive"),
        "cut": (tar_of(good)[:5000], "is no package archive, or a damaged one"),
        "empty": (tar_of([]), "holds no file"),
        "setuid": (tar_of([(n, b, {"mode": 0o6755}) for n, b, c in good]), None),
    }
    to = scratch / "hostile"
    for name, (raw, message) in cases.items():
        (scratch / "x.tar.zst").write_bytes(compressed(raw))
        options = ["--max-size", "4MB"] if name == "large" else []
        ran = vhost("install", scratch / "x.tar.zst", "--to", to, *options, code=None)
        check(ran.returncode == (message is not None), f"{name}: {ran.stdout}{ran.stderr}")
        if message is None:
            check(not any(p.stat().st_mode & 0o6111 for p in to.rglob("*") if p.is_file()), "a mode of the archive was taken")
            continue
        check(message in ran.stderr and "x.tar.zst" in ran.stderr and ran.stderr.count("\n") == 1, f"{name}: {ran.stderr!r} doesn't say {message!r}")
        check(not visible(to) and not hidden(to), f"{name}: leaves {visible(to)} {hidden(to)}")
    raw = tar_of(good)
    for name, data in {"zstd cut": compressed(raw)[:-100], "plain tar": raw, "zstd twice": compressed(compressed(raw)), "nothing": b""}.items():
        (scratch / "y.tar.zst").write_bytes(data)
        ran = vhost("install", scratch / "y.tar.zst", "--to", scratch / "hostile2", code=1)
        check("is no package archive" in ran.stderr or "holds no file" in ran.stderr, f"{name}: {ran.stderr}")
    check(not visible(scratch / "hostile2"), "a hostile archive was installed")


def unfit_folders():
    def refused(change, message):
        folder = scratch / "unfit"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(TOY, folder)
        change(folder)
        for command in (("pack", folder, "-o", scratch / "unfit.tar.zst"), ("install", folder, "--to", scratch / "unfit-to")):
            error = vhost(*command, code=1).stderr
            check(message in error, f"{message!r} is not in {error!r}")
        check(not (scratch / "unfit.tar.zst").exists() and not visible(scratch / "unfit-to"), "an unfit package came through")

    library = next(n for n in contents(TOY) if n.endswith(".so"))
    private = scratch / "libhelper.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", private, "-Wl,-soname,libhelper.so", "-x", "c", "/dev/null"], check=True)
    refused(lambda f: (f / "link").symlink_to("README.md"), "is a link")
    refused(lambda f: os.mkfifo(f / "pipe"), "no regular file")
    refused(lambda f: (f / "a b").write_text("x"), "isn't portable")
    refused(lambda f: shutil.copy(private, f / "libhelper.so"), 'is a private library with the soname "libhelper.so"')
    refused(lambda f: (f / library).write_bytes((f / library).read_bytes() + b"x"), "it isn't the file that was packed")
    refused(lambda f: (f / "plugin.json").write_text("{"), "plugin.json:1:2")
    refused(lambda f: ((f / "plugin.json").unlink(), os.mkfifo(f / "plugin.json")), "plugin.json: is no regular file")


def kills(archive):
    to, total = scratch / "kills", 0
    whole = {f"{ROOT}/{name}" for name in [*contents(TOY), "checksums.txt"]}
    for force in (False, True):
        for at in range(1, 1000):
            shutil.rmtree(to, ignore_errors=True)
            if force:
                vhost("install", scratch / "c.tar.zst", "--to", to)
            old = contents(to)
            ran = vhost("install", archive, "--to", to, *(["--force"] if force else []), code=None, env={"VHOST_FAULT": str(at)})
            if ran.returncode == 0:
                break
            check(ran.returncode == -9, f"fault {at}: exit code {ran.returncode}")
            total += 1
            seen = {n: b for n, b in contents(to).items() if not n.startswith(".")} if to.exists() else {}
            check(seen == (old if force else {}) or (set(seen) == whole and seen != old), f"fault {at}: a part of a package is visible")
            if seen:
                check("ok " in vhost("verify", "toyc", "--plugin-path", to).stdout, f"fault {at}: the package isn't whole")
            vhost("install", archive, "--to", to, "--force")
            check(not hidden(to) and visible(to) == [ROOT], f"fault {at}: leftovers {hidden(to)}")
        check(at > 10, "no fault point was reached")
    for at in range(1, 100):
        vhost("install", archive, "--to", to)
        ran = vhost("remove", "toyc", "--from", to, code=None, env={"VHOST_FAULT": str(at)})
        if ran.returncode == 0:
            break
        total += 1
        seen = {n for n in contents(to) if not n.startswith(".")}
        check(seen in (whole, set()), f"remove, fault {at}: a part of a package is visible")
    return total


def at_once(archive):
    to = scratch / "at-once"
    command = [str(VHOST), "plugin", "install", "--to", str(to)]
    running = [subprocess.Popen([*command, str(archive if i % 2 else TOY)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for i in range(8)]
    outputs = [p.communicate(timeout=120) for p in running]
    check(all(p.returncode == 0 for p in running), f"installs at once: {outputs}")
    check(sum("already installed" in out for out, _ in outputs) == 7, f"installs at once: {outputs}")
    check(visible(to) == [ROOT] and not hidden(to), "installs at once leave something")


def main():
    if not shutil.which("zstd"):
        print("skipped: the program zstd is missing")
        sys.exit(77)
    try:
        shutil.copytree(BUILT, TOY)
        (TOY / "README.md").write_text("A test's\n")
        (TOY / "manifests").mkdir()
        (TOY / "manifests/train.json").write_text("{}\n")
        packing_is_reproducible()
        archive = scratch / "a.tar.zst"
        install_to_remove(archive)
        several_versions()
        hostile_archives()
        unfit_folders()
        killed = kills(archive)
        at_once(archive)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{checks} checks, {killed} kills")


main()
