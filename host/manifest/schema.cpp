#include "manifest/manifest.h"

namespace vhost {
namespace {

// {"part": "vh.head/1", ...} stands for an object with the keys that the host knows in every part; see expand_parts.
constexpr const char* kSchema = R"json({
  "type": "object", "additionalProperties": false, "required": ["vhost", "task", "plugins", "model"],
  "properties": {
    "$schema": {"type": "string", "description": "For editors; the host ignores it."},
    "vhost": {"type": "integer", "enum": [1], "description": "Version of the manifest format."},
    "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$", "title": "letters, digits, . _ and -", "description": "Name of the experiment; without it, the file's name."},
    "description": {"type": "string", "default": "", "description": "For people."},
    "task": {"type": "string", "enum": ["pretrain", "train", "test", "predict", "extract"], "description": "What to do: self-supervised training, supervised training, accuracy on `data.eval`, predictions, or features."},
    "base": {"type": ["string", "array"], "items": {"type": "string"}, "description": "File or files that this one builds on, relative to it; later ones win, this one wins over all."},
    "seed": {"type": "integer", "default": 0, "minimum": 0, "description": "Seed of initial weights, order, augmentation, masks and dropout."},
    "plugins": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1, "description": "Range of versions; under an alias, `PLUGIN@RANGE`."}, "description": "Every name that a `use` begins with, and its range of versions: `^1.0`, `~1.2`, `>=1.1 <2`, `*`. An alias takes a plugin under another name, so that two versions of it can be used: `\"toy_old\": \"toy@~0.9\"`."},
    "work_dir": {"type": "string", "minLength": 1, "description": "Folder of the run's output; without it, `work_dirs/<name>`."},
    "device": {"type": "string", "default": "auto", "pattern": "^(auto|cpu|cuda|cuda:[0-9]{1,3})$", "title": "auto, cpu, cuda or cuda:N", "description": "`auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N`."},
    "precision": {"type": "string", "default": "fp32", "enum": ["fp32", "bf16", "fp16", "fp64"], "description": "Arithmetic of the model: autocast for bf16 and fp16 (with loss scaling), parameters stay fp32."},
    "threads": {"type": "integer", "default": 0, "minimum": 0, "maximum": 4096, "description": "Threads of the operators; 0 = all cores."},
    "data": {"type": "object", "default": {}, "additionalProperties": false, "description": "Where samples come from and how they are batched.", "properties": {
      "train": {"part": "vh.dataset/1", "description": "Dataset of pretrain and train."},
      "eval": {"part": "vh.dataset/1", "description": "Dataset of test, and of the evaluations during training."},
      "predict": {"part": "vh.dataset/1", "description": "Dataset of predict and extract; without it, `data.eval`."},
      "batch": {"type": "integer", "default": 8, "minimum": 1, "maximum": 1048576, "description": "Samples per micro-batch and process."},
      "eval_batch": {"type": "integer", "default": 0, "minimum": 0, "maximum": 1048576, "description": "Samples per batch outside training; 0 = `batch`."},
      "accumulate": {"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Micro-batches per optimiser step; without it, `total_batch` / `batch`, or 1."},
      "total_batch": {"type": "integer", "minimum": 1, "maximum": 1099511627776, "description": "Samples per optimiser step, counted as `batch` counts them, which must divide it. Give this or `accumulate`."},
      "repeats": {"type": "integer", "default": 1, "minimum": 1, "maximum": 64, "description": "Repeated augmentation, in training: each sample is read once and augmented this often, all in one batch (`batch` counts them and must be a multiple). Of videos each has its own frames, unless the dataset is told otherwise (`sample_once` of `kinetics/clips`)."},
      "mix": {"type": ["object", "null"], "default": null, "additionalProperties": false, "description": "Mixup and CutMix of a batch, for task train; losses then see `batch.label_soft`. null = none.", "properties": {
        "mixup": {"type": "number", "default": 0, "minimum": 0, "maximum": 8, "description": "alpha of Beta(alpha, alpha), from which Mixup draws its share (arXiv:1710.09412); 0 = no Mixup."},
        "cutmix": {"type": "number", "default": 0, "minimum": 0, "maximum": 8, "description": "The same for CutMix (arXiv:1905.04899), whose box is the same in all frames."},
        "prob": {"type": "number", "default": 1, "minimum": 0, "maximum": 1, "description": "Share of the batches that are mixed."},
        "switch_prob": {"type": "number", "default": 0.5, "minimum": 0, "maximum": 1, "description": "With both: share of the mixed batches that CutMix takes."},
        "pair": {"type": "string", "default": "flip", "enum": ["flip", "permutation"], "description": "Partner of sample i of n: n - 1 - i (timm, PySlowFast), or drawn (MMPretrain)."}}},
      "augment": {"type": ["object", "null"], "default": null, "additionalProperties": false, "description": "Augmentation of the batch in training, on the device that computes: flip, RandAugment, ColorJitter, RandomErasing, in this order, before `data.mix`. What a dataset's own parameters of these names do in its workers, with the same seeds and bytes. null = none.", "properties": {
        "flip": {"type": "number", "default": 0, "minimum": 0, "maximum": 1, "description": "Probability of mirroring a sample."},
        "rand_augment": {"type": "string", "default": "none", "enum": ["none", "timm", "timm_increasing", "pytorchvideo"], "description": "RandAugment (arXiv:1909.13719): timm's 15 operations; the same, all growing with the magnitude; pytorchvideo's 14, none twice."},
        "rand_augment_n": {"type": "integer", "default": 2, "minimum": 1, "maximum": 16, "description": "Operations drawn."},
        "rand_augment_magnitude": {"type": "number", "default": 9, "minimum": 0, "maximum": 10, "description": "Their strength."},
        "rand_augment_std": {"type": "number", "default": 0.5, "minimum": 0, "maximum": 100, "description": "Of the strength, drawn for each operation."},
        "rand_augment_probability": {"type": "number", "default": 0.5, "minimum": 0, "maximum": 1, "description": "That a drawn operation happens."},
        "rand_augment_filter": {"type": "string", "default": "bicubic", "enum": ["bicubic", "bilinear", "nearest", "random"], "description": "Interpolation of rotate, shear and translate; random: bilinear or bicubic."},
        "rand_augment_fill": {"type": "array", "default": [128, 128, 128], "minItems": 3, "maxItems": 3, "items": {"type": "number", "minimum": 0, "maximum": 255}, "description": "RGB colour that rotate, shear and translate bring in."},
        "color_jitter": {"type": "array", "default": [0, 0, 0, 0], "minItems": 4, "maxItems": 4, "items": {"type": "number", "minimum": 0, "maximum": 10}, "description": "Brightness, contrast, saturation (factors of 1 - x to 1 + x) and hue (a shift of at most x of the circle, x up to 0.5), in a drawn order."},
        "erase": {"type": "number", "default": 0, "minimum": 0, "maximum": 1, "description": "Probability of RandomErasing (arXiv:1708.04896); all frames of a clip have the same boxes."},
        "erase_mode": {"type": "string", "default": "normal", "enum": ["normal", "uniform", "const"], "description": "Pixels of the box: N(erase_mean, erase_std) cut to 0 .. 255, 0 .. 255 evenly, or erase_mean."},
        "erase_area": {"type": "array", "default": [0.02, 0.3333333333333333], "minItems": 2, "maxItems": 2, "items": {"type": "number", "minimum": 1e-6, "maximum": 1}, "description": "Smallest and largest share of the picture."},
        "erase_aspect": {"type": "array", "default": [0.3, 3.3333333333333335], "minItems": 2, "maxItems": 2, "items": {"type": "number", "minimum": 0.01, "maximum": 100}, "description": "Smallest and largest height / width, drawn on a log scale."},
        "erase_count": {"type": "integer", "default": 1, "minimum": 1, "maximum": 64, "description": "Boxes, which share the area."},
        "erase_mean": {"type": ["array", "null"], "default": null, "minItems": 3, "maxItems": 3, "items": {"type": "number", "minimum": 0, "maximum": 255}, "description": "RGB, 0 .. 255; null = `data.normalize.mean`."},
        "erase_std": {"type": ["array", "null"], "default": null, "minItems": 3, "maxItems": 3, "items": {"type": "number", "minimum": 0.01, "maximum": 255}, "description": "The same for the noise; null = `data.normalize.std`."}}},
      "workers": {"type": "integer", "default": 2, "minimum": 0, "maximum": 1024, "description": "Threads that read and decode; 0 = in the training thread."},
      "prefetch": {"type": "integer", "default": 2, "minimum": 1, "maximum": 1024, "description": "Batches read ahead."},
      "shuffle": {"type": "boolean", "default": true, "description": "New order every epoch, in training."},
      "drop_last": {"type": "boolean", "default": true, "description": "Leave out an epoch's last, incomplete step, in training."},
      "normalize": {"type": "object", "default": {}, "additionalProperties": false, "description": "Pixels become (x - mean) / std, per channel, on the scale 0 to 255.", "properties": {
        "mean": {"type": "array", "default": [123.675, 116.28, 103.53], "minItems": 1, "items": {"type": "number"}, "description": "Red, green, blue; or one value for all channels; or of a dataset with another number of channels one for each."},
        "std": {"type": "array", "default": [58.395, 57.12, 57.375], "minItems": 1, "items": {"type": "number", "exclusiveMinimum": 0}, "description": "As `mean`."}}},
      "bad_samples": {"type": "number", "default": 0.01, "minimum": 0, "maximum": 1, "description": "Share of an epoch's samples that may be unreadable (each is replaced and logged) before the run stops."}}},
    "model": {"type": "object", "additionalProperties": false, "required": ["backbone"], "description": "The network.", "properties": {
      "backbone": {"part": "vh.backbone/1", "description": "Input to features."},
      "heads": {"type": "object", "default": {}, "additionalProperties": {"part": "vh.head/1", "description": "Features to predictions, under a name of your choice."}, "description": "Heads by name: letters, digits and _."},
      "freeze": {"type": ["string", "array"], "items": {"type": "string", "minLength": 1, "description": "As in `optimizer.rules`."}, "pattern": "^backbone$", "title": "backbone, or a list of names", "description": "What doesn't learn: `backbone`, or full names with `*` for any characters. A part frozen whole runs as in evaluation: without drop path, dropout, gradients and optimiser state."}}},
    "mask": {"part": "vh.mask/1", "description": "Which cells of the input are hidden from the backbone."},
    "target": {"part": "vh.target/1", "description": "What self-supervised training must predict."},
    "losses": {"type": "array", "default": [], "description": "Their weighted sum is minimised.", "items": {"part": "vh.loss/1", "description": "Predictions against targets."}},
    "optimizer": {"type": "object", "additionalProperties": false, "required": ["lr"], "description": "Needed by pretrain and train.", "properties": {
      "type": {"type": "string", "default": "adamw", "enum": ["adamw", "sgd"], "description": "Algorithm."},
      "lr": {"type": "number", "minimum": 0, "description": "Peak learning rate: as it is used, unless `lr_scale_rule` scales it."},
      "lr_scale_rule": {"type": "string", "default": "none", "enum": ["none", "linear"], "description": "`linear`: `lr`, `schedule.min_lr` and `schedule.warmup_lr` are multiplied by the samples of a step / `base_batch`; repeats of one sample (`data.repeats`) count once."},
      "base_batch": {"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Of `linear`: the samples per step that `lr` is meant for; 256 if not given."},
      "betas": {"type": "array", "default": [0.9, 0.999], "minItems": 2, "maxItems": 2, "items": {"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "description": "Of adamw: decay of the mean and of the squares."},
      "eps": {"type": "number", "default": 1e-8, "exclusiveMinimum": 0, "description": "Of adamw: added to the denominator."},
      "weight_decay": {"type": "number", "default": 0.05, "minimum": 0, "description": "Decoupled for adamw, L2 for sgd; never on parameters that a part marks (biases, norms)."},
      "layer_decay": {"type": "number", "default": 1, "exclusiveMinimum": 0, "maximum": 1, "description": "Layer-wise learning rates: a parameter whose part gives it layer id i trains at `lr` times this to the power of (last - i); ids: 0 the embedding, i + 1 block i, last everything after. 1 = one rate for all."},
      "rules": {"type": "array", "default": [], "description": "Exceptions for parameters by name, in order.", "items": {"type": "object", "additionalProperties": false, "required": ["match"], "description": "One exception.", "properties": {
        "match": {"type": "string", "minLength": 1, "description": "Full names (`backbone.blocks.0.attn.qkv.weight`), `*` for any characters; one that matches nothing is an error."},
        "weight_decay": {"type": "number", "minimum": 0, "description": "Instead of `optimizer.weight_decay` or of none."},
        "lr_scale": {"type": "number", "minimum": 0, "description": "Multiplies the learning rate."}}}},
      "momentum": {"type": "number", "default": 0.9, "minimum": 0, "exclusiveMaximum": 1, "description": "Of sgd."},
      "nesterov": {"type": "boolean", "default": false, "description": "Of sgd."},
      "clip_grad": {"type": "number", "default": 0, "minimum": 0, "description": "Largest norm of all gradients together; 0 = no limit."}}},
    "schedule": {"type": "object", "additionalProperties": false, "description": "Length of training, and the learning rate at each step. Needed by pretrain and train.", "properties": {
      "type": {"type": "string", "default": "cosine", "enum": ["cosine", "constant"], "description": "After warm-up: half a cosine down to `min_lr`, or `lr` throughout."},
      "epochs": {"type": "integer", "minimum": 1, "maximum": 1000000000, "description": "Length in epochs; give this or `steps`."},
      "steps": {"type": "integer", "minimum": 1, "maximum": 1000000000000, "description": "Length in optimiser steps; give this or `epochs`."},
      "warmup_epochs": {"type": "number", "minimum": 0, "description": "Linear warm-up in epochs; give this or `warmup_steps`, or neither for none."},
      "warmup_steps": {"type": "integer", "minimum": 0, "description": "Linear warm-up in optimiser steps."},
      "min_lr": {"type": "number", "default": 0, "minimum": 0, "description": "Learning rate at the end of the cosine."},
      "warmup_lr": {"type": "number", "default": 0, "minimum": 0, "description": "Learning rate at the first step of warm-up."},
      "warmup_end": {"type": "string", "default": "after", "enum": ["after", "last"], "description": "Which step is the first at the full rate: the one after warm-up (PySlowFast, timm), or its last (VideoMAE's scripts, OpenMMLab)."},
      "early_stop": {"type": ["object", "null"], "default": null, "additionalProperties": false, "description": "Ends the run where evaluations get no better; null = none. The learning rates stay those of the whole length.", "properties": {
        "metric": {"type": "string", "default": "loss", "minLength": 1, "description": "Of the evaluations: percentages and F1 must rise, losses fall."},
        "patience": {"type": "integer", "default": 5, "minimum": 1, "maximum": 1000000, "description": "Evaluations in a row that are no better."},
        "min_delta": {"type": "number", "default": 0, "minimum": 0, "description": "What a value must be better by, in the metric's units."}}}}},
    "ema": {"type": ["object", "null"], "default": null, "additionalProperties": false, "description": "Moving average of the weights, used by evaluations; null = none.", "properties": {
      "decay": {"type": "number", "default": 0.9999, "minimum": 0, "exclusiveMaximum": 1, "description": "Share of the average that stays at each step."},
      "warmup": {"type": "boolean", "default": false, "description": "At step n, from 1, at most 1 - n^(-2/3) stays (timm), so that the first weights are soon forgotten."}}},
    "init": {"type": ["object", "null"], "default": null, "additionalProperties": false, "required": ["from"], "description": "Weights to start from; null = fresh ones.", "properties": {
      "from": {"type": "string", "minLength": 1, "description": "A run's work-dir, one of its checkpoints (`WORK_DIR/best`, `last`, `step-400`), or a file of another project's (docs/keymaps.md); relative to the current folder."},
      "family": {"type": ["string", "null"], "default": null, "description": "Whose names the file has, where they don't tell: a family of docs/keymaps.md."},
      "classes": {"type": ["string", "null"], "default": null, "description": "Of a file with other classes: a list, a line each or JSON, of the rows of its head for our classes, or of the names of its rows, which ours are looked up in."},
      "class_names": {"type": ["string", "null"], "default": null, "description": "Where `classes` lists names: a list of ours; null = the dataset's."},
      "prefix": {"type": "string", "default": "", "description": "Load only names that begin so, such as `backbone.`."},
      "strict": {"type": "boolean", "default": true, "description": "Every parameter under the prefix must be found, and every tensor of another project's file be known. Shapes must fit in any case, but for tables that their plugin lets be interpolated."},
      "allow_missing": {"type": "array", "default": [], "items": {"type": "string", "minLength": 1}, "description": "Parameters that need not be found, or may have other sizes and then stay as they were made, by name; `*` stands for any characters."},
      "allow_unexpected": {"type": "array", "default": [], "items": {"type": "string", "minLength": 1}, "description": "Tensors of another project's file that may be left out, by their names there."},
      "take": {"type": "array", "default": [], "items": {"type": "string", "minLength": 1}, "description": "Options of the family's key map, such as `norm` of MaskFeat's pre-training."}}},
    "checkpoint": {"type": "object", "default": {}, "additionalProperties": false, "description": "What is saved during training.", "properties": {
      "every_epochs": {"type": "integer", "default": 1, "minimum": 0, "description": "0 = only at the end."},
      "every_steps": {"type": "integer", "default": 0, "minimum": 0, "description": "0 = by epochs only."},
      "keep": {"type": "integer", "default": 2, "minimum": 1, "description": "Newest checkpoints to keep."},
      "best": {"type": "string", "minLength": 1, "description": "Metric of the evaluations (`top1`, `loss`): the checkpoint of its best one is kept beside the newest, and `--checkpoint best` takes it."},
      "resume": {"type": "boolean", "default": true, "description": "Continue from the newest checkpoint in the work-dir."}}},
    "eval": {"type": "object", "default": {}, "additionalProperties": false, "description": "Evaluation: in training, on `data.eval`, and by task test.", "properties": {
      "every_epochs": {"type": "integer", "default": 1, "minimum": 0, "description": "In training; 0 = only at the end."},
      "combine": {"type": "string", "default": "softmax_mean", "enum": ["softmax_mean", "logits_mean"], "description": "How a sample's views become one score per class: softmax of each, then the mean; or the mean of the logits, then softmax. Of predict too."},
      "top_k": {"type": "array", "default": [1, 5], "minItems": 1, "maxItems": 16, "items": {"type": "integer", "minimum": 1, "maximum": 1000000}, "description": "Each k gives a metric `topk`: percent of the samples whose label is among the k best classes."},
      "metrics": {"type": "array", "default": [], "maxItems": 3, "items": {"type": "string", "enum": ["mean_class_accuracy", "f1_macro", "f1_micro"]}, "description": "Of evaluations in training, besides loss and top-k; task test always has them all."},
      "dump": {"type": "string", "default": "", "pattern": "^$|\\.(json|npz)$", "title": "a name that ends in .json or .npz", "description": "Of task test: file for the name, label and scores of every sample, relative to the work-dir; also `--dump`."}}},
    "extract": {"type": "object", "default": {}, "additionalProperties": false, "description": "Of task extract.", "properties": {
      "pool": {"type": "string", "default": "mean", "enum": ["mean", "cls", "none"], "description": "What is kept of a view's features: the mean over the grid's tokens or cells, the class token, or all of them; also `--pool`."}}},
    "log": {"type": "object", "default": {}, "additionalProperties": false, "description": "Records of training.", "properties": {
      "every_steps": {"type": "integer", "default": 10, "minimum": 1, "description": "Steps between two records in metrics.jsonl and the curves."}}},
    "nan_guard": {"type": "string", "default": "stop", "enum": ["stop", "off"], "description": "`stop`: end at the first loss or gradient that is not finite, naming step, part and samples."}
  }
})json";

