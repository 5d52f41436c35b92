// Wrong manifests as rows: one change to a good one, and the whole message expected.
#pragma once
#include <string>
#include <vector>

namespace vhost_tests {

inline constexpr const char* kGood = R"({
  "vhost": 1,
  "name": "small",
  "task": "pretrain",
  "plugins": {"videomae": "^1.0", "kinetics": "*"},
  "data": {
    "train": {"use": "kinetics/clips", "list": "a.txt"},
    "batch": 8
  },
  "model": {
    "backbone": {"use": "videomae/vit"},
    "heads": {"main": {"use": "videomae/decoder"}}
  },
  "target": {"use": "videomae/pixels"},
  "losses": [{"use": "videomae/mse", "head": "main"}],
  "optimizer": {"lr": 1e-3},
  "schedule": {"epochs": 10, "warmup_epochs": 1}
}
)";

struct WrongRow {
  std::string replace, by;  // in kGood; an empty `replace` means: the whole text
  std::string message;
};

inline const std::vector<WrongRow> kWrongSyntax = {
    {"", "", "exp.json:1:1: the file is empty, expected a value"},
    {"", " // nothing\n", "exp.json:2:1: the file is empty, expected a value"},
    {"", "[]", "exp.json:1:1: a manifest must be an object, not a list"},
    {"", "{} {}", "exp.json:1:4: found \"{\" after the end of the value, expected nothing more"},
    {"", "{\"a\": [1, 2", "exp.json:1:12: found the end of the file, expected , or ] (the [ of 1:7 is not closed)"},
    {"", "{\"a\": 1", "exp.json:1:8: found the end of the file, expected , or } (the { of 1:1 is not closed)"},
    {"", "{ /* a", "exp.json:1:3: comment is not closed, expected */"},
    {"\"batch\": 8", "\"batch\" 8", "exp.json:8:13: found \"8\", expected : after the key"},
    {"\"task\": \"pretrain\",", "\"task\": \"pretrain\"", "exp.json:5:3: found a string, expected , or }"},
    {"\"batch\": 8", "batch: 8", "exp.json:8:5: found \"batch\", expected a key in double quotes or }"},
    {"\"batch\": 8", "'batch': 8",
     "exp.json:8:5: found a single quote (strings take \"double quotes\"), expected a key in double quotes or }"},
    {"\"batch\": 8", "\"batch\": ,", "exp.json:8:14: found \",\", expected a value"},
    {"\"batch\": 8", "# eight\n",
     "exp.json:8:5: found \"#\" (comments are // or /* */), expected a key in double quotes or }"},
    {"\"batch\": 8", "\"shuffle\": True", "exp.json:8:16: found \"True\", expected a value (did you mean \"true\"?)"},
    {"\"batch\": 8", "\"eval\": None", "exp.json:8:13: found \"None\", expected a value (did you mean \"null\"?)"},
    {"\"pretrain\"", "pretrain", "exp.json:4:11: found \"pretrain\", expected a value (strings take double quotes)"},
    {"1e-3", "NaN", "exp.json:16:23: found \"NaN\", expected a value (JSON has no such number)"},
    {"1e-3", ".5", "exp.json:16:23: found \".5\", expected a value (numbers begin with a digit or -)"},
    {"1e-3", "08", "exp.json:16:23: found \"08\", which is no number; expected such as 8, 0.5, 1e-4"},
    {"1e-3", "1e999", "exp.json:16:23: number \"1e999\" is too large for a double"},
    {"\"small\"", "\"small", "exp.json:3:11: string is not closed before the end of the line, expected \""},
    {"\"small\"", "\"a\\qb\"",
     "exp.json:3:13: unknown escape, expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"},
    {"\"small\"", "\"\\u12g4\"", "exp.json:3:12: expected four hexadecimal digits after \\u"},
    {"\"small\"", "\"\\ud83dx\"", "exp.json:3:18: expected \\uDC00 to \\uDFFF after a high surrogate"},
    {"\"small\"", "\"a\\u0000\"", "exp.json:3:13: \\u0000 can't be part of a text"},
    {"\"small\"", "\"a\tb\"", "exp.json:3:13: control character in a string, expected an escape such as \\t"},
    {"small", "sm\xE9", "exp.json:3:14: invalid UTF-8: byte 0xE9; save the file as UTF-8"},
    {"small\",", "\xC3\xA4\xE2\x82\xAC\", 7", "exp.json:3:17: found \"7\", expected a key in double quotes or }"},
    {"\"batch\": 8", "\"batch\": 8, \"batch\": 9",
     "exp.json:8:17: /data/batch: duplicate key \"batch\", set already at 8:5"},
    {"\"epochs\": 10", "\"epochs\": 10, \"epoch\\u0073\": 9",
     "exp.json:17:30: /schedule/epochs: duplicate key \"epochs\", set already at 17:16"},
};

