#include "wrapper/chat_reply.h"

namespace vlmhb::wrapper {
namespace {

constexpr std::string_view kChunk = "chat.completion.chunk";

json::object ToObject(const worker::Usage& usage) {
  json::object object;
  if (usage.prompt_tokens.has_value()) object["prompt_tokens"] = *usage.prompt_tokens;
  if (usage.completion_tokens.has_value()) object["completion_tokens"] = *usage.completion_tokens;
  if (usage.prompt_tokens.has_value() && usage.completion_tokens.has_value())
    object["total_tokens"] = *usage.prompt_tokens + *usage.completion_tokens;
  return object;
}

}  // namespace

json::object ToObject(const Performance& performance) {
  return {{"ttft_ms", OptionalToJson(performance.ttft_ms)},
          {"tpot_ms", OptionalToJson(performance.tpot_ms)},
          {"latency_ms", OptionalToJson(performance.latency_ms)},
          {"queue_ms", OptionalToJson(performance.queue_ms)},
          {"peak_memory_mb", OptionalToJson(performance.peak_memory_mb)},
          {"gpu_memory_mb", OptionalToJson(performance.gpu_memory_mb)}};
}

std::string ErrorText(const ApiError& error) {
  const char* type = error.status < 500 ? "invalid_request_error" : "server_error";
  return ToJson(json::object{{"error",
                              {{"message", error.message},
                               {"type", type},
                               {"code", error.code},
                               {"retryable", error.retryable}}}});
}

ChatReply::ChatReply(std::string id, std::string_view model, int64_t created_seconds)
    : id_(std::move(id)), model_(model), created_seconds_(created_seconds) {
  delta_prefix_ = ToJson(Base(kChunk));
  delta_prefix_.pop_back();  // the object goes on
}

json::object ChatReply::Base(std::string_view object) const {
  return {{"id", id_}, {"object", object}, {"created", created_seconds_}, {"model", model_}};
}

std::string ChatReply::Completion(std::string_view text, worker::FinishReason reason,
                                  const std::optional<worker::Usage>& usage,
                                  const Performance& performance) const {
  json::object completion = Base("chat.completion");
  completion["choices"] = json::array{{{"index", 0},
                                       {"message", {{"role", "assistant"}, {"content", text}}},
                                       {"finish_reason", worker::FinishReasonName(reason)}}};
  if (usage.has_value()) completion["usage"] = ToObject(*usage);
  completion["performance"] = ToObject(performance);
  return ToJson(completion);
}

std::string ChatReply::DeltaChunk(std::string_view text, bool first) const {
  std::string chunk = delta_prefix_;
  chunk += R"(,"choices":[{"index":0,"delta":{)";
  if (first) chunk += R"("role":"assistant",)";
  chunk += R"("content":)";
  chunk += ToJson(json::string(text));
  chunk += R"(},"finish_reason":null}]})";
  return chunk;
}

std::string ChatReply::FinishChunk(worker::FinishReason reason) const {
  json::object chunk = Base(kChunk);
  chunk["choices"] = json::array{{{"index", 0},
                                  {"delta", json::object()},
                                  {"finish_reason", worker::FinishReasonName(reason)}}};
  return ToJson(chunk);
}

std::string ChatReply::UsageChunk(const worker::Usage& usage) const {
  json::object chunk = Base(kChunk);
  chunk["choices"] = json::array();
  chunk["usage"] = ToObject(usage);
  return ToJson(chunk);
}

std::string ChatReply::PerformanceEvent(const Performance& performance) {
  return ToJson(json::object{{"object", "vlmhb.performance"},
                             {"choices", json::array()},
                             {"performance", ToObject(performance)}});
}

}  // namespace vlmhb::wrapper