json::value part_keys(const std::string& interface_id) {
  json::object keys = {
      {"use",
       {{"type", "string"},
        {"pattern", "^[a-z0-9][a-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$"},
        {"title", "PLUGIN/COMPONENT"},
        {"description", "`plugin/component`."}}},
      {"in",
       {{"type", "object"},
        {"additionalProperties", {{"type", "string"}, {"minLength", 1}, {"description", "A key of the step."}}},
        {"description",
         "Rebinds the tensors that the part reads: its key to a key of the step, `{\"target\": \"batch.label\"}`."}}}};
  if (interface_id == "vh.loss/1") {
    keys["head"] = {{"type", "string"},
                    {"description", "Of losses: whose predictions; may be left out if there is one head."}};
    keys["weight"] = {
        {"type", "number"}, {"default", 1.0}, {"minimum", 0}, {"description", "Of losses: factor in their sum."}};
  }
  if (interface_id == "vh.dataset/1")
    keys["skip"] = {{"type", "string"},
                    {"default", ""},
                    {"description",
                     "Of datasets: a file with the names of samples to leave out, one a line, as `vhost data scan` "
                     "writes it."}};
  if (interface_id == "vh.mask/1") {
    keys["mode"] = {{"type", "string"},
                    {"default", "auto"},
                    {"enum", json::value_from(std::vector<std::string>{"auto", "drop", "replace"})},
                    {"description",
                     "Of `mask`: leave masked tokens out of the backbone, or put a mask token in their "
                     "place; auto = drop if backbone and mask can."}};
  }
  return keys;
}

void expand_parts(json::value& value) {
  if (json::array* list = value.if_array())
    for (json::value& item : *list) expand_parts(item);
  json::object* object = value.if_object();
  if (!object) return;
  if (const json::value* part = object->if_contains("part"); part && part->is_string()) {
    const std::string interface_id(part->get_string());
    (*object)["type"] = "object";
    (*object)["required"] = json::value_from(std::vector<std::string>{"use"});
    (*object)["properties"] = part_keys(interface_id);
    (*object)["additionalProperties"] = true;
    (*object)["part"] = interface_id;
  }
  for (auto& member : *object) expand_parts(member.value());
}

}  // namespace

const json::object& host_schema() {
  static const json::object schema = [] {
    json::value root = parse_json(kSchema, "host schema").root;
    expand_parts(root);
    return root.get_object();
  }();
  return schema;
}

}  // namespace vhost
