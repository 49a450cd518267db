#pragma once
// The JSON texts that /v1/chat/completions answers with. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "worker/protocol.h"
#include "wrapper/api_error.h"

namespace vlmhb::wrapper {

// docs/formats/wrapper.md; nullopt is "not measured".
struct Performance {
  std::optional<double> ttft_ms;
  std::optional<double> tpot_ms;
  std::optional<double> latency_ms;
  std::optional<double> queue_ms;
  std::optional<double> peak_memory_mb;
  std::optional<double> gpu_memory_mb;
};

json::object ToObject(const Performance& performance);
// {"error":{…}}
std::string ErrorText(const ApiError& error);

// Makes the texts of one answer; what they share is put together once.
class ChatReply {
 public:
  ChatReply(std::string id, std::string_view model, int64_t created_seconds);

  // The whole answer of a request without streaming.
  std::string Completion(std::string_view text, worker::FinishReason reason,
                         const std::optional<worker::Usage>& usage,
                         const Performance& performance) const;

  // The data of stream events. The first delta carries the role.
  std::string DeltaChunk(std::string_view text, bool first) const;
  std::string FinishChunk(worker::FinishReason reason) const;
  std::string UsageChunk(const worker::Usage& usage) const;
  static std::string PerformanceEvent(const Performance& performance);

 private:
  json::object Base(std::string_view object) const;

  std::string id_;
  std::string model_;
  int64_t created_seconds_;
  std::string delta_prefix_;  // of a chunk, up to its choices
};

}  // namespace vlmhb::wrapper
