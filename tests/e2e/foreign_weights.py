"""Weights of other projects: init.from reads them, vhost checkpoint writes and converts them, and every mistake is told.
On the toy plugins' pictures."""
import json
import pathlib
import struct
import subprocess

from toy_run import TOY, has, refused
from vhost_run import VHOST, Run, main, temporary_folder

PLUGINS = ["--plugin-path", str(TOY)]
FOLDER = pathlib.Path(temporary_folder())


def load(path):
    """Tensors of a safetensors file: name -> (dtype, shape, bytes)."""
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    at = 8 + length
    return {name: (t["dtype"], t["shape"], data[at + t["data_offsets"][0]:at + t["data_offsets"][1]]) for name, t in header.items()}


def save(path, tensors):
    header, body = {}, b""
    for name, (dtype, shape, value) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(value)]}
        body += value
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def floats(*values):
    return "F32", [len(values)], struct.pack(f"<{len(values)}f", *values)


def experiment(backbone, head, loss, **top):
    value = {
        "vhost": 1, "name": "foreign", "task": "train", "seed": 3, "device": "cpu", "threads": 1,
        "plugins": {"toy": "*", "videomae": "*", "mvit": "*", "maskfeat": "*", "classify": "*"},
        "data": {"train": {"use": "toy/stripes", "count": 8, "size": 32}, "batch": 4, "workers": 1},
        "model": {"backbone": backbone, "heads": {"main": head}}, "losses": [{"use": loss, "head": "main"}],
        "optimizer": {"lr": 0.01}, "schedule": {"steps": 1}, "log": {"every_steps": 1},
    }
    value.update(top)
    return value


VIT = {"use": "videomae/vit", "dim": 16, "depth": 2, "heads": 2, "patch": 8, "tubelet": 1}
PICTURES = {"use": "maskfeat/vit", "dim": 16, "depth": 1, "heads": 2, "patch": 16}
MVIT = {"use": "mvit/mvit", "embed_dim": 8, "depth": 2, "heads": 1, "stage_starts": [1], "kv_stride": [1, 2, 2], "dim_mul": "mlp"}
LINEAR, XENT = {"use": "classify/linear"}, "classify/cross_entropy"
CLS = {"use": "classify/linear", "pool": "cls", "fc_norm": False}


def trained(value):
    run = Run(value)
    run.run(*PLUGINS)
    return run


def command(*words, check=True):
    done = subprocess.run([str(VHOST), "checkpoint", *map(str, words), *PLUGINS], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(done.args)}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def started_from(value, init, check=True):
    """A run of one step at rate 0: its checkpoint holds what it began with."""
    run = Run({**value, "seed": 4, "init": init, "optimizer": {"lr": 0.0, "weight_decay": 0.0}})
    return run, run.run(*PLUGINS, check=check)


def weights(run):
    return load(run.newest() / "model.safetensors")


class Shared:
    """One trained VideoMAE and its file for transformers, made when first asked for."""
    made = None

    @classmethod
    def get(cls):
        if cls.made is None:
            value = experiment(VIT, LINEAR, XENT)
            run, file = trained(value), FOLDER / "hf.safetensors"
            command("export", "--to", "hf", run.work, "-o", file)
            cls.made = value, run, file
        return cls.made


def weights_go_out_and_come_back():
    value, run, file = Shared.get()
    names = load(file)
    assert "videomae.encoder.layer.1.attention.attention.q_bias" in names and "classifier.weight" in names, sorted(names)
    back = FOLDER / "back.safetensors"
    has(command("convert", file, "-o", back).stdout, "hf-videomae (Hugging Face VideoMAE)")
    assert load(back) == weights(run), "export and convert have changed the weights"
    again, done = started_from(value, {"from": str(file)})
    assert weights(again) == weights(run), "init.from has changed the weights"
    has((again.work / "log.txt").read_text(), "is of the family hf-videomae (Hugging Face VideoMAE)")
    own, _ = started_from(value, {"from": str(back)})
    assert weights(own) == weights(run), "init.from of our own names has changed the weights"
    whole = FOLDER / "hf"
    has(command("export", "--to", "hf", f"{run.work}/last", "-o", whole).stdout, "hf/config.json: the model's sizes and names of classes")
    config = json.loads((whole / "config.json").read_text())
    assert (config["hidden_size"], config["num_attention_heads"], config["image_size"], config["num_frames"]) == (16, 2, 32, 4), config
    assert config["architectures"] == ["VideoMAEForVideoClassification"] and config["id2label"]["3"] == "down" and config["label2id"]["up"] == 2, config
    from_folder, _ = started_from(value, {"from": str(whole)})
    assert weights(from_folder) == weights(run), "init.from of a folder of transformers has changed the weights"
    only = FOLDER / "backbone.safetensors"
    command("export", "--to", "hf", run.newest(), "--prefix", "backbone.", "-o", only)
    assert not (FOLDER / "config.json").exists(), "config.json belongs to a model.safetensors"
    assert set(load(only)) == {name for name in names if name.startswith("videomae.")}


