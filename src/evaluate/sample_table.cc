#include "evaluate/sample_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/csv.h"

namespace vlmhb::evaluate {
namespace {

// Every column name of this file that is not from the annotation.
std::vector<std::string> OwnColumns(const EvaluateSpec& spec) {
  std::vector<std::string> columns = {"id", "outcome", "answer", "model_answer"};
  for (const MetricSpec& metric : spec.metrics) {
    columns.push_back(metric.name);
    columns.push_back(metric.name + "_weight");
  }
  return columns;
}

}  // namespace

Result<SampleTable> SampleTable::Create(const EvaluateSpec& spec,
                                        const data::AnnotationReader& annotation) {
  VLMHB_ASSIGN(os::AtomicFile file, os::AtomicFile::Create(spec.output / kFile));
  SampleTable table(std::move(file));
  table.answer_column_ = annotation.FindColumn(spec.dataset.columns.answer);
  const std::vector<std::string> own = OwnColumns(spec);
  std::vector<std::string> header(own.begin(), own.begin() + 4);
  for (size_t i = 0; i < annotation.columns().size(); ++i) {
    const std::string& name = annotation.columns()[i];
    const bool taken = std::find(own.begin(), own.end(), name) != own.end();
    const bool is_answer = i == table.answer_column_;
    table.names_.push_back(is_answer ? "answer" : taken ? "annotation_" + name : name);
    if (!is_answer) header.push_back(table.names_.back());
  }
  header.insert(header.end(), own.begin() + 4, own.end());
  table.line_ = kUtf8Bom;
  AppendCsvRecord(table.line_, header);
  VLMHB_TRY(table.file_.Append(table.line_));
  return table;
}

Result<void> SampleTable::Append(const data::AnnotationRow& row, std::string_view outcome,
                                 std::string_view model_answer,
                                 std::span<const metrics::Score> scores) {
  size_t used = 0;
  const auto next = [&]() -> std::string& {
    if (used == cells_.size()) cells_.emplace_back();
    return cells_[used++];
  };
  next() = std::to_string(row.id);
  next() = outcome;
  next() = row.answer;
  next() = model_answer;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (i == answer_column_) continue;
    // The cells of a bad row are not what their columns say.
    std::string& cell = next();
    if (row.good()) {
      cell = row.cells[i];
    } else {
      cell.clear();
    }
  }
  for (const metrics::Score& score : scores) {
    const bool scored = score.denominator > 0;
    next() = scored ? fmt::format("{}", score.value()) : "";
    next() = scored ? fmt::format("{}", score.denominator) : "";
  }
  line_.clear();
  AppendCsvRecord(line_, cells_);
  return file_.Append(line_);
}

}  // namespace vlmhb::evaluate
