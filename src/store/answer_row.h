#pragma once
// One row of answers.csv and one of requests.csv (docs/formats/answers.md), as data, as a journal
// payload and as CSV cells. Figures that were not measured are absent, never 0.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "store/outcome.h"

namespace vlmhb::store {

struct AnswerRow {
  uint64_t id = 0;
  std::string model_answer;
  Outcome outcome = Outcome::kOk;
  std::string error;
  int64_t attempts = 0;
  std::optional<double> ttft_ms;
  std::optional<double> tpot_ms;
  std::optional<double> latency_ms;
  std::optional<double> queue_ms;
  std::optional<int64_t> prompt_tokens;
  std::optional<int64_t> completion_tokens;
  std::string finish_reason;
  std::optional<double> peak_memory_mb;
  std::optional<double> gpu_memory_mb;
};

struct RequestRow {
  int64_t attempt = 1;
  std::string started_at;
  Outcome outcome = Outcome::kOk;
  std::optional<int64_t> http_status;
  std::string error;
  std::optional<double> upload_ms;
  std::optional<double> ttft_ms;
  std::optional<double> latency_ms;
  std::optional<double> queue_ms;
  std::optional<double> wrapper_ttft_ms;
  std::optional<double> wrapper_latency_ms;
  std::optional<int64_t> events;
  std::optional<int64_t> completion_tokens;
};

// Everything the journal keeps about one sample.
struct SampleRecord {
  AnswerRow answer;
  std::vector<RequestRow> requests;
};

std::string ToPayload(const SampleRecord& record);
// kCorrupt if it is not such a payload.
Result<SampleRecord> ParsePayload(std::string_view payload);

const std::vector<std::string>& AnswerColumns();
const std::vector<std::string>& RequestColumns();
std::vector<std::string> ToCells(const AnswerRow& row);
std::vector<std::string> ToCells(uint64_t id, const RequestRow& row);

// Sets the field that `column` names from a CSV cell; a column that is none of ours is ignored.
// kCorrupt if the cell does not fit.
Result<void> SetField(AnswerRow& row, std::string_view column, std::string_view cell);

}  // namespace vlmhb::store
