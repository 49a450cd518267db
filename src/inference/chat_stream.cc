#include "inference/chat_stream.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace vlmhb::inference {
namespace {

using store::Outcome;

constexpr size_t kMaxMessageBytes = 2000;

constexpr std::array<std::pair<std::string_view, Outcome>, 8> kOutcomes = {{
    {"bad_request", Outcome::kBadRequest},
    {"invalid_request_error", Outcome::kBadRequest},
    {"bad_image", Outcome::kBadImage},
    {"timeout", Outcome::kTimeout},
    {"crashed", Outcome::kCrashed},
    {"protocol_error", Outcome::kCrashed},
    {"unavailable", Outcome::kUnavailable},
    {"internal", Outcome::kInternal},
}};

std::optional<int64_t> FindCount(const json::object& object, std::string_view key) {
  const int64_t count = FindInt(object, key, -1);
  return count < 0 ? std::nullopt : std::optional<int64_t>(count);
}

bool HasText(const json::object& delta, std::string_view key) {
  const json::value* value = delta.if_contains(key);
  return value != nullptr && value->is_string() && !value->get_string().empty();
}

bool IsTokenEvent(const json::object& delta) {
  const json::array* tool_calls = FindArray(delta, "tool_calls");
  return HasText(delta, "content") || HasText(delta, "reasoning_content") ||
         HasText(delta, "reasoning") || (tool_calls != nullptr && !tool_calls->empty());
}

void AddChoice(const json::object& choice, Nanos at, ChatAnswer& answer) {
  if (const json::object* delta = FindObject(choice, "delta")) {
    answer.text += FindString(*delta, "content");
    if (IsTokenEvent(*delta)) {
      if (answer.token_events++ == 0) answer.first_token_at = at;
      answer.last_token_at = at;
    }
  }
  const std::string finish_reason = FindString(choice, "finish_reason");
  if (finish_reason.empty()) return;
  answer.finish_reason = finish_reason;
  answer.finished_at = at;
}

}  // namespace

std::optional<ApiError> FindApiError(const json::value& value) {
  const json::object* object =
      value.is_object() ? FindObject(value.get_object(), "error") : nullptr;
  if (object == nullptr) return std::nullopt;
  ApiError error;
  const std::string code = FindString(*object, "code", FindString(*object, "type"));
  for (const auto& [name, outcome] : kOutcomes)
    if (name == code) error.outcome = outcome;
  error.message = Truncate(FindString(*object, "message", code), kMaxMessageBytes);
  if (const json::value* retryable = object->if_contains("retryable");
      retryable != nullptr && retryable->is_bool())
    error.retryable = retryable->get_bool();
  return error;
}

void AddChatEvent(std::string_view data, Nanos at, ChatAnswer& answer) {
  if (answer.error.has_value() || data == "[DONE]") return;
  const Result<json::value> value = ParseJson(data);
  if (!value.ok() || !value->is_object()) {
    answer.error =
        ApiError{Outcome::kIncomplete, "the stream has an event that is no JSON object", true};
    return;
  }
  answer.error = FindApiError(*value);
  const json::object& event = value->get_object();
  if (const json::array* choices = FindArray(event, "choices"); choices != nullptr)
    if (!choices->empty() && choices->front().is_object())
      AddChoice(choices->front().get_object(), at, answer);
  if (const json::object* usage = FindObject(event, "usage")) {
    answer.prompt_tokens = FindCount(*usage, "prompt_tokens");
    answer.completion_tokens = FindCount(*usage, "completion_tokens");
  }
  if (const json::object* performance = FindObject(event, "performance"))
    answer.performance = {.ttft_ms = FindNumber(*performance, "ttft_ms"),
                          .latency_ms = FindNumber(*performance, "latency_ms"),
                          .queue_ms = FindNumber(*performance, "queue_ms"),
                          .peak_memory_mb = FindNumber(*performance, "peak_memory_mb"),
                          .gpu_memory_mb = FindNumber(*performance, "gpu_memory_mb")};
}

}  // namespace vlmhb::inference
