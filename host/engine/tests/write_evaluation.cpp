// write_evaluation FOLDER SEED CLASSES SAMPLES: random labels and scores, with ties and with classes that never occur,
// as scores.npz and scores.json; prints what the host makes of them as JSON. Compared by evaluation_reference.py.
#include <cstdlib>
#include <iostream>

#include "engine/evaluate.h"
#include "engine/score_dump.h"
#include "vhost/random.h"

using namespace vhost;

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::filesystem::path folder = argv[1];
  const int64_t classes = std::atoll(argv[3]), samples = std::atoll(argv[4]);
  vh_random random = vh_random_from(static_cast<uint64_t>(std::atoll(argv[2])));
  EvaluationSums sums;
  sums.top = TopK({1, 2, 3, 5, 10});
  ScoreDump npz(folder / "scores.npz"), text(folder / "scores.json");
  for (int64_t i = 0; i < samples; ++i) {
    at::Tensor scores = at::empty({1, classes});
    for (int64_t k = 0; k < classes; ++k)  // few values, so that many are equal
      scores.data_ptr<float>()[k] = static_cast<float>(vh_random_below(&random, 8)) / 8;
    const int64_t label = vh_random_below(&random, classes / 2 + 1);  // the upper half is only ever predicted
    sums.top.add(scores, at::tensor(std::vector<int64_t>{label}), at::ones({1}));
    sums.classes.add(label, best_classes(scores).item<int64_t>());
    const float* values = scores.data_ptr<float>();
    const std::string name =
        i == 0 ? "Zo\xC3\xAB \"\xF0\x9F\x8E\xAC\"/a\xFF.mp4" : "clips/" + std::to_string(i) + ".mp4";
    npz.add(name, {i, label, {values, values + classes}});
    text.add(name, {i, label, {values, values + classes}});
  }
  std::vector<std::string> names;
  for (int64_t k = 0; k < classes; ++k) names.push_back("class " + std::to_string(k));
  npz.write(names, "softmax_mean");
  text.write(names, "softmax_mean");
  json::object out;
  for (const auto& [name, value] : sums.metrics()) out[name] = value;
  json::array entries, rows;
  for (const auto& [pair, count] : sums.classes.entries()) entries.push_back({pair.first, pair.second, count});
  for (const ClassRow& row : sums.classes.rows()) rows.push_back({row.label, row.recall(), row.precision(), row.f1()});
  out["confusion"] = std::move(entries);
  out["rows"] = std::move(rows);
  std::cout << json::serialize(out) << "\n";
}
