#pragma once
// One image of a chat request: from its URL to the plug-in protocol's image part.

#include <span>
#include <string>
#include <variant>

#include "base/json.h"
#include "os/file.h"
#include "wrapper/api_error.h"

namespace vlmhb::wrapper {

// `url` is a data: URI with base64, file:///path, or an absolute path; a file must exist below one
// of `file_roots` after symbolic links are resolved. Nothing is fetched from a network. The content
// of the image is not looked at. `where` names the place in the request for messages.
std::variant<json::object, ApiError> ImagePart(std::string_view url, std::string_view where,
                                               std::span<const os::Path> file_roots);

}  // namespace vlmhb::wrapper
