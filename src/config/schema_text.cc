#include "config/schema_text.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/text.h"

namespace vlmhb::config {
namespace {

// Follows "$ref": "#/a/b" (a chain of at most 8, so that a circle ends).
const json::object* Dereference(const json::value& root, const json::object* part) {
  for (int i = 0; part != nullptr && i < 8; ++i) {
    const json::value* reference = part->if_contains("$ref");
    if (reference == nullptr || !reference->is_string()) return part;
    const std::string_view pointer = reference->get_string();
    if (!pointer.starts_with('#')) return nullptr;
    boost::system::error_code error;
    const json::value* target = root.find_pointer(pointer.substr(1), error);
    part = target == nullptr ? nullptr : target->if_object();
  }
  return part;
}

bool TypeAdmits(std::string_view type, const json::value& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  return type == "number" && value.is_number();
}

// The branch of anyOf or oneOf whose type fits the value; the part itself where there is none.
const json::object* Branch(const json::value& root, const json::object* part,
                           const json::value& value) {
  part = Dereference(root, part);
  if (part == nullptr) return nullptr;
  for (const std::string_view choice : {"anyOf", "oneOf"}) {
    const json::array* branches = FindArray(*part, choice);
    if (branches == nullptr) continue;
    for (const json::value& item : *branches) {
      const json::object* branch = Dereference(root, item.if_object());
      if (branch != nullptr && TypeAdmits(FindString(*branch, "type"), value)) return branch;
    }
  }
  return part;
}

const json::object* Step(const json::object& part, const std::string& token, bool into_array) {
  if (into_array) return FindObject(part, "items");
  if (const json::object* properties = FindObject(part, "properties"))
    if (const json::object* property = FindObject(*properties, token)) return property;
  return FindObject(part, "additionalProperties");
}

const json::value* Descend(const json::value& value, const std::string& token) {
  if (const auto* object = value.if_object()) return object->if_contains(token);
  const auto* array = value.if_array();
  size_t index = 0;
  const auto parsed = std::from_chars(token.data(), token.data() + token.size(), index);
  if (array == nullptr || parsed.ec != std::errc()) return nullptr;
  return array->if_contains(index);
}

std::string TypeName(std::string_view type) {
  if (type == "string") return "a text";
  if (type == "integer") return "an integer";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "object") return "an object";
  if (type == "null") return "nothing";
  return std::string(type);
}

std::string Quoted(const json::value& value) {
  if (value.is_string()) return fmt::format("'{}'", std::string_view(value.get_string()));
  return ToJson(value);
}

// " from 1 to 100", " of at least 1", " above 0 and below 1", …
std::string Bounds(const json::object& part) {
  const auto number = [&](const char* key) {
    const json::value* value = part.if_contains(key);
    return value != nullptr && value->is_number() ? fmt::format("{}", value->to_number<double>())
                                                  : std::string();
  };
  const std::string low = number("minimum"), high = number("maximum");
  const std::string above = number("exclusiveMinimum"), below = number("exclusiveMaximum");
  if (!low.empty() && !high.empty()) return fmt::format(" from {} to {}", low, high);
  std::vector<std::string> bounds;
  if (!low.empty()) bounds.push_back("of at least " + low);
  if (!above.empty()) bounds.push_back("above " + above);
  if (!high.empty()) bounds.push_back("of at most " + high);
  if (!below.empty()) bounds.push_back("below " + below);
  return bounds.empty() ? "" : " " + Join(bounds, " and ");
}

std::string Sizes(const json::object& part, const char* least, const char* most,
                  std::string_view unit) {
  const int64_t low = FindInt(part, least, 0), high = FindInt(part, most, -1);
  if (high >= 0) return fmt::format(" of {} to {} {}", low, high, unit);
  return low > 0 ? fmt::format(" of at least {} {}", low, unit) : "";
}

std::string DescribeType(const json::object& part, std::string_view type) {
  std::string text = TypeName(type);
  if (type == "integer" || type == "number") return text + Bounds(part);
  if (type == "array") return text + Sizes(part, "minItems", "maxItems", "items");
  if (type != "string") return text;
  text += Sizes(part, "minLength", "maxLength", "characters");
  const std::string pattern = FindString(part, "pattern");
  return pattern.empty() ? text : fmt::format("{} that matches {}", text, pattern);
}

}  // namespace

const json::object* FindSubschema(const json::value& schema, const json::value& document,
                                  std::span<const std::string> path) {
  const json::value* value = &document;
  const json::object* part = Branch(schema, schema.if_object(), *value);
  for (const std::string& token : path) {
    if (part == nullptr) return nullptr;
    const bool into_array = value->is_array();
    value = Descend(*value, token);
    if (value == nullptr) return nullptr;
    part = Branch(schema, Step(*part, token, into_array), *value);
  }
  return part;
}

std::string Describe(const json::value& schema, const json::object& part) {
  if (const json::array* choices = FindArray(part, "enum")) {
    std::vector<std::string> names;
    for (const json::value& choice : *choices) names.push_back(Quoted(choice));
    return "one of " + Join(names, ", ");
  }
  if (const json::value* constant = part.if_contains("const")) return Quoted(*constant);
  std::vector<std::string> kinds;
  for (const char* key : {"anyOf", "oneOf"}) {
    const json::array* branches = FindArray(part, key);
    if (branches == nullptr) continue;
    for (const json::value& item : *branches) {
      const json::object* branch = Dereference(schema, item.if_object());
      if (branch != nullptr && branch != &part) kinds.push_back(Describe(schema, *branch));
    }
  }
  if (kinds.empty()) {
    if (const json::array* types = FindArray(part, "type")) {
      for (const json::value& type : *types)
        if (type.is_string()) kinds.push_back(DescribeType(part, type.get_string()));
    } else if (const std::string type = FindString(part, "type"); !type.empty()) {
      kinds.push_back(DescribeType(part, type));
    }
  }
  return Join(kinds, " or ");
}

std::string DescribeFound(const json::value& value) {
  if (value.is_string())
    return fmt::format("the text '{}'", Truncate(std::string_view(value.get_string()), 80));
  if (value.is_null()) return "nothing";
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return ToJson(value);
}

}  // namespace vlmhb::config
