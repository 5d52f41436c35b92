#include <algorithm>

#include "check/subject.h"

namespace vhost::check {

namespace {

constexpr int64_t kGrids[][3] = {{1, 4, 4}, {2, 4, 4}, {8, 14, 14}, {3, 5, 7}, {1, 14, 14}};
constexpr uint8_t kCanary = 0xA5;
constexpr size_t kGuard = 64;

std::string show(const int64_t grid[3]) {
  return "grid " + std::to_string(grid[0]) + "x" + std::to_string(grid[1]) + "x" + std::to_string(grid[2]) + ": ";
}

std::vector<uint8_t> draw(const Subject& part, const int64_t grid[3], uint64_t seed) {
  const auto cells = static_cast<size_t>(grid[0] * grid[1] * grid[2]);
  std::vector<uint8_t> memory(cells + 2 * kGuard, kCanary);
  std::fill_n(memory.begin() + kGuard, cells, uint8_t{0});
  const WorkerScope worker;
  const Answer answer = answer_of([&](vh_error* error) {
    return part.table<vh_mask_1>().draw(part.self(), grid, seed, memory.data() + kGuard, error);
  });
  if (!answer.ok()) throw Failed(show(grid) + "draw fails: " + answer.text());
  for (size_t i = 0; i < kGuard; ++i)
    if (memory[i] != kCanary || memory[kGuard + cells + i] != kCanary)
      throw Failed(show(grid) + "draw writes outside the mask");
  return {memory.begin() + kGuard, memory.end() - kGuard};
}

void check_draws(const Subject& part, const int64_t grid[3], int64_t least, int64_t most) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const std::vector<uint8_t> mask = draw(part, grid, seed);
    const auto masked = static_cast<int64_t>(std::count(mask.begin(), mask.end(), uint8_t{1}));
    if (masked + std::count(mask.begin(), mask.end(), uint8_t{0}) != static_cast<int64_t>(mask.size()))
      throw Failed(show(grid) + "draw writes other values than 0 and 1");
    if (masked < least || masked > most)
      throw Failed(show(grid) + "draws " + std::to_string(masked) + " masked cells, outside its own " +
                   std::to_string(least) + " to " + std::to_string(most));
  }
}

}  // namespace

void mask_counts(const Case& subject) {
  Subject part(subject);
  if (const Answer answer = part.create(); !answer.ok()) throw Failed("can't be made: " + answer.text());
  std::string refusals;
  int taken = 0;
  for (const auto& grid : kGrids) {
    int64_t least = -1, most = -1;
    const Answer answer = answer_of(
        [&](vh_error* error) { return part.table<vh_mask_1>().counts(part.self(), grid, &least, &most, error); });
    if (!answer.ok() && answer.message.empty()) throw Failed(show(grid) + "is refused without a message");
    if (!answer.ok()) {
      refusals += "; " + show(grid) + answer.text();
      continue;
    }
    ++taken;
    if (least < 0 || most < least || most > grid[0] * grid[1] * grid[2])
      throw Failed(show(grid) + "states " + std::to_string(least) + " to " + std::to_string(most) + " masked cells");
    check_draws(part, grid, least, most);
  }
  if (!taken) throw Failed("takes none of the kit's grids" + refusals);
}

// The same seed draws the same mask, whatever was drawn before.
void mask_deterministic(const Case& subject) {
  Subject part(subject), twin(subject);
  part.create();
  twin.create();
  for (const auto& grid : kGrids) {
    int64_t least = 0, most = 0;
    if (part.table<vh_mask_1>().counts(part.self(), grid, &least, &most, nullptr) != VH_OK) continue;
    const auto first = draw(part, grid, 5);
    draw(part, grid, 6);
    if (draw(part, grid, 5) != first || draw(twin, grid, 5) != first)
      throw Failed(show(grid) + "the same seed draws another mask the second time");
  }
}

}  // namespace vhost::check
