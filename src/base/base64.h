#pragma once
// Base64 (RFC 4648, with padding), for images in data URIs.

#include <string>
#include <string_view>

#include "base/result.h"

namespace vlmhb {

std::string Base64Encode(std::string_view bytes);
// kCorrupt for a character outside of the alphabet, wrong padding or length.
Result<std::string> Base64Decode(std::string_view text);

}  // namespace vlmhb
