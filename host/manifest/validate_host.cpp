#include <algorithm>
#include <cctype>

#include "manifest/manifest.h"

namespace vhost {
namespace {

std::vector<std::string> keys_at(const Manifest& manifest, std::string_view pointer) {
  std::vector<std::string> keys;
  const json::value* value = manifest.find(pointer);
  if (value && value->is_object())
    for (const auto& member : value->get_object()) keys.emplace_back(member.key());
  return keys;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool trains(const Manifest& manifest) {
  const std::string task = manifest.string("/task");
  return task == "pretrain" || task == "train";
}

void check_format(const Manifest& manifest) {
  const json::value* version = manifest.find("/vhost");
  if (version && version->is_int64() && version->get_int64() > 1)
    throw manifest.error("/vhost", "this program reads version 1 of the manifest format, not " + show_json(*version));
}

void name_the_run(Manifest& manifest) {
  if (!manifest.has("/name")) {
    std::string name;
    for (const char c : manifest.path.stem().string())
      name += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ? c : '-';
    if (name.empty() || !std::isalnum(static_cast<unsigned char>(name[0]))) name = "run" + name;
    manifest.root["name"] = name;
  }
  if (!manifest.has("/work_dir")) manifest.root["work_dir"] = "work_dirs/" + manifest.string("/name");
}

void check_plugins(Manifest& manifest) {
  const std::vector<std::string> plugins = keys_at(manifest, "/plugins");
  each_part(manifest, [&](const std::string& pointer, json::object&) {
    const std::string plugin = read_use(manifest, pointer).plugin;
    if (contains(plugins, plugin)) return;
    const std::string near = did_you_mean(plugin, plugins);
    const std::string fix = near.empty() ? "; add \"" + plugin + "\": \"*\" there" : near;
    throw manifest.error(pointer + "/use", "plugin " + quote(plugin) + " is not listed in /plugins" + fix);
  });
}

void check_heads(const Manifest& manifest) {
  for (const std::string& head : keys_at(manifest, "/model/heads")) {
    const bool fits =
        !head.empty() && !std::isdigit(static_cast<unsigned char>(head[0])) &&
        std::all_of(head.begin(), head.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!fits)
      throw manifest.error("/model/heads/" + escape_pointer(head),
                           "a head's name takes letters, digits and _, not " + quote(head));
  }
}

void check_losses(Manifest& manifest) {
  const std::vector<std::string> heads = keys_at(manifest, "/model/heads");
  json::array& losses = manifest.root.at("losses").as_array();
  for (size_t i = 0; i < losses.size(); ++i) {
    const std::string pointer = "/losses/" + std::to_string(i);
    json::object& loss = losses[i].as_object();
    if (!loss.contains("head") && heads.size() == 1) loss["head"] = heads[0];
    if (!loss.contains("head")) {
      std::string text;
      for (const std::string& head : heads) text += (text.empty() ? "" : ", ") + head;
      throw manifest.error(pointer,
                           "missing key \"head\": whose predictions; heads: " + (text.empty() ? "none" : text));
    }
    const std::string head(loss.at("head").as_string());
    if (!contains(heads, head))
      throw manifest.error(pointer + "/head",
                           "there is no head " + quote(head) + " in /model/heads" + did_you_mean(head, heads));
  }
}

bool reads_head(const json::object& loss, const std::string& head) {
  if (loss.at("head").as_string() == head) return true;
  const json::value* in = loss.if_contains("in");
  if (!in) return false;
  const std::string prefix = "pred." + head + ".";
  return std::any_of(in->as_object().begin(), in->as_object().end(), [&](const auto& member) {
    return std::string_view(member.value().as_string()).substr(0, prefix.size()) == prefix;
  });
}

void check_every_head_learns(const Manifest& manifest) {
  const json::array& losses = manifest.at("/losses").as_array();
  for (const std::string& head : keys_at(manifest, "/model/heads")) {
    const auto reads = [&](const json::value& loss) { return reads_head(loss.as_object(), head); };
    if (std::none_of(losses.begin(), losses.end(), reads))
      throw manifest.error("/model/heads/" + head, "no loss names this head, so it would not learn");
  }
}

void need(const Manifest& manifest, const std::string& pointer, const std::string& what) {
  const json::value* value = manifest.find(pointer);
  const bool empty = value && ((value->is_array() && value->get_array().empty()) ||
                               (value->is_object() && value->get_object().empty()));
  if (!value || value->is_null() || empty)
    throw manifest.error(pointer, "is missing: task \"" + manifest.string("/task") + "\" needs " + what);
}

void check_task(const Manifest& manifest) {
  const std::string task = manifest.string("/task");
  if (trains(manifest)) {
    need(manifest, "/data/train", "a dataset");
    need(manifest, "/model/heads", "a head");
    if (task == "pretrain") need(manifest, "/target", "a target");
    need(manifest, "/losses", "a loss");
    need(manifest, "/optimizer", "a learning rate, such as {\"lr\": 1e-3}");
    need(manifest, "/schedule", "a length, such as {\"epochs\": 100}");
    return check_every_head_learns(manifest);
  }
  if (task == "test")
    need(manifest, "/data/eval", "a dataset");
  else if (!manifest.has("/data/eval"))
    need(manifest, "/data/predict", "a dataset (or data.eval)");
  if (task != "extract") need(manifest, "/model/heads", "a head");
}

void refuse_both(const Manifest& manifest, const std::string& a, const std::string& b) {
  if (manifest.has("/schedule/" + a) && manifest.has("/schedule/" + b))
    throw manifest.error("/schedule/" + b, "give " + a + " or " + b + ", not both (null deletes an inherited key)");
}

void check_not_above(const Manifest& manifest, const std::string& pointer, const std::string& limit) {
  if (!manifest.has(pointer) || !manifest.has(limit) || manifest.number(pointer) <= manifest.number(limit)) return;
  throw manifest.error(pointer, "must be at most " + limit + ", which is " + show_json(manifest.at(limit)) + ", not " +
                                    show_json(manifest.at(pointer)));
}

void check_schedule(Manifest& manifest) {
  if (!manifest.has("/schedule")) return;
  refuse_both(manifest, "epochs", "steps");
  refuse_both(manifest, "warmup_epochs", "warmup_steps");
  if (trains(manifest) && !manifest.has("/schedule/epochs") && !manifest.has("/schedule/steps"))
    throw manifest.error("/schedule", "missing key \"epochs\" or \"steps\": the length of training");
  check_not_above(manifest, "/schedule/warmup_epochs", "/schedule/epochs");
  check_not_above(manifest, "/schedule/warmup_steps", "/schedule/steps");
  check_not_above(manifest, "/schedule/min_lr", "/optimizer/lr");
  check_not_above(manifest, "/schedule/warmup_lr", "/optimizer/lr");
  if (!manifest.has("/schedule/warmup_epochs") && !manifest.has("/schedule/warmup_steps"))
    manifest.root.at("schedule").as_object()["warmup_steps"] = 0;
}

// Makes /data/accumulate of /data/total_batch. Both may stand in a manifest that a run has written, and then agree.
void set_accumulate(Manifest& manifest) {
  json::object& data = manifest.root.at("data").as_object();
  const bool given = manifest.has("/data/accumulate");
  if (!trains(manifest) || !manifest.has("/data/total_batch")) {
    if (!given) data["accumulate"] = 1;
    return;
  }
  const int64_t total = manifest.integer("/data/total_batch"), batch = manifest.integer("/data/batch");
  if (total % batch != 0)
    throw manifest.error("/data/total_batch", std::to_string(total) + " is no multiple of /data/batch, which is " +
                                                  std::to_string(batch) + ": change one of them");
  if (given && manifest.integer("/data/accumulate") != total / batch)
    throw manifest.error("/data/accumulate",
                         "give total_batch or accumulate, not both (null deletes an inherited "
                         "key): a total batch of " +
                             std::to_string(total) + " is " + std::to_string(total / batch) + " batches of " +
                             std::to_string(batch));
  data["accumulate"] = total / batch;
}

bool has_jitter(const Manifest& manifest) {
  return std::ranges::any_of(manifest.at("/data/augment/color_jitter").as_array(),
                             [](const json::value& amount) { return amount.to_number<double>() > 0; });
}

void check_data(const Manifest& manifest) {
  const int64_t batch = manifest.integer("/data/batch"), repeats = manifest.integer("/data/repeats");
  if (trains(manifest) && batch % repeats != 0)
    throw manifest.error("/data/repeats",
                         std::to_string(repeats) + " doesn't divide a batch of " + std::to_string(batch));
  if (manifest.has("/data/augment") && manifest.number("/data/augment/flip") == 0 &&
      manifest.string("/data/augment/rand_augment") == "none" && manifest.number("/data/augment/erase") == 0 &&
      !has_jitter(manifest))
    throw manifest.error("/data/augment",
                         "does nothing: give \"flip\", \"rand_augment\", \"color_jitter\" or \"erase\"");
  if (!manifest.has("/data/mix")) return;
  if (manifest.string("/task") == "pretrain")
    throw manifest.error("/data/mix", "mixes labels, which task \"pretrain\" has none of: remove it");
  if (manifest.number("/data/mix/mixup") == 0 && manifest.number("/data/mix/cutmix") == 0)
    throw manifest.error("/data/mix", "needs \"mixup\" or \"cutmix\" above 0, such as {\"mixup\": 0.8, \"cutmix\": 1}");
  if (trains(manifest) && batch < 2)
    throw manifest.error("/data/mix", "mixes the samples of a batch, and /data/batch is 1: make it 2 or more");
}

void check_watched(const Manifest& manifest) {
  if (!trains(manifest)) return;
  if (manifest.has("/schedule/early_stop") && manifest.number("/eval/every_epochs") == 0)
    throw manifest.error("/schedule/early_stop",
                         "goes by evaluations on the way, and /eval/every_epochs is 0: make it 1 or more");
  if (manifest.has("/data/eval")) return;
  for (const char* pointer : {"/checkpoint/best", "/schedule/early_stop"})
    if (manifest.has(pointer)) throw manifest.error(pointer, "goes by evaluations: give data.eval a dataset");
}

void check_optimizer(Manifest& manifest) {
  if (!manifest.has("/optimizer")) return;
  if (manifest.boolean("/optimizer/nesterov") && manifest.number("/optimizer/momentum") == 0)
    throw manifest.error("/optimizer/nesterov", "needs a momentum above 0");
  for (size_t i = 0; i < manifest.at("/optimizer/rules").as_array().size(); ++i) {
    const std::string rule = "/optimizer/rules/" + std::to_string(i);
    if (!manifest.has(rule + "/weight_decay") && !manifest.has(rule + "/lr_scale"))
      throw manifest.error(rule, "changes nothing: give \"weight_decay\" or \"lr_scale\"");
  }
  const bool linear = manifest.string("/optimizer/lr_scale_rule") == "linear";
  if (!linear && manifest.has("/optimizer/base_batch"))
    throw manifest.error("/optimizer/base_batch", "is used by \"lr_scale_rule\": \"linear\" only");
  if (linear && !manifest.has("/optimizer/base_batch")) manifest.root.at("optimizer").as_object()["base_batch"] = 256;
}

}  // namespace

void validate_host(Manifest& manifest) {
  check_format(manifest);
  validate(manifest, "", manifest.root, host_schema());
  name_the_run(manifest);
  check_heads(manifest);
  check_plugins(manifest);
  check_losses(manifest);
  check_task(manifest);
  set_accumulate(manifest);
  check_data(manifest);
  check_optimizer(manifest);
  check_watched(manifest);
  check_schedule(manifest);
}

}  // namespace vhost
