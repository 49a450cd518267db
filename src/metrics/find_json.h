#pragma once
// JSON inside of an answer: alone, in a code fence, or somewhere in prose. Pure and thread-safe.

#include <functional>
#include <string_view>

#include "base/json.h"

namespace vlmhb::metrics {

// Offers the JSON values of `text` to `accept`, from left to right, until it returns true; false if
// it never does. A value begins at one of the brackets in `opening` ("{", "[" or "{[") and reaches
// to the bracket that closes it; what is no strict JSON is passed over, and the search goes on
// behind its first bracket. Only the first 64 brackets are tried, so that no text costs more than
// that many passes over it.
bool FindJson(std::string_view text, std::string_view opening,
              const std::function<bool(const json::value&)>& accept);

// Whether the whole of `text`, without white space and one code fence around it, is a JSON object
// or array.
bool IsJsonDocument(std::string_view text);

}  // namespace vlmhb::metrics
