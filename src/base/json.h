#pragma once
// boost::json with our errors: parsing that never throws, typed look-ups that say which
// key was wrong, and a canonical text for hashing.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vlmhb {

namespace json = boost::json;

// Strict JSON, depth at most 64. kCorrupt with the byte offset on failure.
Result<json::value> ParseJson(std::string_view text);

// Compact text, keys in the order they have.
std::string ToJson(const json::value& value);
// Indented by two spaces, for files that people read; ends with a newline.
std::string ToPrettyJson(const json::value& value);
// Compact text with the keys of every object sorted: equal values give equal text.
std::string ToCanonicalJson(const json::value& value);

// Look-ups in an object that came from a file. The error names `key` and the expected type
// (kCorrupt). An absent or null key: kCorrupt for Get*, the fallback for Find*.
Result<std::string> GetString(const json::object& object, std::string_view key);
Result<int64_t> GetInt(const json::object& object, std::string_view key);
Result<json::object> GetObject(const json::object& object, std::string_view key);
Result<json::array> GetArray(const json::object& object, std::string_view key);

// These treat a value of the wrong type as absent; validate first where that matters.
std::string FindString(const json::object& object, std::string_view key,
                       std::string_view fallback = "");
int64_t FindInt(const json::object& object, std::string_view key, int64_t fallback);
std::optional<double> FindNumber(const json::object& object, std::string_view key);
bool FindBool(const json::object& object, std::string_view key, bool fallback);
const json::object* FindObject(const json::object& object, std::string_view key);
const json::array* FindArray(const json::object& object, std::string_view key);
// The strings of an array; what else is in it is left out.
std::vector<std::string> FindStrings(const json::object& object, std::string_view key);

// `token` as one part of a JSON pointer ("a/b" -> "a~1b").
std::string EscapePointer(std::string_view token);

// null for nullopt: what was not measured is absent, not 0.
json::value OptionalToJson(const std::optional<double>& value);

}  // namespace vlmhb
