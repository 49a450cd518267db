#pragma once
// The body of a /v1/chat/completions request for one sample.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/spec.h"
#include "os/file.h"

namespace vlmhb::inference {

// The images in their order and one text, streamed, with usage; `sampling` as it is. `image_urls`
// are paths or data URIs; an empty `system` is left out.
struct ChatPrompt {
  std::string system;
  std::string user;
  std::vector<std::string> image_urls;
};
std::string ChatRequestBody(std::string_view model, const ChatPrompt& prompt,
                            const json::object& sampling);

// Base64 of so many bytes is below the wrapper's 64 MiB for a request.
inline constexpr size_t kMaxImageBytes = 44u << 20;

// The image as a data URI. kNoSpace if it is larger than a request may be, else errors of reading.
Result<std::string> DataUri(const os::Path& image);

}  // namespace vlmhb::inference
