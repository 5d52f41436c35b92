#include "report/series.h"

#include <algorithm>
#include <cmath>

namespace vhost::report {
namespace {

void merge(Series::Bucket& into, const Series::Bucket& other) {
  into.points += other.points;
  if (other.count == 0) return;
  if (into.count == 0) {
    const int64_t points = into.points;
    into = other;
    into.points = points;
    return;
  }
  const double share = static_cast<double>(other.count) / static_cast<double>(into.count + other.count);
  into.x += (other.x - into.x) * share;
  into.mean += (other.mean - into.mean) * share;
  into.low = std::min(into.low, other.low);
  into.high = std::max(into.high, other.high);
  into.count += other.count;
}

}  // namespace

void Series::add(double x, double y) {
  ++points_;
  last_ = y;
  Bucket point{x, y, y, y, 1, 1};
  if (std::isfinite(y)) {
    if (!any_finite_ || y < lowest_) lowest_ = y, lowest_at_ = x;
    if (!any_finite_ || y > highest_) highest_ = y;
    any_finite_ = true;
  } else {
    point = {x, 0, 0, 0, 0, 1};
    if (++not_finite_ <= 100) not_finite_at_.push_back(x);
  }
  if (!buckets_.empty() && buckets_.back().points < per_bucket_) {
    merge(buckets_.back(), point);
    return;
  }
  if (buckets_.size() == kMaxBuckets) halve();
  if (!buckets_.empty() && buckets_.back().points < per_bucket_) return merge(buckets_.back(), point);
  buckets_.push_back(point);
}

void Series::halve() {
  size_t kept = 0;
  for (size_t i = 0; i < buckets_.size(); i += 2) {
    Bucket bucket = buckets_[i];
    if (i + 1 < buckets_.size()) merge(bucket, buckets_[i + 1]);
    buckets_[kept++] = bucket;
  }
  buckets_.resize(kept);
  per_bucket_ *= 2;
}

void History::add(const StepRecord& record) {
  const auto step = static_cast<double>(record.step);
  steps["loss"].add(step, record.loss);
  steps["lr"].add(step, record.lr);
  steps["samples_per_second"].add(step, record.samples_per_second);
  steps["data_wait"].add(step, record.data_wait);
  for (const auto& [name, value] : record.scalars) steps[name].add(step, value);
  last = record;
  ++records;
}

}  // namespace vhost::report
