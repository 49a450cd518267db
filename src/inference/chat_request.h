#pragma once
// The body of a /v1/chat/completions request for one sample.

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "inference/spec.h"
#include "os/file.h"

namespace vlmhb::inference {

// One image and one text, streamed, with usage; `sampling` as it is. `image_url` is a path or a
// data URI; an empty `system` is left out.
struct ChatPrompt {
  std::string system;
  std::string user;
  std::string image_url;
};
std::string ChatRequestBody(std::string_view model, const ChatPrompt& prompt,
                            const json::object& sampling);

// The image as a data URI. kNoSpace if it is larger than a request may be, else errors of reading.
Result<std::string> DataUri(const os::Path& image);

}  // namespace vlmhb::inference
