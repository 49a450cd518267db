#include "inference/attempt.h"

#include <fmt/format.h>

#include "base/text.h"

namespace vlmhb::inference {
namespace {

using store::Outcome;

constexpr size_t kMaxAnswerBytes = 32u << 20;  // half of what a journal frame holds
constexpr size_t kMaxErrorBytes = 4000;

struct Verdict {
  Outcome outcome = Outcome::kOk;
  std::string error;
  bool retryable = false;
};

Verdict JudgeTransport(const Error& error) {
  const bool retryable = error.code() != ErrorCode::kNoSpace;
  switch (error.code()) {
    case ErrorCode::kTimeout:
      return {Outcome::kTimeout, error.message(), retryable};
    case ErrorCode::kUnavailable:
      return {Outcome::kUnavailable, error.message(), retryable};
    case ErrorCode::kIo:
      return {Outcome::kIncomplete, error.message(), retryable};
    case ErrorCode::kNoSpace:
      return {Outcome::kInternal, fmt::format("the answer is too long: {}", error.message()),
              false};
    default:
      return {Outcome::kHttpError, error.message(), retryable};
  }
}

Verdict JudgeApiError(const ApiError& error, bool retryable_by_status) {
  return {error.outcome, error.message, error.retryable.value_or(retryable_by_status)};
}

bool IsRetryableStatus(int status) {
  return status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
}

Verdict JudgeStatus(const http::Response& response) {
  const bool retryable = IsRetryableStatus(response.status);
  const Result<json::value> body = ParseJson(response.body);
  if (body.ok())
    if (const std::optional<ApiError> error = FindApiError(*body))
      return JudgeApiError(*error, retryable);
  return {Outcome::kHttpError,
          fmt::format("HTTP status {}: {}", response.status,
                      Truncate(SanitizeUtf8(Trim(response.body)), kMaxErrorBytes)),
          retryable};
}

Verdict JudgeAnswer(const ChatAnswer& answer) {
  if (answer.error.has_value()) return JudgeApiError(*answer.error, false);
  if (answer.finish_reason.empty())
    return {Outcome::kIncomplete, "the stream ended without a finish reason", true};
  if (answer.finish_reason == "cancelled")
    return {Outcome::kIncomplete, "the backend broke the answer off", true};
  return {answer.finish_reason == "length" ? Outcome::kTruncated : Outcome::kOk, "", false};
}

void FillTimes(const http::Response& response, const ChatAnswer& answer, store::RequestRow& row) {
  row.http_status = response.status;
  row.upload_ms = ToMillis(response.send_end - response.send_begin);
  if (answer.token_events > 0) row.ttft_ms = ToMillis(answer.first_token_at - response.send_begin);
  if (!answer.finish_reason.empty())
    row.latency_ms = ToMillis(answer.finished_at - response.send_begin);
}

}  // namespace

AttemptResult Judge(const Result<http::Response>& response, ChatAnswer answer) {
  AttemptResult result;
  Verdict verdict;
  if (!response.ok()) {
    verdict = JudgeTransport(response.error());
    result.cancelled = response.error().code() == ErrorCode::kCancelled;
    result.ask_wrapper = true;
  } else if (response->status != 200) {
    verdict = JudgeStatus(*response);
  } else {
    verdict = JudgeAnswer(answer);
  }
  result.ask_wrapper = result.ask_wrapper || verdict.outcome == Outcome::kUnavailable;
  result.retryable = verdict.retryable;
  result.row.outcome = verdict.outcome;
  result.row.error = Truncate(SanitizeUtf8(verdict.error), kMaxErrorBytes);
  if (response.ok()) FillTimes(*response, answer, result.row);
  result.row.queue_ms = answer.performance.queue_ms;
  result.row.wrapper_ttft_ms = answer.performance.ttft_ms;
  result.row.wrapper_latency_ms = answer.performance.latency_ms;
  if (response.ok() && response->status == 200) result.row.events = answer.token_events;
  result.row.completion_tokens = answer.completion_tokens;
  result.answer = std::move(answer);
  return result;
}

std::optional<double> TimePerOutputToken(const ChatAnswer& answer) {
  if (answer.completion_tokens.value_or(0) < 2 || answer.token_events < 2) return std::nullopt;
  return ToMillis(answer.last_token_at - answer.first_token_at) /
         static_cast<double>(*answer.completion_tokens - 1);
}

http::asio::awaitable<AttemptResult> Attempt(http::Connection& connection,
                                             const http::Request& request, Millis timeout,
                                             const Clock& clock) {
  ChatAnswer answer;
  http::RequestOptions options;
  options.timeout = timeout;
  options.max_body_bytes = kMaxAnswerBytes;
  options.on_event = [&answer](const http::SseEvent& event, Nanos at) {
    AddChatEvent(event.data, at, answer);
  };
  const std::string started_at = FormatUtc(clock.Wall());
  const Result<http::Response> response = co_await connection.Send(request, options);
  AttemptResult result = Judge(response, std::move(answer));
  result.row.started_at = started_at;
  co_return result;
}

}  // namespace vlmhb::inference