def what_doesnt_fit_is_named():
    value, run, file = Shared.get()
    whole = load(file)
    bias = "videomae.encoder.layer.1.output.dense.bias"
    lacking = save(FOLDER / "lacking.safetensors", {n: t for n, t in whole.items() if n != bias})
    refused(started_from(value, {"from": str(lacking)}, check=False)[1], "lacking.safetensors: lacks 1 of the model's weights: "
            '"backbone.blocks.1.mlp.fc2.bias"', '"allow_missing" allows names by pattern')
    started_from(value, {"from": str(lacking), "allow_missing": ["backbone.blocks.*.fc2.bias"]})
    refused(started_from(value, {"from": str(lacking), "allow_missing": ["heads.*"]}, check=False)[1], "lacks 1 of")
    more = save(FOLDER / "more.safetensors", {**whole, "videomae.extra": floats(1), "videomae.encoder.layer.7.output.dense.bias": whole[bias]})
    refused(started_from(value, {"from": str(more)}, check=False)[1],
            'more.safetensors (hf-videomae): the model has no place for "videomae.encoder.layer.7.output.dense.bias", "videomae.extra"')
    started_from(value, {"from": str(more), "allow_unexpected": ["*.layer.7.*", "videomae.extra"]})
    refused(command("convert", more, "-o", FOLDER / "x.safetensors", check=False), 'the key map knows nothing of "videomae.extra"')
    assert not (FOLDER / "x.safetensors").exists()
    command("convert", more, "-o", FOLDER / "x.safetensors", "--allow-unexpected", "videomae.*")
    wrong = save(FOLDER / "wrong.safetensors", {**whole, "classifier.bias": floats(1, 2, 3)})
    refused(started_from(value, {"from": str(wrong)}, check=False)[1], '"heads.main.head.bias" has shape [3], the model\'s is [')
    kept, _ = started_from(value, {"from": str(wrong), "allow_missing": ["heads.main.head.bias"]})
    assert weights(kept)["heads.main.head.weight"] == weights(run)["heads.main.head.weight"]
    key = {**whole, "videomae.encoder.layer.0.attention.attention.key.bias": floats(*[0.5] * 16)}
    refused(started_from(value, {"from": str(save(FOLDER / "key.safetensors", key))}, check=False)[1],
            'key.safetensors: "videomae.encoder.layer.0.attention.attention.key.bias" isn\'t zero (VideoMAE\'s keys have no bias)')


def whose_it_is_must_be_told():
    value, run, file = Shared.get()
    strange = save(FOLDER / "strange.safetensors", {"net.w": floats(1)})
    refused(started_from(value, {"from": str(strange)}, check=False)[1], "strange.safetensors: its names are of no known family; looked for\n",
            'hf-videomae (Hugging Face VideoMAE, for videomae/vit): "videomae.embeddings.patch_embeddings.projection.weight"',
            'The file has "net.w". If it is of a family nevertheless, say so with init.family')
    refused(command("convert", strange, "-o", FOLDER / "x.safetensors", check=False), "looked for\n", "torchvision-mvit", "with --family")
    refused(started_from(value, {"from": str(file), "family": "hf-videomea"}, check=False)[1],
            'init.family: there is no family "hf-videomea" (did you mean "hf-videomae"?); there are:')
    refused(started_from(pictures_of(32), {"from": str(file)}, check=False)[1],
            "its names are those of another backbone than maskfeat/vit:\n  hf-videomae (Hugging Face VideoMAE, for videomae/vit)")
    refused(command("export", "--to", "timm", run.work, "-o", FOLDER / "x.safetensors", check=False),
            "--to timm: no key map writes videomae/vit with classify/linear so", "--to hf: hf-videomae", "--to mmpretrain: openmmlab-videomae")
    refused(command("export", "--to", "hf", file, "-o", FOLDER / "x.safetensors", check=False), "say it with --manifest FILE")


