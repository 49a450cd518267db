#pragma once
// A container's output as the engine sends it where there is no terminal: frames of 8 bytes of
// header (stream, three zeros, length in network order) and the payload. Incremental: chunks may
// end anywhere. Nothing is buffered but the header. Pure; not thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vlmhb::docker {

class LogFrames {
 public:
  // No engine sends more at once; what claims to be longer is not a frame.
  static constexpr uint32_t kLongestFrame = 64u << 20;

  // Gets the payload of standard output and error, in order, in pieces as they come.
  explicit LogFrames(std::function<void(std::string_view)> output) : output_(std::move(output)) {}

  // kCorrupt if it is not a frame; kIo if the engine reports its own failure to read the log. Feed
  // nothing more after that.
  Result<void> Feed(std::string_view chunk);
  // Call at the end of the stream: kIo if it ended within a frame.
  Result<void> Finish() const;

 private:
  Result<void> BeginFrame();

  std::function<void(std::string_view)> output_;
  std::array<unsigned char, 8> header_{};
  size_t header_bytes_ = 0;
  uint32_t left_ = 0;  // of the payload
  bool engine_error_ = false;
  std::string engine_message_;
};

}  // namespace vlmhb::docker
