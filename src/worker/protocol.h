#pragma once
// The plug-in protocol of docs/formats/plugin-protocol.md, as pure functions: frames to and from
// bytes, messages to and from structs. No I/O; both the host and the plug-ins are built on it.
// Everything is a value; nothing here is shared between threads.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::worker {

inline constexpr int64_t kProtocolVersion = 1;
inline constexpr size_t kMaxFrameBytes = 64u << 20;  // of the payload
inline constexpr int64_t kMaxRequests = 256;         // of one model at a time

// --- Frames ---

// The payload of `message` behind its 4-byte length. kInvalidConfig if it is larger than a frame
// may be (an image too large to be sent inside of a message).
Result<std::string> EncodeFrame(const json::object& message);

// Cuts a byte stream, fed in pieces of any size, into messages. Holds at most one unfinished frame
// and what was fed behind it. A length alone allocates nothing.
class FrameDecoder {
 public:
  explicit FrameDecoder(size_t max_frame_bytes = kMaxFrameBytes)
      : max_frame_bytes_(max_frame_bytes) {}

  void Feed(std::string_view bytes);

  // The next whole message; nullopt if more bytes are needed. kCorrupt for a frame that breaks the
  // rules: the stream cannot be used any more.
  Result<std::optional<json::object>> Next();

  // At most `bytes` of what was fed behind the last message, as it is: the beginning of its
  // attachments. Valid until the next call.
  std::string_view TakeRaw(size_t bytes);

  // True between two frames: the stream may end here.
  bool empty() const { return begin_ == buffer_.size(); }

 private:
  size_t max_frame_bytes_;
  std::string buffer_;
  size_t begin_ = 0;  // what is before it was taken already
};

// --- What a host sends ---

struct HelloRequest {
  int64_t protocol = kProtocolVersion;
};
struct LoadRequest {
  json::object params;
};
struct GenerateRequest {
  int64_t id = 0;
  json::array messages;
  json::object params;
};
struct CancelRequest {
  int64_t id = 0;
};
struct ShutdownRequest {};
struct UnknownRequest {
  std::string type;
};
using Request = std::variant<HelloRequest, LoadRequest, GenerateRequest, CancelRequest,
                             ShutdownRequest, UnknownRequest>;

json::object ToMessage(const HelloRequest& request);
json::object ToMessage(const LoadRequest& request);
json::object ToMessage(const GenerateRequest& request);
json::object ToMessage(const CancelRequest& request);
json::object ToMessage(const ShutdownRequest& request);

// kInvalidConfig if `type` is missing or a key of a known type is missing or of the wrong type.
Result<Request> ParseRequest(json::object message);

// --- What a plug-in answers ---

enum class FinishReason { kStop, kLength, kCancelled };

// "stop", "length", "cancelled".
std::string_view FinishReasonName(FinishReason reason);

// Only what the model really counted is set.
struct Usage {
  std::optional<int64_t> prompt_tokens;
  std::optional<int64_t> completion_tokens;
};

enum class PluginErrorCode {
  kBadRequest,
  kBadImage,
  kOutOfMemory,
  kLoadFailed,
  kUnsupported,
  kInternal,
};

// "bad_request", "bad_image", ...
std::string_view PluginErrorCodeName(PluginErrorCode code);

struct HelloReply {
  int64_t protocol = kProtocolVersion;
  std::string kind = "model";
  std::string name;
  std::string version;
  std::optional<json::object> params_schema;  // absent: the registry entry alone says
  json::object capabilities;
};
struct LoadedReply {
  int64_t requests = 1;  // that it takes at a time, 1 to kMaxRequests
};
struct DeltaReply {
  int64_t id = 0;
  std::string text;
};
struct DoneReply {
  int64_t id = 0;
  FinishReason finish_reason = FinishReason::kStop;
  std::optional<Usage> usage;
  std::optional<int64_t> gpu_memory_bytes;  // at most so far, as its framework counts
};
struct ErrorReply {
  std::optional<int64_t> id;  // absent: no request is meant
  PluginErrorCode code = PluginErrorCode::kInternal;
  std::string message;
  bool retryable = false;
  std::string traceback;  // "" if there is none
};
using Reply = std::variant<HelloReply, LoadedReply, DeltaReply, DoneReply, ErrorReply>;

json::object ToMessage(const HelloReply& reply);
json::object ToMessage(const LoadedReply& reply);
json::object ToMessage(const DeltaReply& reply);
json::object ToMessage(const DoneReply& reply);
json::object ToMessage(const ErrorReply& reply);

// kCorrupt for what is not a reply of this protocol. An error code from the future is read as
// kInternal; a negative count is refused.
Result<Reply> ParseReply(const json::object& message);

// --- The prompt inside of a generate request ---

// One of `path` and `data` is set.
struct ImagePart {
  std::string path;        // absolute
  std::string media_type;  // "image/png"; a hint only
  std::string data;        // base64
};

struct Prompt {
  std::string text;               // text parts of the user's messages, joined by line breaks
  std::vector<ImagePart> images;  // of all messages, in order
};

// kInvalidConfig, naming the message and the part, for anything but the shape that the protocol
// describes.
Result<Prompt> ReadPrompt(const json::array& messages);

}  // namespace vlmhb::worker
