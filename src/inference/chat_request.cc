#include "inference/chat_request.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "data/image_kind.h"
#include "os/file_hash.h"

namespace vlmhb::inference {

std::string ChatRequestBody(std::string_view model, const ChatPrompt& prompt,
                            const json::object& sampling) {
  json::array messages;
  if (!prompt.system.empty())
    messages.push_back(json::object{{"role", "system"}, {"content", prompt.system}});
  json::array content;
  for (const std::string& url : prompt.image_urls)
    content.push_back(json::object{{"type", "image_url"}, {"image_url", {{"url", url}}}});
  content.push_back(json::object{{"type", "text"}, {"text", prompt.user}});
  messages.push_back(json::object{{"role", "user"}, {"content", std::move(content)}});
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
  return fmt::format("data:{};base64,{}", data::KindOf(bytes).media_type, Base64Encode(bytes));
}

}  // namespace vlmhb::inference
