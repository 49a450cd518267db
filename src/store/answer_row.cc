#include "store/answer_row.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <type_traits>

#include "base/text.h"

namespace vlmhb::store {
namespace {

constexpr size_t kQuotedBytes = 60;

// The columns of a row in file order. JSON, CSV and the header all come from these two lists.
template <typename Row, typename Visit>
void VisitAnswer(Row& row, Visit&& visit) {
  visit("id", row.id);
  visit("model_answer", row.model_answer);
  visit("outcome", row.outcome);
  visit("error", row.error);
  visit("attempts", row.attempts);
  visit("ttft_ms", row.ttft_ms);
  visit("tpot_ms", row.tpot_ms);
  visit("latency_ms", row.latency_ms);
  visit("queue_ms", row.queue_ms);
  visit("prompt_tokens", row.prompt_tokens);
  visit("completion_tokens", row.completion_tokens);
  visit("finish_reason", row.finish_reason);
  visit("peak_memory_mb", row.peak_memory_mb);
  visit("gpu_memory_mb", row.gpu_memory_mb);
}

template <typename Row, typename Visit>
void VisitRequest(Row& row, Visit&& visit) {
  visit("attempt", row.attempt);
  visit("started_at", row.started_at);
  visit("outcome", row.outcome);
  visit("http_status", row.http_status);
  visit("error", row.error);
  visit("upload_ms", row.upload_ms);
  visit("ttft_ms", row.ttft_ms);
  visit("latency_ms", row.latency_ms);
  visit("queue_ms", row.queue_ms);
  visit("wrapper_ttft_ms", row.wrapper_ttft_ms);
  visit("wrapper_latency_ms", row.wrapper_latency_ms);
  visit("events", row.events);
  visit("completion_tokens", row.completion_tokens);
}

std::string Cell(const std::string& value) { return value; }
std::string Cell(uint64_t value) { return std::to_string(value); }
std::string Cell(int64_t value) { return std::to_string(value); }
std::string Cell(Outcome value) { return std::string(OutcomeName(value)); }
std::string Cell(double value) { return fmt::format("{:.3f}", value); }
template <typename T>
std::string Cell(const std::optional<T>& value) {
  return value.has_value() ? Cell(*value) : std::string();
}

template <typename T>
void ToMember(json::object& object, std::string_view key, const T& value) {
  if constexpr (std::is_same_v<T, Outcome>) {
    object[key] = OutcomeName(value);
  } else {
    object[key] = value;
  }
}
template <typename T>
void ToMember(json::object& object, std::string_view key, const std::optional<T>& value) {
  if (value.has_value()) object[key] = *value;
}

// FromText: false if the cell does not fit the field.
bool FromText(std::string_view text, std::string& field) {
  field = text;
  return true;
}
bool FromText(std::string_view text, Outcome& field) {
  const std::optional<Outcome> outcome = OutcomeFromName(text);
  field = outcome.value_or(Outcome::kOk);
  return outcome.has_value();
}
template <typename T>
requires std::is_arithmetic_v<T>
bool FromText(std::string_view text, T& field) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), field);
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(field)) return false;
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}
template <typename T>
bool FromText(std::string_view text, std::optional<T>& field) {
  field.reset();
  if (text.empty()) return true;
  return FromText(text, field.emplace());
}

bool FromJson(const json::value& value, std::string& field) {
  if (!value.is_string()) return false;
  field = std::string(value.get_string());
  return true;
}
bool FromJson(const json::value& value, Outcome& field) {
  return value.is_string() && FromText(std::string_view(value.get_string()), field);
}
template <typename T>
requires std::is_arithmetic_v<T>
bool FromJson(const json::value& value, T& field) {
  boost::system::error_code error;
  field = value.to_number<T>(error);
  return !error;
}
template <typename T>
bool FromJson(const json::value& value, std::optional<T>& field) {
  return FromJson(value, field.emplace());
}

