#include "worker/protocol.h"

#include <fmt/format.h>

#include <array>

namespace vlmhb::worker {
namespace {

constexpr size_t kLengthBytes = 4;

constexpr std::array<std::string_view, 3> kFinishReasons = {"stop", "length", "cancelled"};
constexpr std::array<std::string_view, 6> kErrorCodes = {
    "bad_request", "bad_image", "out_of_memory", "load_failed", "unsupported", "internal"};

// `payload_bytes` as the four little-endian bytes in front of a frame.
std::string LengthPrefix(size_t payload_bytes) {
  std::string prefix;
  for (size_t i = 0; i < kLengthBytes; ++i)
    prefix += static_cast<char>((payload_bytes >> (8 * i)) & 0xFF);
  return prefix;
}

size_t ReadLength(std::string_view prefix) {
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i)
    length |= static_cast<size_t>(static_cast<unsigned char>(prefix[i])) << (8 * i);
  return length;
}

template <size_t kCount>
std::optional<size_t> IndexOf(const std::array<std::string_view, kCount>& names,
                              std::string_view name) {
  for (size_t i = 0; i < kCount; ++i)
    if (names[i] == name) return i;
  return std::nullopt;
}

Result<Request> ParseKnownRequest(const std::string& type, json::object& message) {
  if (type == "hello") {
    VLMHB_ASSIGN(const int64_t protocol, GetInt(message, "protocol"));
    return Request(HelloRequest{protocol});
  }
  if (type == "load") {
    VLMHB_ASSIGN(json::object params, GetObject(message, "params"));
    return Request(LoadRequest{std::move(params)});
  }
  if (type == "generate") {
    GenerateRequest request;
    VLMHB_ASSIGN(request.id, GetInt(message, "id"));
    // Moved and not copied: an image may be inside.
    json::value* messages = message.if_contains("messages");
    if (messages == nullptr || !messages->is_array())
      return Error(ErrorCode::kCorrupt, "key 'messages' is not an array");
    request.messages = std::move(messages->get_array());
    if (const json::object* params = FindObject(message, "params")) request.params = *params;
    return Request(std::move(request));
  }
  if (type == "cancel") {
    VLMHB_ASSIGN(const int64_t id, GetInt(message, "id"));
    return Request(CancelRequest{id});
  }
  if (type == "shutdown") return Request(ShutdownRequest{});
  return Request(UnknownRequest{type});
}

Result<std::optional<int64_t>> ReadCount(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return std::optional<int64_t>();
  VLMHB_ASSIGN(const int64_t count, GetInt(object, key));
  if (count < 0)
    return Error(ErrorCode::kCorrupt, fmt::format("key '{}' is negative: {}", key, count));
  return std::optional<int64_t>(count);
}

Result<Reply> ParseDone(const json::object& message) {
  DoneReply done;
  VLMHB_ASSIGN(done.id, GetInt(message, "id"));
  VLMHB_ASSIGN(const std::string reason, GetString(message, "finish_reason"));
  const auto index = IndexOf(kFinishReasons, reason);
  if (!index.has_value())
    return Error(ErrorCode::kCorrupt, fmt::format("unknown finish_reason '{}'", reason));
  done.finish_reason = static_cast<FinishReason>(*index);
  if (const json::object* usage = FindObject(message, "usage")) {
    done.usage.emplace();
    VLMHB_ASSIGN(done.usage->prompt_tokens, ReadCount(*usage, "prompt_tokens"));
    VLMHB_ASSIGN(done.usage->completion_tokens, ReadCount(*usage, "completion_tokens"));
  }
  VLMHB_ASSIGN(done.gpu_memory_bytes, ReadCount(message, "gpu_memory_bytes"));
  return Reply(std::move(done));
}

Result<Reply> ParseLoaded(const json::object& message) {
  LoadedReply loaded;
  VLMHB_ASSIGN(const std::optional<int64_t> requests, ReadCount(message, "requests"));
  loaded.requests = requests.value_or(1);
  if (loaded.requests < 1 || loaded.requests > kMaxRequests)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("key 'requests' is {}, not 1 to {}", loaded.requests, kMaxRequests));
  return Reply(loaded);
}

