#pragma once
// Messages to and from a plug-in over its streams, blocking, each within a time. Not thread-safe.

#include <atomic>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "os/fd.h"
#include "worker/error_tail.h"
#include "worker/protocol.h"

namespace vlmhb::worker {

inline constexpr size_t kMaxAttachmentBytes = 64u << 20;
inline constexpr size_t kMaxAttachedBytes = 256u << 20;  // of one message

struct Message {
  json::object object;
  std::vector<std::string> attachments;
};

class Channel {
 public:
  // What arrives on `errors` meanwhile goes to `tail`, which outlives the channel, as does `stop`
  // (may be null).
  Channel(os::Fd stream, os::Fd errors, ErrorTail& tail, const std::atomic<bool>* stop);

  // kTimeout; kIo: the plug-in is gone; kCancelled soon after `stop` became true; kInvalidConfig:
  // the message is larger than a frame may be, and nothing was sent.
  Result<void> Send(const json::object& message, Millis timeout);
  // The same errors, and kCorrupt for what is no message.
  Result<Message> Receive(Millis timeout);
  // Takes the last of standard error.
  void DrainErrors() { tail_.Drain(errors_.get()); }

 private:
  // Returns when the stream is ready for `events`.
  Result<void> Wait(short events, Nanos deadline);
  // Appends what there is of at most `bytes` to `into`.
  Result<void> ReadSome(std::string& into, size_t bytes, Nanos deadline);
  Result<void> ReadAttachments(Message& message, Nanos deadline);

  os::Fd stream_;
  os::Fd errors_;
  bool errors_open_ = true;
  ErrorTail& tail_;
  const std::atomic<bool>* stop_;
  FrameDecoder decoder_;
  std::string chunk_;
};

}  // namespace vlmhb::worker
