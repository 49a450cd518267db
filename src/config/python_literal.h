#pragma once
// Python literals, as the predecessor's users write lists in CSV cells: ['CER', "WER"], ('CER',),
// 'CER', None. Not a Python interpreter: no names, operators, bytes, sets or string prefixes. Pure.

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::config {

// Strings, integers, floats, True, False, None, lists, tuples (as arrays) and dicts with string
// keys, nested at most 16 deep. kInvalidConfig says at which character (byte, from 1) what was
// expected.
Result<json::value> ParsePythonLiteral(std::string_view text);

}  // namespace vlmhb::config