inline const std::vector<WrongRow> kWrongValues = {
    {"\"batch\": 8", "\"batch\": 0", "exp.json:8:5: /data/batch: must be at least 1, not 0"},
    {"\"batch\": 8", "\"batch\": 2000000", "exp.json:8:5: /data/batch: must be at most 1048576, not 2000000"},
    {"\"batch\": 8", "\"batch\": \"eight\"", "exp.json:8:5: /data/batch: must be an integer, not \"eight\""},
    {"\"batch\": 8", "\"batch\": 8.5", "exp.json:8:5: /data/batch: must be an integer, not 8.5"},
    {"\"batch\": 8", "\"batch\": 18446744073709551615",
     "exp.json:8:5: /data/batch: must be an integer, not 18446744073709551615"},
    {"\"batch\": 8", "\"shuffle\": 1", "exp.json:8:5: /data/shuffle: must be true or false, not 1"},
    {"\"batch\": 8", "\"batchs\": 8", "exp.json:8:5: /data/batchs: unknown key \"batchs\" (did you mean \"batch\"?)"},
    {"\"batch\": 8", "\"batch_size\": 8",
     "exp.json:8:5: /data/batch_size: unknown key \"batch_size\" (did you mean \"batch\"?)"},
    {"\"batch\": 8", "\"bacth\": 8", "exp.json:8:5: /data/bacth: unknown key \"bacth\" (did you mean \"batch\"?)"},
    {"\"batch\": 8", "\"bad_samples\": -0.5", "exp.json:8:5: /data/bad_samples: must be at least 0, not -0.5"},
    {"{\"lr\": 1e-3}", "{\"lr\": 1e-3, \"betas\": [0.9]}",
     "exp.json:16:29: /optimizer/betas: must have exactly 2 items, not 1"},
    {"\"batch\": 8", "\"normalize\": {\"mean\": []}",
     "exp.json:8:19: /data/normalize/mean: must have at least 1 item, not 0"},
    {"\"batch\": 8", "\"normalize\": {\"std\": [1, 0, 2]}",
     "exp.json:8:30: /data/normalize/std/1: must be more than 0, not 0"},
    {"{\"lr\": 1e-3}", "{\"lr\": 1e-3, \"q/~\": 1}",
     "exp.json:16:29: /optimizer/q~1~0: unknown key \"q/~\"; known: type, lr, lr_scale_rule, base_batch, betas, eps, "
     "weight_decay, layer_decay, "
     "rules, momentum, "
     "nesterov, "
     "clip_grad"},
    {"{\"lr\": 1e-3}", "{}",
     "exp.json:16:3: /optimizer: missing key \"lr\": Peak learning rate: as it is used, unless `lr_scale_rule` scales "
     "it."},
    {"{\"lr\": 1e-3}", "[1e-3]", "exp.json:16:3: /optimizer: must be an object, not a list"},
    {"{\"lr\": 1e-3}", "{\"lr\": 1e-3, \"betas\": [0.9, 1]}",
     "exp.json:16:44: /optimizer/betas/1: must be less than 1, not 1"},
    {"{\"lr\": 1e-3}", "{\"lr\": 1e-3, \"type\": \"adam\"}",
     "exp.json:16:29: /optimizer/type: must be one of \"adamw\", \"sgd\"; not \"adam\" (did you mean \"adamw\"?)"},
    {"{\"lr\": 1e-3}", "{\"lr\": 1e-3, \"type\": \"AdamW\"}",
     "exp.json:16:29: /optimizer/type: must be one of \"adamw\", \"sgd\"; not \"AdamW\" (did you mean \"adamw\"?)"},
    {"{\"lr\": 1e-3}", "{\"lr\": 1e-3, \"momentum\": 0, \"nesterov\": true}",
     "exp.json:16:44: /optimizer/nesterov: needs a momentum above 0"},
    {"\"pretrain\",", "\"pretrain\", \"precision\": \"fp23\",",
     "exp.json:4:23: /precision: must be one of \"fp32\", \"bf16\", \"fp16\", \"fp64\"; not \"fp23\" (did you mean "
     "\"fp32\"?)"},
    {"\"pretrain\",", "\"pretrain\", \"device\": \"gpu\",",
     "exp.json:4:23: /device: must be auto, cpu, cuda or cuda:N, not \"gpu\""},
    {"\"pretrain\",", "\"pretrain\", \"device\": \"cuda:x\",",
     "exp.json:4:23: /device: must be auto, cpu, cuda or cuda:N, not \"cuda:x\""},
    {"\"pretrain\",", "\"pretrain\", \"ema\": 0.99,", "exp.json:4:23: /ema: must be an object or null, not 0.99"},
    {"\"pretrain\",", "\"pretrain\", \"init\": {},",
     "exp.json:4:23: /init: missing key \"from\": A run's work-dir, one of its checkpoints (`WORK_DIR/best`, "
     "`last`, `step-400`), or a file of another project's (docs/keymaps.md); relative to the current folder."},
    {"\"pretrain\",", "\"pretrain\", \"work_dir\": \"\",", "exp.json:4:23: /work_dir: must not be empty"},
    {"\"pretrain\",", "\"pretrian\",",
     "exp.json:4:3: /task: must be one of \"pretrain\", \"train\", \"test\", \"predict\", \"extract\"; not "
     "\"pretrian\" (did you mean "
     "\"pretrain\"?)"},
    {"\"task\": \"pretrain\",", "",
     "exp.json:1:1: missing key \"task\": What to do: self-supervised training, supervised training, accuracy on "
     "`data.eval`, "
     "predictions, or features."},
    {"\"vhost\": 1", "\"vhost\": 2",
     "exp.json:2:3: /vhost: this program reads version 1 of the manifest format, not 2"},
    {"\"vhost\": 1", "\"vhost\": 0", "exp.json:2:3: /vhost: must be 1; not 0"},
    {"\"vhost\": 1,", "", "exp.json:1:1: missing key \"vhost\": Version of the manifest format."},
    {"small", "../x", "exp.json:3:3: /name: must be letters, digits, . _ and -, not \"../x\""},
    {"\"*\"", "1", "exp.json:5:35: /plugins/kinetics: must be a string, not 1 (write \"1\")"},
    {"\"kinetics\": \"*\"", "\"kinetic\": \"*\"",
     "exp.json:7:15: /data/train/use: plugin \"kinetics\" is not listed in /plugins (did you mean \"kinetic\"?)"},
    {", \"kinetics\": \"*\"", "",
     "exp.json:7:15: /data/train/use: plugin \"kinetics\" is not listed in /plugins; add \"kinetics\": \"*\" there"},
    {"videomae/pixels", "pixels", "exp.json:14:14: /target/use: must be PLUGIN/COMPONENT, not \"pixels\""},
    {"\"use\": \"videomae/pixels\"", "\"sue\": 1", "exp.json:14:3: /target: missing key \"use\": `plugin/component`."},
    {"{\"main\": {", "{\"ma.in\": {",
     "exp.json:12:15: /model/heads/ma.in: a head's name takes letters, digits and _, not \"ma.in\""},
    {"\"head\": \"main\"", "\"head\": \"mian\"",
     "exp.json:15:38: /losses/0/head: there is no head \"mian\" in /model/heads (did you mean \"main\"?)"},
    {"\"head\": \"main\"", "\"weight\": -1", "exp.json:15:38: /losses/0/weight: must be at least 0, not -1"},
    {"\"head\": \"main\"", "\"in\": {\"target\": 1}",
     "exp.json:15:45: /losses/0/in/target: must be a string, not 1 (write \"1\")"},
    {"[{\"use\": \"videomae/mse\", \"head\": \"main\"}]", "{}",
     "exp.json:15:3: /losses: must be a list, not an object"},
    {"[{\"use\": \"videomae/mse\", \"head\": \"main\"}]", "[]",
     "exp.json:15:3: /losses: is missing: task \"pretrain\" needs a loss"},
    {"\"losses\": [{\"use\": \"videomae/mse\", \"head\": \"main\"}],", "",
     "exp.json:1:1: /losses: is missing: task \"pretrain\" needs a loss"},
    {"{\"main\": {\"use\": \"videomae/decoder\"}}",
     "{\"main\": {\"use\": \"videomae/decoder\"}, \"aux\": {\"use\": \"videomae/decoder\"}}",
     "exp.json:12:52: /model/heads/aux: no loss names this head, so it would not learn"},
    {"\"target\": {\"use\": \"videomae/pixels\"},", "",
     "exp.json:1:1: /target: is missing: task \"pretrain\" needs a target"},
    {"\"train\": {", "\"eval\": {", "exp.json:6:3: /data/train: is missing: task \"pretrain\" needs a dataset"},
    {"\"pretrain\"", "\"test\"", "exp.json:6:3: /data/eval: is missing: task \"test\" needs a dataset"},
    {"\"pretrain\"", "\"predict\"",
     "exp.json:6:3: /data/predict: is missing: task \"predict\" needs a dataset (or data.eval)"},
    {"\"backbone\": {\"use\": \"videomae/vit\"},", "",
     "exp.json:10:3: /model: missing key \"backbone\": Input to features."},
    {"\"batch\": 8", "\"batch\": 8, \"accumulate\": 4, \"total_batch\": 64",
     "exp.json:8:17: /data/accumulate: give total_batch or accumulate, not both (null deletes an inherited key): a "
     "total "
     "batch of 64 is 8 batches of 8"},
    {"\"epochs\": 10, ", "", "exp.json:17:3: /schedule: missing key \"epochs\" or \"steps\": the length of training"},
    {"\"epochs\": 10", "\"epochs\": 10, \"steps\": 9",
     "exp.json:17:30: /schedule/steps: give epochs or steps, not both (null deletes an inherited key)"},
    {"\"warmup_epochs\": 1", "\"warmup_epochs\": 11",
     "exp.json:17:30: /schedule/warmup_epochs: must be at most /schedule/epochs, which is 10, not 11"},
    {"\"warmup_epochs\": 1", "\"min_lr\": 0.01",
     "exp.json:17:30: /schedule/min_lr: must be at most /optimizer/lr, which is 0.001, not 0.01"},
    {"\"schedule\": {\"epochs\": 10, \"warmup_epochs\": 1}", "",
     "exp.json:1:1: /schedule: is missing: task \"pretrain\" needs a length, such as {\"epochs\": 100}"},
};

