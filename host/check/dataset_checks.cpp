#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "check/dataset_reader.h"
#include "vhost/random.h"

namespace vhost::check {

namespace {

constexpr int64_t kMostRead = 2000, kMostCompared = 48;
constexpr int kThreads = 8;

std::string sample(uint32_t pass, int64_t index) {
  return "sample " + std::to_string(index) + " for " + pass_name(pass);
}

void check_fields(const vh_specs& fields) {
  int inputs = 0;
  for (const Spec& spec : fields.list) {
    if (spec.semantic != "input") continue;
    ++inputs;
    if (spec.c.dtype != VH_U8 || (spec.axes != "VTHWC" && spec.axes != "VHWC"))
      throw Failed("pixels are u8 \"VTHWC\" or \"VHWC\", not " + spec.str());
  }
  if (inputs != 1) throw Failed("fields states " + std::to_string(inputs) + " fields with semantic \"input\", not one");
}

void check_label(const vh_specs& fields, const SampleMemory& memory, uint32_t pass, int64_t index) {
  for (size_t i = 0; i < fields.list.size(); ++i) {
    const Spec& spec = fields.list[i];
    if (spec.semantic != "label" || spec.c.dtype != VH_I64 || spec.c.rank != 0 || spec.c.classes <= 0) continue;
    const int64_t label = memory.integer(i), least = pass == VH_PASS_PREDICT ? -1 : 0;
    if (label < least || label >= spec.c.classes)
      throw Failed(sample(pass, index) + ": label " + std::to_string(label) + " of " + std::to_string(spec.c.classes) +
                   " classes");
  }
}

// Every index, of each pass.
void readable(const Case& subject) {
  const Reader reader(subject);
  for (const uint32_t pass : kPasses) {
    const vh_specs fields = reader.fields(pass);
    check_fields(fields);
    SampleMemory memory(fields);
    const int64_t most = pass == VH_PASS_TRAIN ? kMostRead : kMostCompared;
    for (int64_t index = 0; index < std::min(reader.length(), most); ++index) {
      if (reader.name(index).empty()) throw Failed("sample " + std::to_string(index) + " has no name");
      memory.clear();
      const Answer answer = reader.read(pass, index, {vh_hash2(1, static_cast<uint64_t>(index))}, {&memory});
      if (!answer.ok()) throw Failed(sample(pass, index) + " (" + reader.name(index) + "): " + answer.text());
      check_label(fields, memory, pass, index);
    }
  }
}

std::vector<uint8_t> bytes_of(const Reader& reader, const vh_specs& fields, uint32_t pass, int64_t index) {
  SampleMemory memory(fields);
  const Answer answer = reader.read(pass, index, {vh_hash2(9, static_cast<uint64_t>(index))}, {&memory});
  if (!answer.ok()) throw Failed(sample(pass, index) + ": " + answer.text());
  return memory.bytes();
}

// The indices in turn, from kThreads threads at once.
std::vector<std::vector<uint8_t>> in_threads(const Reader& reader, const vh_specs& fields, uint32_t pass, int64_t n) {
  std::vector<std::vector<uint8_t>> all(static_cast<size_t>(n));
  std::atomic<int64_t> next{0};
  std::vector<std::thread> threads;
  std::vector<std::string> problems(kThreads);
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      try {
        for (int64_t i = next++; i < n; i = next++)
          all[static_cast<size_t>(i)] = bytes_of(reader, fields, pass, n - 1 - i);
      } catch (const std::exception& error) {
        problems[static_cast<size_t>(t)] = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& problem : problems)
    if (!problem.empty()) throw Failed("from 8 threads: " + problem);
  std::reverse(all.begin(), all.end());
  return all;
}

// One decode with two augmentations gives what two reads give.
void check_repeated(const Reader& reader, const vh_specs& fields, int64_t index) {
  SampleMemory a(fields), b(fields), alone(fields);
  const uint32_t pass = VH_PASS_TRAIN;
  if (const Answer answer = reader.read(pass, index, {11, 12}, {&a, &b}); !answer.ok())
    throw Failed(sample(pass, index) + " with two augmentations: " + answer.text());
  if (const Answer answer = reader.read(pass, index, {12}, {&alone}); !answer.ok())
    throw Failed(sample(pass, index) + ": " + answer.text());
  if (alone.bytes() != b.bytes())
    throw Failed(sample(pass, index) + ": the second of two augmentations differs from the same seed alone");
}

void deterministic(const Case& subject) {
  const Reader reader(subject);
  const int64_t n = std::min(reader.length(), kMostCompared);
  for (const uint32_t pass : {VH_PASS_TRAIN, VH_PASS_EVAL}) {
    const vh_specs fields = reader.fields(pass);
    std::vector<std::vector<uint8_t>> once;
    for (int64_t i = 0; i < n; ++i) once.push_back(bytes_of(reader, fields, pass, i));
    const auto again = in_threads(reader, fields, pass, n);
    for (int64_t i = 0; i < n; ++i)
      if (once[static_cast<size_t>(i)] != again[static_cast<size_t>(i)])
        throw Failed(sample(pass, i) + ": the same index and seed give other bytes from 8 threads than from one");
    if (pass == VH_PASS_TRAIN) check_repeated(reader, fields, 0);
  }
}

void bounds(const Case& subject) {
  const Reader reader(subject);
  for (const uint32_t pass : kPasses) {
    const vh_specs fields = reader.fields(pass);
    SampleMemory a(fields), b(fields);
    for (int64_t index = 0; index < std::min<int64_t>(reader.length(), 16); ++index) {
      for (SampleMemory* one : {&a, &b}) one->clear();
      reader.read(pass, index, {1, 2}, {&a, &b});
      for (const SampleMemory* one : {&a, &b})
        if (const std::string damage = one->damage(); !damage.empty())
          throw Failed(sample(pass, index) + ": writes " + damage);
    }
  }
}

bool is_of_file(const Spec& spec) {
  return spec.semantic == "file" || spec.key.starts_with("file.");
}

void check_fact(const Spec& spec, double value, const std::string& where) {
  if (!(value >= 0 && value < 1e18))
    throw Failed(where + ": " + spec.key + " is " + std::to_string(value) + ", not a number from 0 (not known) on");
}

// What is told of a sample's file: f64 scalars "file.NAME" of semantic "file".
void file(const Case& subject) {
  const Reader reader(subject);
  const uint32_t pass = VH_PASS_EVAL;
  const vh_specs fields = reader.fields(pass);
  if (std::ranges::none_of(fields.list, is_of_file)) throw Skipped("tells nothing of its files");
  for (const Spec& spec : fields.list)
    if (is_of_file(spec) &&
        (spec.semantic != "file" || !spec.key.starts_with("file.") || spec.c.dtype != VH_F64 || spec.c.rank != 0))
      throw Failed("what a file is, is told by f64 scalars \"file.NAME\" with semantic \"file\", not " + spec.str());
  SampleMemory memory(fields);
  for (int64_t index = 0; index < std::min(reader.length(), kMostCompared); ++index) {
    memory.clear();
    if (const Answer answer = reader.read(pass, index, {1}, {&memory}); !answer.ok())
      throw Failed(sample(pass, index) + ": " + answer.text());
    for (size_t i = 0; i < fields.list.size(); ++i)
      if (is_of_file(fields.list[i])) check_fact(fields.list[i], memory.real(i), sample(pass, index));
  }
}

// Noise in place of a file: an error that names it, whenever it's noticed.
void corrupt(const Case& subject) {
  const json::value* properties = subject.component->schema.if_contains("properties");
  if (!properties || !properties->as_object().contains("files"))
    throw Skipped("takes no \"files\" to be given a corrupt one");
  const std::string path = subject.cache_dir + "/corrupt-sample.mp4";
  std::string noise;
  vh_random random = vh_random_from(4);
  for (int i = 0; i < 4096; ++i) noise += static_cast<char>(vh_random_below(&random, 256));
  write_file_atomically(path, noise);
  const auto must_name = [&](const std::string& text) {
    if (text.find("corrupt-sample.mp4") == std::string::npos)
      throw Failed("a corrupt file's error doesn't name the file: " + text);
  };
  Subject part(subject, complete(subject, {{"files", json::array{json::value(path)}}}));
  if (const Answer answer = part.create(); !answer.ok()) return must_name(answer.text());
  const Reader reader(subject, {{"files", json::array{json::value(path)}}});
  SampleMemory memory(reader.fields(VH_PASS_PREDICT));
  const Answer answer = reader.read(VH_PASS_PREDICT, 0, {1}, {&memory});
  if (answer.ok()) throw Failed("a file of noise is read as a sample, without an error");
  if (answer.status != VH_ERR_DATA)
    throw Failed("a corrupt file is no VH_ERR_DATA, which the host would replace and count: " + answer.text());
  must_name(answer.text());
}

}  // namespace

std::vector<Check> dataset_checks() {
  return {{"dataset.readable", kDataset, readable},
          {"dataset.deterministic", kDataset, deterministic},
          {"dataset.bounds", kDataset, bounds},
          {"dataset.file", kDataset, file},
          {"dataset.corrupt", kDataset, corrupt}};
}

}  // namespace vhost::check
