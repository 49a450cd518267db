#include "inference/chat_request.h"

#include <fmt/format.h>

#include <array>

#include "base/base64.h"
#include "os/file_hash.h"

namespace vlmhb::inference {
namespace {

constexpr size_t kMaxImageBytes = 44u << 20;  // base64 keeps it below the wrapper's 64 MiB

struct Magic {
  std::string_view prefix;
  std::string_view media_type;
};
constexpr std::array<Magic, 6> kMagics = {{{"\x89PNG", "image/png"},
                                           {"\xFF\xD8\xFF", "image/jpeg"},
                                           {"GIF8", "image/gif"},
                                           {"BM", "image/bmp"},
                                           {"II*", "image/tiff"},
                                           {"MM", "image/tiff"}}};

// By content, not by name. What is unknown (or broken) is for the model to refuse.
std::string_view MediaType(std::string_view bytes) {
  for (const Magic& magic : kMagics)
    if (bytes.starts_with(magic.prefix)) return magic.media_type;
  if (bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return "application/octet-stream";
}

}  // namespace

std::string ChatRequestBody(std::string_view model, const ChatPrompt& prompt,
                            const json::object& sampling) {
  json::array messages;
  if (!prompt.system.empty())
    messages.push_back(json::object{{"role", "system"}, {"content", prompt.system}});
  messages.push_back(json::object{
      {"role", "user"},
      {"content",
       json::array{json::object{{"type", "image_url"}, {"image_url", {{"url", prompt.image_url}}}},
                   json::object{{"type", "text"}, {"text", prompt.user}}}}});
  json::object body = sampling;
  body["model"] = model;
  body["messages"] = std::move(messages);
  body["stream"] = true;
  body["stream_options"] = json::object{{"include_usage", true}};
  return ToJson(body);
}

Result<std::string> DataUri(const os::Path& image) {
  VLMHB_ASSIGN(const os::FileStamp stamp, os::StampOf(image));
  if (stamp.size > kMaxImageBytes)
    return Error(ErrorCode::kNoSpace,
                 fmt::format("image {} has {} bytes; at most {} fit into a request", image.string(),
                             stamp.size, kMaxImageBytes));
  VLMHB_ASSIGN(const std::string bytes, os::ReadFile(image, kMaxImageBytes));
  return fmt::format("data:{};base64,{}", MediaType(bytes), Base64Encode(bytes));
}

}  // namespace vlmhb::inference
