#pragma once
// From the body of POST /v1/chat/completions to what a plug-in is asked. Everything in a body is
// hostile.

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "os/file.h"
#include "wrapper/api_error.h"

namespace vlmhb::wrapper {

struct ChatRequest {
  json::array messages;  // in the plug-in protocol's form
  json::object params;   // sampling parameters
  bool stream = false;
  bool include_usage = false;
};

// `model` is the only name accepted; images named by path must exist below one of `file_roots`.
std::variant<ChatRequest, ApiError> ParseChatRequest(std::string_view body, std::string_view model,
                                                     std::span<const os::Path> file_roots);

}  // namespace vlmhb::wrapper