Error DoesNotFit(std::string_view column, std::string_view text) {
  return Error(ErrorCode::kCorrupt, fmt::format("column {} cannot be '{}'", column,
                                                Truncate(SanitizeUtf8(text), kQuotedBytes)));
}

// Fills the members that `object` has; an unknown key is ignored, a wrong type is an error.
template <typename Row, typename VisitRow>
Result<void> FillRow(const json::object& object, Row& row, VisitRow visit_row) {
  Result<void> result;
  visit_row(row, [&](std::string_view name, auto& field) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !result.ok() || FromJson(*value, field)) return;
    result = DoesNotFit(name, ToJson(*value));
  });
  return result;
}

template <typename Row, typename VisitRow>
json::object RowToJson(const Row& row, VisitRow visit_row) {
  json::object object;
  visit_row(row, [&](std::string_view name, const auto& field) { ToMember(object, name, field); });
  return object;
}

constexpr auto kVisitAnswer = [](auto& row, auto&& visit) { VisitAnswer(row, visit); };
constexpr auto kVisitRequest = [](auto& row, auto&& visit) { VisitRequest(row, visit); };

}  // namespace

std::string ToPayload(const SampleRecord& record) {
  json::array requests;
  for (const RequestRow& request : record.requests)
    requests.push_back(RowToJson(request, kVisitRequest));
  json::object payload;
  payload["id"] = record.answer.id;  // first: the journal reads it without parsing the rest
  payload["answer"] = RowToJson(record.answer, kVisitAnswer);
  payload["requests"] = std::move(requests);
  return ToJson(payload);
}

Result<SampleRecord> ParsePayload(std::string_view payload) {
  VLMHB_ASSIGN(const json::value value, ParseJson(payload));
  if (!value.is_object()) return Error(ErrorCode::kCorrupt, "an answer is not a JSON object");
  VLMHB_ASSIGN(const json::object answer, GetObject(value.get_object(), "answer"));
  VLMHB_ASSIGN(const json::array requests, GetArray(value.get_object(), "requests"));
  SampleRecord record;
  VLMHB_TRY(FillRow(answer, record.answer, kVisitAnswer));
  // The journal finds a record by the outer id, and the tables are written from the inner one.
  if (static_cast<uint64_t>(FindInt(value.get_object(), "id", -1)) != record.answer.id)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("the answer to sample {} has another id outside", record.answer.id));
  for (const json::value& request : requests) {
    if (!request.is_object()) return Error(ErrorCode::kCorrupt, "a request is not a JSON object");
    VLMHB_TRY(FillRow(request.get_object(), record.requests.emplace_back(), kVisitRequest));
  }
  return record;
}

const std::vector<std::string>& AnswerColumns() {
  static const std::vector<std::string> columns = [] {
    std::vector<std::string> names;
    AnswerRow row;
    VisitAnswer(row, [&](std::string_view name, auto&) { names.emplace_back(name); });
    return names;
  }();
  return columns;
}

const std::vector<std::string>& RequestColumns() {
  static const std::vector<std::string> columns = [] {
    std::vector<std::string> names = {"id"};
    RequestRow row;
    VisitRequest(row, [&](std::string_view name, auto&) { names.emplace_back(name); });
    return names;
  }();
  return columns;
}

std::vector<std::string> ToCells(const AnswerRow& row) {
  std::vector<std::string> cells;
  VisitAnswer(row, [&](std::string_view, const auto& field) { cells.push_back(Cell(field)); });
  return cells;
}

std::vector<std::string> ToCells(uint64_t id, const RequestRow& row) {
  std::vector<std::string> cells = {std::to_string(id)};
  VisitRequest(row, [&](std::string_view, const auto& field) { cells.push_back(Cell(field)); });
  return cells;
}

Result<void> SetField(AnswerRow& row, std::string_view column, std::string_view cell) {
  Result<void> result;
  VisitAnswer(row, [&](std::string_view name, auto& field) {
    if (name == column && !FromText(cell, field)) result = DoesNotFit(column, cell);
  });
  return result;
}

}  // namespace vlmhb::store
