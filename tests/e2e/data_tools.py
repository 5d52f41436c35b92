"""`vhost data`: fingerprints, scans and their skip lists, counts, sheets of samples, and Kinetics from its archives."""
import io
import json
import pathlib
import re
import shutil
import subprocess
import tarfile

from toy_run import TOY, experiment, has
from vhost_run import BUILD, CLASSES, VHOST, Run, clips, main, manifest, temporary_folder


def data(*arguments, code=0, folder=None):
    run = Run({})
    done = subprocess.run([str(VHOST), "data", *map(str, arguments)], capture_output=True, text=True, cwd=folder,
                          env=run.environment(), timeout=600)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
    return done


def refused(*arguments, message):
    done = data(*arguments, code=1)
    has(done.stderr, "error: ", message)


def damaged_copy():
    """The clips with one cut short and one that is text."""
    folder = pathlib.Path(temporary_folder()) / "clips"
    shutil.copytree(clips(), folder)
    listed = [folder / line.rsplit(maxsplit=1)[0] for line in (folder / "train.txt").read_text().splitlines()]
    short, text = listed[3], listed[7]
    short.write_bytes(short.read_bytes()[:200])
    text.write_text("no video at all\n")
    return folder, {str(short), str(text)}


def the_fingerprint_is_that_of_the_results():
    run = Run(manifest("train", clips(), schedule={"steps": 1}))
    run.run()
    recorded = json.loads((run.work / "record.json").read_text())["data"]
    printed = json.loads(data("fingerprint", "--manifest", run.path, "--json").stdout)
    assert [d["dataset"] for d in printed] == ["/data/train", "/data/eval"], printed
    for one in printed:
        assert one["fingerprint"] == recorded[one["dataset"]]["fingerprint"], (one, recorded)
        assert one["files"] == recorded[one["dataset"]]["files"], (one, recorded)
    alone = json.loads(data("fingerprint", clips() / "train.txt", "--json").stdout)
    assert alone[0]["fingerprint"] == printed[0]["fingerprint"], alone


def a_scan_lists_the_broken_and_training_skips_them():
    folder, broken = damaged_copy()
    run = Run(manifest("train", folder, schedule={"steps": 2}))
    skip = run.folder / "skip.txt"
    done = data("scan", "--manifest", run.path, "-o", skip, "--threads", 2, code=1)
    has(done.stdout, "broken      2\n")
    named = {line.split("\t")[0] for line in skip.read_text().splitlines() if not line.startswith("#")}
    assert named == broken, (named, broken)
    for path in broken:
        assert any(line.strip().startswith("broken") and path in line for line in done.stdout.splitlines()), done.stdout

    skip.write_bytes("\ufeff".encode() + "\r\n".join(sorted(named)).encode())  # as some editors save it
    value = manifest("train", folder, schedule={"steps": 2})
    value["data"]["train"]["skip"] = str(skip)
    skipping = Run(value)
    output = skipping.run()
    has(output.stdout + output.stderr, "/data/train: 2 samples are left out, by ")
    record = json.loads((skipping.work / "record.json").read_text())["data"]["/data/train"]
    has(record["fingerprint"], " skipped=2 of them, hash=")
    assert "/data/train/skip" in record["files"], record
    assert json.loads(data("stats", "--manifest", skipping.path, "--only", "train", "--json").stdout)[0]["broken"] == 0

    value["data"]["train"]["skip"] = str(run.folder / "gone.txt")
    done = Run(value).run(check=False)
    has(done.stderr, "/data/train/skip: ", "gone.txt: No such file or directory")
    everything = run.folder / "all.txt"
    everything.write_text("".join(f"{folder}/{line.rsplit(maxsplit=1)[0]}\n" for line in (folder / "train.txt").read_text().splitlines()))
    value["data"]["train"]["skip"] = str(everything)
    has(Run(value).run(check=False).stderr, "names all 48 samples: none is left")


def a_whole_dataset_has_an_empty_scan():
    folder = pathlib.Path(temporary_folder())
    data("scan", clips() / "eval.txt", folder=folder)
    assert not (folder / "skip.txt").exists()
    refused("scan", folder / "gone.txt", message="gone.txt: no such file or folder")
    refused("scan", clips() / "eval.txt", "--only", "train", message="--only train: chooses among a manifest's datasets")
    refused("scan", message="--manifest FILE or SOURCE is missing")


