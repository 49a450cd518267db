#include "report/worst_samples.h"

#include <algorithm>

namespace vlmhb::report {

bool WorstSamples::Worse(double a_value, int64_t a_id, double b_value, int64_t b_id) const {
  if (a_value != b_value) return lower_is_better_ ? a_value > b_value : a_value < b_value;
  return a_id < b_id;
}

bool WorstSamples::Wants(double value, int64_t id) const {
  if (heap_.size() < most_) return true;
  return most_ > 0 && Worse(value, id, *heap_.front().value, heap_.front().id);
}

void WorstSamples::Add(Sample sample) {
  if (!Wants(*sample.value, sample.id)) return;
  const auto worse = [this](const Sample& a, const Sample& b) {
    return Worse(*a.value, a.id, *b.value, b.id);
  };
  heap_.push_back(std::move(sample));
  std::push_heap(heap_.begin(), heap_.end(), worse);
  if (heap_.size() <= most_) return;
  std::pop_heap(heap_.begin(), heap_.end(), worse);
  heap_.pop_back();
}

std::vector<Sample> WorstSamples::Take() {
  std::sort(heap_.begin(), heap_.end(), [this](const Sample& a, const Sample& b) {
    return Worse(*a.value, a.id, *b.value, b.id);
  });
  return std::exchange(heap_, {});
}

}  // namespace vlmhb::report
