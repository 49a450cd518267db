#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

namespace vlmhb {
namespace {

constexpr size_t kMaxDepth = 64;

void AppendPretty(std::string& out, const json::value& value, int indent) {
  const std::string pad(static_cast<size_t>(indent) + 2, ' ');
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += "{\n";
    for (auto it = object->begin(); it != object->end(); ++it) {
      out += pad + json::serialize(json::string(it->key())) + ": ";
      AppendPretty(out, it->value(), indent + 2);
      out += std::next(it) == object->end() ? "\n" : ",\n";
    }
    out += std::string(static_cast<size_t>(indent), ' ') + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += "[\n";
    for (auto it = array->begin(); it != array->end(); ++it) {
      out += pad;
      AppendPretty(out, *it, indent + 2);
      out += std::next(it) == array->end() ? "\n" : ",\n";
    }
    out += std::string(static_cast<size_t>(indent), ' ') + "]";
  } else {
    out += json::serialize(value);
  }
}

json::value Sorted(const json::value& value) {
  if (const auto* array = value.if_array()) {
    json::array sorted;
    for (const json::value& item : *array) sorted.push_back(Sorted(item));
    return sorted;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  std::vector<std::string_view> keys;
  for (const auto& member : *object) keys.emplace_back(member.key().data(), member.key().size());
  std::sort(keys.begin(), keys.end());
  json::object sorted;
  for (const std::string_view key : keys) sorted[key] = Sorted(object->at(key));
  return sorted;
}

Error Expected(std::string_view key, std::string_view type, const json::value* found) {
  return Error(ErrorCode::kCorrupt,
               found == nullptr ? fmt::format("key '{}' is missing ({} expected)", key, type)
                                : fmt::format("key '{}' is not {}", key, type));
}

}  // namespace

Result<json::value> ParseJson(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::parser parser(json::storage_ptr(), options);
  boost::system::error_code error;
  const size_t consumed = parser.write(text.data(), text.size(), error);
  if (error)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("not valid JSON at byte {}: {}", consumed, error.message()));
  return parser.release();
}

std::string ToJson(const json::value& value) { return json::serialize(value); }

std::string ToPrettyJson(const json::value& value) {
  std::string out;
  AppendPretty(out, value, 0);
  out += "\n";
  return out;
}

std::string ToCanonicalJson(const json::value& value) { return json::serialize(Sorted(value)); }

Result<std::string> GetString(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return Expected(key, "a string", value);
  return std::string(value->get_string());
}

Result<int64_t> GetInt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_int64()) return Expected(key, "an integer", value);
  return value->get_int64();
}

Result<json::object> GetObject(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_object()) return Expected(key, "an object", value);
  return value->get_object();
}

Result<json::array> GetArray(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return Expected(key, "an array", value);
  return value->get_array();
}

std::string FindString(const json::object& object, std::string_view key,
                       std::string_view fallback) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::string(fallback);
  return std::string(value->get_string());
}

int64_t FindInt(const json::object& object, std::string_view key, int64_t fallback) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

std::optional<double> FindNumber(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

bool FindBool(const json::object& object, std::string_view key, bool fallback) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

const json::object* FindObject(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* FindArray(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

std::vector<std::string> FindStrings(const json::object& object, std::string_view key) {
  std::vector<std::string> strings;
  if (const json::array* array = FindArray(object, key))
    for (const json::value& item : *array)
      if (item.is_string()) strings.emplace_back(item.get_string());
  return strings;
}

json::value OptionalToJson(const std::optional<double>& value) {
  return value.has_value() ? json::value(*value) : json::value(nullptr);
}

std::string EscapePointer(std::string_view token) {
  std::string escaped;
  for (const char c : token) {
    if (c == '~')
      escaped += "~0";
    else if (c == '/')
      escaped += "~1";
    else
      escaped += c;
  }
  return escaped;
}

}  // namespace vlmhb