def stats_count_each_class():
    found = json.loads(data("stats", clips() / "train.txt", "--json").stdout)[0]
    assert sum(c["samples"] for c in found["by_class"]) == 48 and len(found["by_class"]) == CLASSES, found
    labels = [line.split()[-1] for line in (clips() / "train.txt").read_text().splitlines()]
    for one in found["by_class"]:
        assert one["samples"] == labels.count(str(one["label"])), one
    assert found["bytes"]["total"] == sum(v.stat().st_size for v in map(lambda line: clips() / line.rsplit(maxsplit=1)[0],
                                          (clips() / "train.txt").read_text().splitlines())), found


def boxes(content):
    """The boxes of an MP4 file, in order."""
    at, found = 0, []
    while at < len(content):
        size = int.from_bytes(content[at:at + 4], "big")
        found.append(content[at:at + size])
        at += size
    return found


def with_tables_first(content):
    """An MP4 whose tables stand before its pictures, as files made for streaming have them: cut off, it can still be opened."""
    parts = boxes(content)
    kinds = [part[4:8] for part in parts]
    assert kinds.index(b"moov") > kinds.index(b"mdat"), kinds
    tables = bytearray(parts.pop(kinds.index(b"moov")))
    at = tables.index(b"stco") + 8  # after name, version and flags
    for i in range(int.from_bytes(tables[at:at + 4], "big")):
        place = at + 4 + 4 * i
        tables[place:place + 4] = (int.from_bytes(tables[place:place + 4], "big") + len(tables)).to_bytes(4, "big")
    where = [part[4:8] for part in parts].index(b"mdat")
    return b"".join(parts[:where] + [bytes(tables)] + parts[where:])