Result<Reply> ParseError(const json::object& message) {
  ErrorReply error;
  if (const json::value* id = message.if_contains("id"); id != nullptr && !id->is_null()) {
    VLMHB_ASSIGN(error.id, GetInt(message, "id"));
  }
  VLMHB_ASSIGN(const std::string code, GetString(message, "code"));
  constexpr auto kFallback = static_cast<size_t>(PluginErrorCode::kInternal);
  error.code = static_cast<PluginErrorCode>(IndexOf(kErrorCodes, code).value_or(kFallback));
  VLMHB_ASSIGN(error.message, GetString(message, "message"));
  error.retryable = FindBool(message, "retryable", false);
  error.traceback = FindString(message, "traceback");
  return Reply(std::move(error));
}

Result<ImagePart> ReadImagePart(const json::object& part) {
  ImagePart image{FindString(part, "path"), FindString(part, "media_type"),
                  FindString(part, "data")};
  if (image.path.empty() == image.data.empty())
    return Error(ErrorCode::kInvalidConfig, "an image needs either 'path' or 'data'");
  if (!image.path.empty() && image.path[0] != '/')
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("image path '{}' is not absolute", image.path));
  return image;
}

void AppendLine(std::string& text, std::string_view line) {
  if (!text.empty()) text += '\n';
  text += line;
}

Result<void> ReadPart(const json::value& value, bool from_user, Prompt& prompt) {
  const json::object* part = value.if_object();
  if (part == nullptr) return Error(ErrorCode::kInvalidConfig, "a part is not an object");
  const std::string type = FindString(*part, "type");
  if (type == "text") {
    auto text = GetString(*part, "text");
    if (!text.ok()) return Error(ErrorCode::kInvalidConfig, text.error().message());
    if (from_user) AppendLine(prompt.text, *text);
    return {};
  }
  if (type == "image") {
    VLMHB_ASSIGN(ImagePart image, ReadImagePart(*part));
    prompt.images.push_back(std::move(image));
    return {};
  }
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("part type '{}' is neither 'text' nor 'image'", type));
}

Result<void> ReadMessage(const json::value& value, Prompt& prompt) {
  const json::object* message = value.if_object();
  if (message == nullptr) return Error(ErrorCode::kInvalidConfig, "it is not an object");
  const bool from_user = FindString(*message, "role") == "user";
  const json::value* content = message->if_contains("content");
  if (content != nullptr && content->is_string()) {
    if (from_user) AppendLine(prompt.text, content->get_string());
    return {};
  }
  if (content == nullptr || !content->is_array())
    return Error(ErrorCode::kInvalidConfig, "'content' is neither a string nor an array");
  for (const json::value& part : content->get_array()) VLMHB_TRY(ReadPart(part, from_user, prompt));
  return {};
}

}  // namespace

Result<std::string> EncodeFrame(const json::object& message) {
  const std::string payload = ToJson(message);
  if (payload.size() > kMaxFrameBytes)
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("a '{}' message of {} bytes is larger than a frame may be ({} bytes)",
                             FindString(message, "type"), payload.size(), kMaxFrameBytes));
  return LengthPrefix(payload.size()) + payload;
}

void FrameDecoder::Feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_ += bytes;
}

Result<std::optional<json::object>> FrameDecoder::Next() {
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  if (rest.size() < kLengthBytes) return std::optional<json::object>();
  const size_t length = ReadLength(rest);
  if (length > max_frame_bytes_)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("a frame claims {} bytes, {} are allowed", length, max_frame_bytes_));
  if (rest.size() - kLengthBytes < length) return std::optional<json::object>();
  auto value = ParseJson(rest.substr(kLengthBytes, length));
  if (!value.ok()) return std::move(value).error().With("reading a frame");
  if (!value->is_object())
    return Error(ErrorCode::kCorrupt, "a frame's payload is not a JSON object");
  begin_ += kLengthBytes + length;
  return std::optional<json::object>(std::move(value->get_object()));
}

std::string_view FrameDecoder::TakeRaw(size_t bytes) {
  const std::string_view taken = std::string_view(buffer_).substr(begin_, bytes);
  begin_ += taken.size();
  return taken;
}

json::object ToMessage(const HelloRequest& request) {
  return {{"type", "hello"}, {"protocol", request.protocol}};
}
json::object ToMessage(const LoadRequest& request) {
  return {{"type", "load"}, {"params", request.params}};
}
json::object ToMessage(const GenerateRequest& request) {
  return {{"type", "generate"},
          {"id", request.id},
          {"messages", request.messages},
          {"params", request.params}};
}
json::object ToMessage(const CancelRequest& request) {
  return {{"type", "cancel"}, {"id", request.id}};
}
json::object ToMessage(const ShutdownRequest&) { return {{"type", "shutdown"}}; }

