#include "evaluate/metric_errors.h"

#include <vector>

#include "base/csv.h"

namespace vlmhb::evaluate {

Result<void> MetricErrors::Add(uint64_t id, std::string_view metric, std::string_view error) {
  std::string lines;
  if (!file_.has_value()) {
    VLMHB_ASSIGN(file_, os::AtomicFile::Create(folder_ / kFile));
    lines = kUtf8Bom;
    AppendCsvRecord(lines, std::vector<std::string>{"id", "metric", "error"});
  }
  AppendCsvRecord(
      lines, std::vector<std::string>{std::to_string(id), std::string(metric), std::string(error)});
  ++count_;
  return file_->Append(lines);
}

Result<uint64_t> MetricErrors::Publish() {
  if (file_.has_value()) VLMHB_TRY(file_->Publish());
  return count_;
}

}  // namespace vlmhb::evaluate
