#pragma once
// What a streamed answer of /v1/chat/completions says, and when: text, token events, counts, the
// finish reason, the API wrapper's own figures. Pure; fed with the events as they come.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "store/outcome.h"

namespace vlmhb::inference {

// An error as OpenAI-compatible servers report it.
struct ApiError {
  store::Outcome outcome = store::Outcome::kInternal;
  std::string message;
  std::optional<bool> retryable;  // absent: the server does not say
};
// `value` is {"error":{…}}; nullopt if it is not.
std::optional<ApiError> FindApiError(const json::value& value);

// The API wrapper's `performance` (docs/formats/wrapper.md).
struct Performance {
  std::optional<double> ttft_ms;
  std::optional<double> latency_ms;
  std::optional<double> queue_ms;
  std::optional<double> peak_memory_mb;
  std::optional<double> gpu_memory_mb;
};

struct ChatAnswer {
  std::string text;
  std::string finish_reason;  // empty: none came
  std::optional<ApiError> error;
  // A token event carries text, reasoning or a tool call. Events with a role only, nothing, usage
  // or a finish reason are none. Times of the steady clock.
  int64_t token_events = 0;
  Nanos first_token_at{};
  Nanos last_token_at{};
  Nanos finished_at{};  // of the event with the finish reason
  std::optional<int64_t> prompt_tokens;
  std::optional<int64_t> completion_tokens;
  Performance performance;
};

// Adds one event's data, which arrived at `at`, to `answer`. Events after an error do not count;
// data that is not a JSON object is an error.
void AddChatEvent(std::string_view data, Nanos at, ChatAnswer& answer);

}  // namespace vlmhb::inference