def files_cut_at_their_ends_are_short():
    folder = pathlib.Path(temporary_folder()) / "clips"
    shutil.copytree(clips(), folder)
    listed = [folder / line.rsplit(maxsplit=1)[0] for line in (folder / "eval.txt").read_text().splitlines()]
    cut, whole = listed[2], listed[5]
    for path in cut, whole:
        path.write_bytes(with_tables_first(path.read_bytes()))
    assert json.loads(data("scan", folder / "eval.txt", "--json").stdout)[0]["short"] == []
    cut.write_bytes(cut.read_bytes()[:-len(cut.read_bytes()) // 3])

    done = data("scan", folder / "eval.txt", folder=folder)
    has(done.stdout, f"  short        {cut}: holds ", "broken      0\n", "short       1, cut off at their ends and readable")
    assert not (folder / "skip.txt").exists()
    found = json.loads(data("scan", folder / "eval.txt", "--json").stdout)[0]
    assert [one["name"] for one in found["short"]] == [str(cut)] and found["broken"] == [], found
    one = found["short"][0]
    assert 0 < one["frames"] < 16 and one["frames"] + one["missing"] == 16, one

    skip = folder / "skip.txt"
    data("scan", folder / "eval.txt", "--skip-short", "-o", skip, code=1)
    lines = [line for line in skip.read_text().splitlines() if not line.startswith("#")]
    assert [line.split("\t")[0] for line in lines] == [str(cut)], lines
    stats = json.loads(data("stats", folder / "eval.txt", "--json").stdout)[0]["file"]
    assert stats["short"] == 1 and stats["frames"]["least"] == one["frames"] and stats["frames"]["most"] == 16, stats


def stats_tell_of_the_files():
    found = json.loads(data("stats", clips() / "train.txt", "--json").stdout)[0]["file"]
    assert found["sizes"] == [{"width": 32, "height": 32, "samples": 48}], found
    for key, value in (("width", 32), ("height", 32), ("frames", 16), ("frame_rate", 25), ("seconds", 16 / 25)):
        one = found[key]
        assert one["known"] == 48 and one["unusual"] == [], (key, one)
        assert max(abs(one[at] - value) for at in ("least", "median", "most")) < 1e-9, (key, one)

    folder = pathlib.Path(temporary_folder())
    for name, size in (("a", 8), ("b", 10), ("c", 12), ("d", 40)):
        (folder / "one").mkdir(exist_ok=True)
        (folder / f"one/{name}.ppm").write_bytes(b"P6 %d 9 255\n" % size + bytes(size * 27))
    (folder / "one/e.ppm").write_bytes(b"P6 nothing")
    done = data("stats", folder)
    has(done.stdout, "broken       1 ", "width        least 8, median 12, most 40; 1 below half or above twice the median", "height       least 9, median 9, most 9")
    pictures = json.loads(data("stats", folder, "--json").stdout)[0]["file"]
    assert pictures["width"]["unusual"] == [str(folder / "one/d.ppm")] and "frames" not in pictures, pictures

    words = ["stats", "--manifest", Run(experiment()).path, "--plugin-path", TOY]
    done = data(*words)
    has(done.stdout, "contents     toy/stripes doesn't tell sizes, frames and durations")
    assert json.loads(data(*words, "--json").stdout)[0]["file"] == {}


def a_page_shows_samples_as_training_sees_them():
    run = Run(manifest("pretrain", clips()))
    page = run.folder / "page.html"
    data("browse", "--manifest", run.path, "--count", 3, "--augmentations", 2, "-o", page)
    text = page.read_text()
    assert text.count("<figure>") == 3 and text.count("data:image/png;base64,") == 6, "not 3 samples, twice"
    has(text, "48 of 64 cells are masked", "augmented as in training")
    data("browse", "--manifest", run.path, "--only", "eval", "--class", 2, "--count", 2, "-o", page)
    assert page.read_text().count("class 2") == 2, page
    refused("browse", "--manifest", run.path, "--class", "juggling", message="--class juggling: the dataset at /data/train has no such class")
    refused("browse", "--manifest", run.path, "--index", 48, message="--index 48: the dataset at /data/train has 48 samples")
    pages_show_what_is_augmented_on_the_device()


def pages_show_what_is_augmented_on_the_device():
    augment = {"flip": 1, "color_jitter": [0.5, 0.5, 0.5, 0.1], "erase": 1}
    plain, worker, device = (manifest("pretrain", clips()) for _ in range(3))
    worker["data"]["train"].update(augment)
    device["data"]["augment"] = augment
    def pictures(value, *arguments):
        run = Run(value)
        data("browse", "--manifest", run.path, "--count", 3, "-o", run.folder / "page.html", *arguments)
        return re.findall("base64,([^\"]+)", (run.folder / "page.html").read_text())
    assert pictures(device) == pictures(worker) != pictures(plain), "the page doesn't show data.augment as the workers' augmentation"
    assert pictures(device, "--only", "eval") == pictures(plain, "--only", "eval"), "evaluation augments"


def tar(path, entries, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def some_videos(count=6):
    return [path.read_bytes() for path in sorted(clips().rglob("*.mp4"))[:count]]


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "prepare.json"}


def class_folders_become_lists():
    folder, videos = pathlib.Path(temporary_folder()), some_videos()
    archive = tar(folder / "k400.tar.gz", [("k400/train/training dog/a.mp4", videos[0]), ("k400/train/abseiling/b.mp4", videos[1]),
                                           ("k400/val/training dog/c.mp4", videos[2]), ("k400/README", b"hello")])
    done = data("prepare", "kinetics", archive, folder / "out")
    assert (folder / "out/train.txt").read_text() == "videos_train/abseiling/b.mp4 0\nvideos_train/training dog/a.mp4 1\n"
    assert (folder / "out/val.txt").read_text() == "videos_val/training dog/c.mp4 1\n"
    assert (folder / "out/classes.txt").read_text() == "abseiling\ntraining dog\n"
    has(done.stdout, "videos      3 written, 0 were there", "broken      0")
    before = tree(folder / "out")
    has(data("prepare", "kinetics", archive, folder / "out").stdout, "archives    1 (1 were done before)")
    assert tree(folder / "out") == before
    (folder / "out/videos_train/abseiling/b.mp4").unlink()
    has(data("prepare", "kinetics", archive, folder / "out", code=1).stdout, "out: holds 2 videos, after the last run 3; with")
    (folder / "out/prepare.json").unlink()
    data("prepare", "kinetics", archive, folder / "out")
    assert tree(folder / "out") == before


def parts_are_joined_and_a_missing_one_is_named():
    folder, videos = pathlib.Path(temporary_folder()), some_videos()
    whole = tar(folder / "whole.tar.gz", [(f"train/c{i}/{i}.mp4", v) for i, v in enumerate(videos)]).read_bytes()
    third = len(whole) // 3 + 1
    for i, mark in enumerate(("aa", "ab", "ac")):
        (folder / f"k.tar.gz.{mark}").write_bytes(whole[i * third:(i + 1) * third])
    data("prepare", "kinetics", folder / "k.tar.gz.aa", folder / "out", "--no-check")
    assert len((folder / "out/train.txt").read_text().splitlines()) == len(videos)
    (folder / "k.tar.gz.ab").unlink()
    has(data("prepare", "kinetics", folder / "k.tar.gz", folder / "again", "--no-check", code=1).stdout,
        "k.tar.gz: a part is missing before k.tar.gz.ac, so that none of it was read")


def archives_within_archives_and_tables():
    folder, videos = pathlib.Path(temporary_folder()), some_videos()
    names = [f"abc-_{i}_00000{i}_00001{i}.mp4" for i in range(4)]
    inner = [tar(folder / f"inner{i}.tar.gz", [(n, v) for n, v in zip(names[2 * i:2 * i + 2], videos[2 * i:])]).read_bytes() for i in (0, 1)]
    (folder / "in").mkdir()
    tar(folder / "in/all.tar", [("raw/part_0.tar.gz", inner[0]), ("raw/part_1.tar.gz", inner[1])], "w")
    rows = ["label,youtube_id,time_start,time_end,split,is_cc"]
    rows += [f'"{"juggling" if i % 2 else "air, hot"}",abc-_{i},{i},{10 + i},{"val" if i == 3 else "train"},0' for i in range(4)]
    (folder / "in/kinetics.csv").write_text("\n".join(rows + ["juggling,gone,5,15,train,0", "last,abc-_1,7,17,test,0"]) + "\n")
    done = data("prepare", "kinetics", folder / "in", folder / "out", "--no-check", code=1)
    assert (folder / "out/train.txt").read_text() == (f"videos_train/air, hot/{names[0]} 0\nvideos_train/air, hot/{names[2]} 0\n"
                                                      f"videos_train/juggling/{names[1]} 1\n")
    assert (folder / "out/val.txt").read_text() == f"videos_val/juggling/{names[3]} 1\n"
    has(done.stdout, "missing     2\n  test/abc-_1_000007_000017\n  train/gone_000005_000015")
    assert (folder / "out/classes.txt").read_text() == "air, hot\njuggling\nlast\n", "labels must not hang on what is there"


def kinetics_as_its_hosts_have_it():
    """train/part_N.tar.gz of flat videos, annotations/SPLIT.csv, and replacements for broken videos in a folder of their own; Kinetics-700: an
    archive for each class, the split told by the folder that it lies in."""
    folder, videos = pathlib.Path(temporary_folder()), some_videos()
    names = [f"-ab_{i}_00000{i}_00001{i}.mp4" for i in range(5)]
    for inner in ("train", "val", "annotations", "replacement"):
        (folder / "k400" / inner).mkdir(parents=True)
    tar(folder / "k400/train/part_0.tar.gz", [("./" + names[0], b"torn"), ("./" + names[1], videos[1])])
    tar(folder / "k400/train/part_1.tar.gz", [(names[2], videos[2])])
    tar(folder / "k400/val/part_0.tar.gz", [(names[3], videos[3])])
    for split, rows in (("train", (0, 1, 2, 4)), ("val", (3,))):
        (folder / f"k400/annotations/{split}.csv").write_text("label,youtube_id,time_start,time_end,split\n" + "".join(
            f"{'air drumming' if i % 2 else 'yoga'},-ab_{i},{i},{10 + i},{split}\n" for i in rows))
    done = data("prepare", "kinetics", folder / "k400", folder / "out", "--no-check", code=1)
    has(done.stdout, "missing     1\n  train/-ab_4_000004_000014")
    tar(folder / "k400/replacement/replacement_for_corrupted_k400.tgz", [("replacement_for_corrupted_k400/" + names[0], videos[0]),
                                                                         ("replacement_for_corrupted_k400/" + names[4], videos[4])])
    for out in ("out", "anew"):
        has(data("prepare", "kinetics", folder / "k400", folder / out).stdout, "broken      0")
        assert (folder / out / "classes.txt").read_text() == "air drumming\nyoga\n"
        assert (folder / out / "train.txt").read_text() == "".join(
            f"videos_train/{name}\n" for name in (f"air drumming/{names[1]} 0", *(f"yoga/{names[i]} 1" for i in (0, 2, 4))))
        assert (folder / out / f"videos_train/yoga/{names[0]}").read_bytes() == videos[0], "the replacement must win"

    for split in ("train", "val"):
        (folder / "k700" / split).mkdir(parents=True)
    tar(folder / "k700/train/air_drumming.tar.gz", [(f"air_drumming/{names[0]}", videos[0])])
    tar(folder / "k700/val/yoga.tar.gz", [(f"yoga/{names[1]}", videos[1])])
    data("prepare", "kinetics", folder / "k700", folder / "seven", "--no-check")
    assert (folder / "seven/train.txt").read_text() == f"videos_train/air_drumming/{names[0]} 0\n"
    assert (folder / "seven/val.txt").read_text() == f"videos_val/yoga/{names[1]} 1\n"


def nothing_is_written_outside():
    folder, videos = pathlib.Path(temporary_folder()), some_videos()
    archive = tar(folder / "bad.tar.gz", [("../../up.mp4", videos[0]), ("/train/c/abs.mp4", videos[0]), ("train/c/link.mp4", "/etc/passwd"),
                                          ("train/c/good.mp4", videos[0]), ("train/c/e\nvil.mp4", videos[0]), ("train/../x.mp4", videos[0])])
    done = data("prepare", "kinetics", archive, folder / "out/deep", "--no-check", code=1)
    has(done.stdout, "refused     5", '"../../up.mp4" leads out of the archive', '"train/c/link.mp4" is a symbolic link')
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() or p.is_symlink()}
    assert files == {"bad.tar.gz", "out/deep/videos_train/c/good.mp4", "out/deep/train.txt", "out/deep/classes.txt", "out/deep/prepare.json"}, files
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / "linked").mkdir()
    (folder / "linked/videos_train").symlink_to(elsewhere)
    has(data("prepare", "kinetics", archive, folder / "linked", "--no-check", code=1).stderr, "videos_train: is a link, and nothing is written through it")
    assert not list(elsewhere.iterdir())