// --set on kGood: what `replace` holds is the argument.
inline const std::vector<WrongRow> kWrongSets = {
    {"mask={\"use\": \"videomae/tube\", \"mode\": \"keep\"}", "",
     "--set mask={\"use\": \"videomae/tube\", \"mode\": \"keep\"}: /mask/mode: must be one of \"auto\", \"drop\", "
     "\"replace\"; not \"keep\""},
    {"data.batch", "", "--set data.batch: expected PATH=VALUE, such as data.batch=16"},
    {"=1", "", "--set =1: the path has an empty part, expected such as data.batch=16"},
    {"data..batch=1", "", "--set data..batch=1: the path has an empty part, expected such as data.batch=16"},
    {"data.batch=0", "", "--set data.batch=0: /data/batch: must be at least 1, not 0"},
    {"data.batch=many", "", "--set data.batch=many: /data/batch: must be an integer, not \"many\""},
    {"data.bacth=1", "", "--set data.bacth=1: /data/bacth: unknown key \"bacth\" (did you mean \"batch\"?)"},
    {"data.batch.x=1", "", "--set data.batch.x=1: /data/batch: is 8, neither an object nor a list"},
    {"data.normalize={\"mean\": [1,", "",
     "--set data.normalize={\"mean\": [1,: the value is no JSON: column 13: found the end of the file, expected a "
     "value or ] (the [ "
     "of 1:10 is not closed)"},
    {"losses.main.weight=2", "", "--set losses.main.weight=2: /losses: is a list: expected an index, not \"main\""},
    {"losses.3.weight=2", "", "--set losses.3.weight=2: /losses: has 1 items: index 3 is past the end"},
    {"losses.1.weight=2", "", "--set losses.1.weight=2: /losses/1: missing key \"use\": `plugin/component`."},
    {"losses.0=null", "", "--set losses.0=null: /losses: is a list: an item can't be deleted, set the whole list"},
    {"base=x.json", "", "--set base=x.json: /base: bases can't be set here, only in a file"},
    {"name=\xFF", "", "--set name=\xFF: invalid UTF-8: byte 0xFF; save the file as UTF-8"},
    {"plugins.kinetics=1.0", "",
     "--set plugins.kinetics=1.0: /plugins/kinetics: must be a string, not 1.0 (write \"1.0\")"},
    {"data.total_batch=100", "",
     "--set data.total_batch=100: /data/total_batch: 100 is no multiple of /data/batch, which is 8: change one of "
     "them"},
    {"optimizer.base_batch=256", "",
     "--set optimizer.base_batch=256: /optimizer/base_batch: is used by \"lr_scale_rule\": \"linear\" only"},
    {"schedule.epochs=null", "",
     "exp.json:17:3: /schedule: missing key \"epochs\" or \"steps\": the length of training"},
};

}  // namespace vhost_tests