def fine_tuning_from_maskfeat_begins_with_a_new_norm():
    pretraining = experiment(MVIT, {"use": "maskfeat/linear"}, "maskfeat/masked_l2", task="pretrain", target={"use": "maskfeat/hog", "cell": 4},
                             mask={"use": "maskfeat/cube3d", "ratio": 0.4})
    run, file = trained(pretraining), FOLDER / "maskfeat.safetensors"
    command("export", "--to", "mmpretrain", run.work, "-o", file)
    assert "backbone.norm2.weight" in load(file) and "neck.fc.weight" in load(file), sorted(load(file))
    finetuning = experiment({**MVIT, "downscale": []}, CLS, XENT)
    fresh, _ = started_from(finetuning, {"from": str(file), "prefix": "backbone."})
    kept, _ = started_from(finetuning, {"from": str(file), "prefix": "backbone.", "take": ["norm"]})
    before, norm = weights(run), "backbone.norm.bias"
    assert weights(kept)[norm] == before[norm] and weights(fresh)[norm] != before[norm]
    has((fresh.work / "log.txt").read_text(), 'left out "backbone.norm2.bias", "backbone.norm2.weight": fine-tuning begins with a norm of its own',
        'left out "backbone.mask_token": pre-training alone replaces tokens', 'left out "neck.fc.bias", "neck.fc.weight": not under "backbone."')
    same = "backbone.blocks.1.mlp.fc1.weight"
    assert weights(fresh)[same] == before[same]
    refused(started_from(finetuning, {"from": str(file), "prefix": "backbone.", "take": ["nrom"]}, check=False)[1],
            '/init/take: "nrom" is no option of openmmlab-maskfeat-mvit (did you mean "norm"?); it has "norm"')
    again, _ = started_from(pretraining, {"from": str(file)})
    assert weights(again) == before, "pre-training goes on with another norm"


def pictures_of(size):
    value = experiment(PICTURES, LINEAR, XENT)
    value["data"]["train"].update({"frames": 1, "size": size})
    return value


def weights_of_pictures_start_other_sizes_and_clips():
    run, file = trained(pictures_of(32)), FOLDER / "timm.safetensors"
    command("export", "--to", "timm", run.work, "-o", file)
    larger, _ = started_from(pictures_of(64), {"from": str(file)})
    (_, before, old), (_, after, new) = weights(run)["backbone.pos_embed"], weights(larger)["backbone.pos_embed"]
    assert (before, after) == ([1, 5, 16], [1, 17, 16]) and new[:64] == old[:64], "the class token's position has changed"
    has((larger.work / "log.txt").read_text(), '"backbone.pos_embed" was resized from [1, 5, 16] to [1, 17, 16]')
    clips = experiment({**VIT, "depth": 1, "patch": 16, "tubelet": 2}, LINEAR, XENT)
    tensors = load(file)
    refused(started_from(clips, {"from": str(save(FOLDER / "key.safetensors", {**tensors, "blocks.0.attn.qkv.bias": floats(*[0.5] * 48)}))},
                         check=False)[1], 'part 2 of 3 of "blocks.0.attn.qkv.bias" isn\'t zero (largest 0.5)')
    zero = {**tensors, "blocks.0.attn.qkv.bias": floats(*[0.5] * 16, *[0.0] * 16, *[0.25] * 16)}
    video, _ = started_from(clips, {"from": str(save(FOLDER / "zero.safetensors", zero))})
    got = weights(video)
    assert got["backbone.blocks.0.attn.v_bias"][2] == floats(*[0.25] * 16)[2]
    kernel, flat = got["backbone.patch_embed.proj.weight"], tensors["patch_embed.proj.weight"]
    assert flat[1] == [16, 3, 16, 16] and kernel[1] == [16, 3, 2, 16, 16]
    slices = [flat[2][i:i + 1024] for i in range(0, len(flat[2]), 1024)]  # 16 x 16 numbers each
    assert kernel[2] == b"".join(2 * s for s in slices), "the kernel isn't repeated over time"