def what_is_damaged_is_reported_and_the_rest_is_kept():
    folder, videos = pathlib.Path(temporary_folder()), some_videos()
    (folder / "in").mkdir()
    entries = [(f"train/c{i}/{i}.mp4", v) for i, v in enumerate(videos)]
    whole = tar(folder / "whole.tar.gz", entries).read_bytes()
    (folder / "in/part_0.tar.gz").write_bytes(whole[:len(whole) * 2 // 3])
    flipped = bytearray(tar(folder / "other.tar.gz", [("val/c0/z.mp4", b"\0" * 5000)]).read_bytes())
    flipped[-6] ^= 1  # the CRC
    (folder / "in/part_2.tar.gz").write_bytes(flipped)
    done = data("prepare", "kinetics", folder / "in", folder / "out", code=1)
    has(done.stdout, "part_0.tar.gz: is cut short: its gzip data ends early", "part_2.tar.gz: is damaged: incorrect data check",
        "part_1.tar.gz: is missing", "broken      0\n")
    kept = (folder / "out/train.txt").read_text().splitlines()
    assert 0 < len(kept) < len(videos), kept
    assert not list((folder / "out").rglob("*.part")), "a torn file is left"
    mended = folder / "in/part_0.tar.gz"
    mended.write_bytes(whole)
    has(data("prepare", "kinetics", folder / "in", folder / "out", "--no-check", code=1).stdout, f"{len(videos) - len(kept)} written, {len(kept)} were there")
    assert len((folder / "out/train.txt").read_text().splitlines()) == len(videos)
    refused("prepare", "kinetics", folder / "gone.tar.gz", folder / "o2", message="gone.tar.gz: no such file or folder")
    (folder / "empty").mkdir()
    refused("prepare", "kinetics", folder / "empty", folder / "o2", message="holds neither archives")
    (folder / "text.tar.gz").write_text("not an archive")
    has(data("prepare", "kinetics", folder / "text.tar.gz", folder / "o2", "--no-check", code=1).stdout, "text.tar.gz: is no archive that can be read")


def a_kill_loses_nothing():
    folder, videos = pathlib.Path(temporary_folder()), some_videos(16)
    archive = tar(folder / "k.tar.gz", [(f"train/c{i % 3}/{n}-{i}.mp4", v) for n in range(40) for i, v in enumerate(videos)])
    command = [str(VHOST), "data", "prepare", "kinetics", str(archive), str(folder / "out"), "--no-check"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and len(list((folder / "out").rglob("*.mp4"))) < 50:
        pass
    process.kill()
    process.wait()
    data("prepare", "kinetics", archive, folder / "out", "--no-check")
    data("prepare", "kinetics", archive, folder / "straight", "--no-check")
    assert tree(folder / "out") == tree(folder / "straight")
    assert len(list((folder / "out").rglob("*.mp4"))) == 640


def videos_without_a_split_wait_for_one():
    folder, videos = pathlib.Path(temporary_folder()), some_videos(2)
    archive = tar(folder / "k.tar.gz", [(f"jumping/{i}.mp4", v) for i, v in enumerate(videos)])
    has(data("prepare", "kinetics", archive, folder / "out", "--no-check", code=1).stdout, "neither a folder nor a table says", "--split")
    data("prepare", "kinetics", archive, folder / "out", "--no-check", "--split", "val")
    assert (folder / "out/val.txt").read_text() == "videos_val/jumping/0.mp4 0\nvideos_val/jumping/1.mp4 0\n"
    has(data("prepare", "kinetics", archive, folder / "test", "--split", "test").stdout, "test.txt 2; 1 classes", "read        2 samples", "broken      0")
    tar(folder / "none.tar.gz", [("k/README", b"hello")])
    has(data("prepare", "kinetics", folder / "none.tar.gz", folder / "none", "--no-check", code=1).stdout,
        "none.tar.gz: no video (.mp4, .mkv, .avi, ...) was found in it")


def names_may_be_of_any_bytes():
    folder, [video] = pathlib.Path(temporary_folder()), some_videos(1)
    with tarfile.open(folder / "k.tar", "w", encoding="latin1", format=tarfile.GNU_FORMAT) as archive:
        for name in ("val/c/\xff.mp4", "/\xff\x1b[31m.mp4"):
            info = tarfile.TarInfo(name)
            info.size = len(video)
            archive.addfile(info, io.BytesIO(video))
    for again in (False, True):
        done = data("prepare", "kinetics", folder / "k.tar", folder / "out", "--no-check", code=1)
        has(done.stdout, f"{0 if again else 1} written", 'k.tar: "/\\xff\\x1b[31m.mp4" leads out of the archive')
    (folder / "out/prepare.json").write_text("{bad")
    refused("prepare", "kinetics", folder / "k.tar", folder / "out", message="without this file the archives are read again, and nothing is lost")
    (folder / "list.txt").write_bytes(b"\xff.mp4 0\n" + str(clips() / "train").encode() + b"/gone\x1b.mp4 1\nout/videos_val/c/\xff.mp4 0\n")
    done = subprocess.run([str(VHOST), "data", "scan", "list.txt", "--json"], cwd=folder, capture_output=True, timeout=600)
    names = [one["name"] for one in json.loads(done.stdout.decode("utf-8"))[0]["broken"]]
    assert len(names) == 2 and names[0].endswith("\ufffd.mp4") and names[1].endswith("/gone\x1b.mp4"), names
    has(data("scan", "list.txt", folder=folder, code=1).stdout, "/gone\\x1b.mp4: can't be opened")
    (folder / "wrong.txt").write_text("a.mp4 1.5\n")
    refused("scan", folder / "wrong.txt", message="wrong.txt: /data/eval/list: kinetics/clips: ")


main({
    "fingerprint": the_fingerprint_is_that_of_the_results,
    "scan": a_scan_lists_the_broken_and_training_skips_them,
    "scan whole": a_whole_dataset_has_an_empty_scan,
    "stats": stats_count_each_class,
    "stats files": stats_tell_of_the_files,
    "scan short": files_cut_at_their_ends_are_short,
    "browse": a_page_shows_samples_as_training_sees_them,
    "prepare": class_folders_become_lists,
    "prepare parts": parts_are_joined_and_a_missing_one_is_named,
    "prepare nested": archives_within_archives_and_tables,
    "prepare as hosted": kinetics_as_its_hosts_have_it,
    "prepare outside": nothing_is_written_outside,
    "prepare damaged": what_is_damaged_is_reported_and_the_rest_is_kept,
    "prepare kill": a_kill_loses_nothing,
    "prepare split": videos_without_a_split_wait_for_one,
    "any names": names_may_be_of_any_bytes,
})
