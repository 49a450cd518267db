#include "docker/log_frames.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vlmhb::docker {
namespace {

constexpr unsigned char kEngineError = 3;
constexpr size_t kLongestMessage = 1000;

}  // namespace

Result<void> LogFrames::BeginFrame() {
  const bool zeros = header_[1] == 0 && header_[2] == 0 && header_[3] == 0;
  const uint32_t length = static_cast<uint32_t>(header_[4]) << 24 |
                          static_cast<uint32_t>(header_[5]) << 16 |
                          static_cast<uint32_t>(header_[6]) << 8 | header_[7];
  if (header_[0] > kEngineError || !zeros || length > kLongestFrame)
    return Error(ErrorCode::kCorrupt, "the engine's log stream is not made of frames");
  engine_error_ = header_[0] == kEngineError;
  left_ = length;
  return {};
}

Result<void> LogFrames::Feed(std::string_view chunk) {
  // A header, then its payload, in turns; either may be cut anywhere.
  while (!chunk.empty()) {
    if (header_bytes_ < header_.size()) {
      header_[header_bytes_++] = static_cast<unsigned char>(chunk.front());
      chunk.remove_prefix(1);
      if (header_bytes_ < header_.size()) continue;
      VLMHB_TRY(BeginFrame());
    }
    const std::string_view payload = chunk.substr(0, std::min<size_t>(left_, chunk.size()));
    chunk.remove_prefix(payload.size());
    left_ -= static_cast<uint32_t>(payload.size());
    if (engine_error_) {
      engine_message_ +=
          payload.substr(0, kLongestMessage - std::min(kLongestMessage, engine_message_.size()));
    } else if (!payload.empty()) {
      output_(payload);
    }
    if (left_ > 0) continue;
    header_bytes_ = 0;
    if (engine_error_)
      return Error(ErrorCode::kIo, fmt::format("the engine cannot read the container's log: {}",
                                               Trim(SanitizeUtf8(engine_message_))));
  }
  return {};
}

Result<void> LogFrames::Finish() const {
  if (header_bytes_ == 0) return {};
  return Error(ErrorCode::kIo, "the engine's log stream ended within a frame");
}

}  // namespace vlmhb::docker
