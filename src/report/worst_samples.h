#pragma once
// Keeps the n worst samples of a stream: a bounded heap, memory does not grow with the stream.

#include <vector>

#include "report/report_model.h"

namespace vlmhb::report {

class WorstSamples {
 public:
  WorstSamples(size_t most, bool lower_is_better)
      : most_(most), lower_is_better_(lower_is_better) {}

  // Whether a sample of this value would be kept; asked first, so that texts are copied only then.
  bool Wants(double value, int64_t id) const;
  // REQUIRES: sample.value is set.
  void Add(Sample sample);
  // The worst first; equal values by id. Empties the object.
  std::vector<Sample> Take();

 private:
  // Whether `a` is worse than `b`: it belongs before it.
  bool Worse(double a_value, int64_t a_id, double b_value, int64_t b_id) const;

  size_t most_;
  bool lower_is_better_;
  std::vector<Sample> heap_;  // the least bad on top
};

}  // namespace vlmhb::report
