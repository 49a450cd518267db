#pragma once
// metrics_by_id.csv: every sample with what was expected, what came, and its scores.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/annotation_reader.h"
#include "evaluate/spec.h"
#include "metrics/score.h"
#include "os/file.h"

namespace vlmhb::evaluate {

// Written row by row, published as a whole. Not thread-safe.
class SampleTable {
 public:
  static constexpr std::string_view kFile = "metrics_by_id.csv";

  static Result<SampleTable> Create(const EvaluateSpec& spec,
                                    const data::AnnotationReader& annotation);

  // The name that annotation column `position` has in this file.
  const std::string& ColumnName(size_t position) const { return names_[position]; }

  // `scores`: one per metric, denominator 0 where there is none.
  Result<void> Append(const data::AnnotationRow& row, std::string_view outcome,
                      std::string_view model_answer, std::span<const metrics::Score> scores);
  Result<void> Publish() { return file_.Publish(); }

 private:
  explicit SampleTable(os::AtomicFile file) : file_(std::move(file)) {}

  os::AtomicFile file_;
  std::vector<std::string> names_;       // of the annotation's columns, in this file
  std::optional<size_t> answer_column_;  // is not repeated among them
  std::vector<std::string> cells_;
  std::string line_;
};

}  // namespace vlmhb::evaluate