def rows_of_another_head_are_taken():
    value, run, file = Shared.get()
    tensors, count = load(file), 7  # a head of 7 classes, whose row i is made of the number i
    many = save(FOLDER / "many.safetensors", {**tensors, "classifier.bias": floats(*range(count)), "classifier.weight": (
        "F32", [count, 16], b"".join(struct.pack("<16f", *[i] * 16) for i in range(count)))})
    names = ["Right", "down", "in_and_out", "up", "b", "LEFT", "c"]
    lists = {"rows.txt": "5\n0\n3\n1\n", "rows.json": "[5, 0, 3, 1]", "names.txt": "\n".join(names), "ours.txt": "left\nright\nup\nin and  out"}
    for name, text in lists.items():
        (FOLDER / name).write_text(text)
    ours, theirs = str(FOLDER / "ours.txt"), str(FOLDER / "names.txt")
    refused(started_from(value, {"from": str(many)}, check=False)[1], '"heads.main.head.weight" has shape [7, 16], the model\'s is [4, 16] ("init.classes" takes the rows')
    for keys in ({"classes": str(FOLDER / "rows.txt")}, {"classes": str(FOLDER / "rows.json")}, {"classes": theirs}):
        started, _ = started_from(value, {"from": str(many), **keys})
        assert weights(started)["heads.main.head.bias"] == floats(5, 0, 3, 1), keys
        assert weights(started)["heads.main.head.weight"][2] == floats(*[5] * 16, *[0] * 16, *[3] * 16, *[1] * 16)[2], keys
        has((started.work / "log.txt").read_text(), "heads.main.head: 4 of 7 rows, by ")
    named, _ = started_from(value, {"from": str(many), "classes": theirs, "class_names": ours})
    assert weights(named)["heads.main.head.bias"] == floats(5, 0, 3, 2)
    back = FOLDER / "cut_head.safetensors"
    has(command("convert", many, "--classes", theirs, "--class-names", ours, "-o", back).stdout, "heads.main.head: 4 of 7 rows, by ")
    assert load(back) == weights(named)
    refused(command("convert", many, "--classes", theirs, "-o", back, check=False), "names.txt lists names: give ours with --class-names FILE")
    (FOLDER / "rows.txt").write_text("5\n0\n7\n1\n")
    refused(started_from(value, {"from": str(many), "classes": str(FOLDER / "rows.txt")}, check=False)[1], "rows.txt: class 2 takes row 7, but ")
    refused(Run({**value, "init": {"from": str(many), "classes": str(FOLDER / "none.txt")}}).run(*PLUGINS, "--dry-run", check=False), "none.txt")


def a_dry_run_refuses_what_the_run_would():
    value, run, file = Shared.get()
    value = {**value, "data": {**value["data"], "eval": value["data"]["train"]}}
    wider = {**value, "model": {**value["model"], "backbone": {**VIT, "dim": 24}}}
    cut = FOLDER / "cut.safetensors"
    cut.write_bytes(file.read_bytes()[:2000])
    wrong = [(value, cut, "cut.safetensors: "), (value, FOLDER / "gone", "gone: no such file or folder"),
             (value, run.work / "best", "names no best checkpoint"), (wider, file, " has shape ["), (wider, run.work, " has shape [")]
    for task in ("test", "predict", "extract"):
        words = [*PLUGINS, "--set", f"task={task}", "--checkpoint"]
        for what, checkpoint, text in wrong if task == "test" else wrong[-1:]:
            dry, real = (Run(what).run(*words, str(checkpoint), *more, check=False) for more in (["--dry-run"], []))
            refused(dry, text)
            assert dry.stderr.splitlines()[-1] == real.stderr.splitlines()[-1], (dry.stderr, real.stderr)
        has(Run(value).run(*words, str(run.work), "--dry-run").stdout, f"weights            {run.newest()}\n")
        has(Run(value).run(*PLUGINS, "--set", f"task={task}", "--dry-run").stdout, "weights            none yet: a run needs --checkpoint\n")


if __name__ == "__main__":
    main({f.__name__: f for f in (weights_go_out_and_come_back, what_doesnt_fit_is_named, whose_it_is_must_be_told,
                                  fine_tuning_from_maskfeat_begins_with_a_new_norm, weights_of_pictures_start_other_sizes_and_clips,
                                  rows_of_another_head_are_taken, a_dry_run_refuses_what_the_run_would)})