Result<Request> ParseRequest(json::object message) {
  auto type = GetString(message, "type");
  if (!type.ok()) return Error(ErrorCode::kInvalidConfig, type.error().message());
  auto request = ParseKnownRequest(*type, message);
  if (!request.ok())
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("wrong '{}' message: {}", *type, request.error().message()));
  return request;
}

std::string_view FinishReasonName(FinishReason reason) {
  return kFinishReasons.at(static_cast<size_t>(reason));
}

std::string_view PluginErrorCodeName(PluginErrorCode code) {
  return kErrorCodes.at(static_cast<size_t>(code));
}

json::object ToMessage(const HelloReply& reply) {
  json::object message = {{"type", "hello"},
                          {"protocol", reply.protocol},
                          {"kind", reply.kind},
                          {"name", reply.name},
                          {"version", reply.version}};
  if (reply.params_schema.has_value()) message["params_schema"] = *reply.params_schema;
  if (!reply.capabilities.empty()) message["capabilities"] = reply.capabilities;
  return message;
}
json::object ToMessage(const LoadedReply& reply) {
  json::object message = {{"type", "loaded"}};
  if (reply.requests != 1) message["requests"] = reply.requests;
  return message;
}
json::object ToMessage(const DeltaReply& reply) {
  return {{"type", "delta"}, {"id", reply.id}, {"text", reply.text}};
}
json::object ToMessage(const DoneReply& reply) {
  json::object message = {
      {"type", "done"}, {"id", reply.id}, {"finish_reason", FinishReasonName(reply.finish_reason)}};
  if (reply.usage.has_value()) {
    json::object usage;
    if (reply.usage->prompt_tokens) usage["prompt_tokens"] = *reply.usage->prompt_tokens;
    if (reply.usage->completion_tokens)
      usage["completion_tokens"] = *reply.usage->completion_tokens;
    message["usage"] = std::move(usage);
  }
  if (reply.gpu_memory_bytes) message["gpu_memory_bytes"] = *reply.gpu_memory_bytes;
  return message;
}
json::object ToMessage(const ErrorReply& reply) {
  json::object message = {{"type", "error"}};
  if (reply.id.has_value()) message["id"] = *reply.id;
  message["code"] = PluginErrorCodeName(reply.code);
  message["message"] = reply.message;
  message["retryable"] = reply.retryable;
  if (!reply.traceback.empty()) message["traceback"] = reply.traceback;
  return message;
}

Result<Reply> ParseReply(const json::object& message) {
  VLMHB_ASSIGN(const std::string type, GetString(message, "type"));
  if (type == "hello") {
    HelloReply hello;
    VLMHB_ASSIGN(hello.protocol, GetInt(message, "protocol"));
    VLMHB_ASSIGN(hello.kind, GetString(message, "kind"));
    VLMHB_ASSIGN(hello.name, GetString(message, "name"));
    VLMHB_ASSIGN(hello.version, GetString(message, "version"));
    if (const json::object* schema = FindObject(message, "params_schema"))
      hello.params_schema = *schema;
    if (const json::object* capabilities = FindObject(message, "capabilities"))
      hello.capabilities = *capabilities;
    return Reply(std::move(hello));
  }
  if (type == "loaded") return ParseLoaded(message);
  if (type == "delta") {
    DeltaReply delta;
    VLMHB_ASSIGN(delta.id, GetInt(message, "id"));
    VLMHB_ASSIGN(delta.text, GetString(message, "text"));
    return Reply(std::move(delta));
  }
  if (type == "done") return ParseDone(message);
  if (type == "error") return ParseError(message);
  return Error(ErrorCode::kCorrupt, fmt::format("unknown message type '{}'", type));
}

Result<Prompt> ReadPrompt(const json::array& messages) {
  Prompt prompt;
  for (size_t i = 0; i < messages.size(); ++i) {
    auto read = ReadMessage(messages[i], prompt);
    if (!read.ok())
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("messages[{}]: {}", i, read.error().message()));
  }
  return prompt;
}

}  // namespace vlmhb::worker
