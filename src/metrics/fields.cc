#include "metrics/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "metrics/find_json.h"

namespace vlmhb::metrics {
namespace {

constexpr size_t kMostFields = 10'000;
constexpr size_t kMostPathBytes = 1'000;

// JSON's own form of numbers such as 12.5 would be 1.25E1.
std::string TextOf(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return ToJson(value);
}

class Flattener {
 public:
  explicit Flattener(const NormalizeOptions& options) : options_(options) {}

  // False if there is more than the bounds allow. The parser bounds the depth.
  bool Add(const std::string& path, const json::value& value) {
    if (path.size() > kMostPathBytes) return false;
    if (value.is_object()) return AddObject(path, value.get_object());
    if (value.is_array()) {
      const json::array& array = value.get_array();
      for (size_t i = 0; i < array.size(); ++i)
        if (!Add(fmt::format("{}[{}]", path, i), array[i])) return false;
      return true;
    }
    return value.is_null() || AddText(path, value);
  }

  Fields Take() { return std::move(fields_); }

 private:
  bool AddObject(const std::string& path, const json::object& object) {
    for (const auto& [key, value] : object) {
      const std::string_view name(key.data(), key.size());
      if (!Add(path.empty() ? std::string(name) : fmt::format("{}.{}", path, name), value))
        return false;
    }
    return true;
  }

  bool AddText(const std::string& path, const json::value& value) {
    if (fields_.size() >= kMostFields) return false;
    Normalize(TextOf(value), options_, text_);
    const SymbolSpan stripped = StripWhiteSpace(text_);
    if (!stripped.empty()) fields_[path].assign(stripped.begin(), stripped.end());
    return true;
  }

  const NormalizeOptions& options_;
  Fields fields_;
  std::vector<Symbol> text_;
};

// {"fields":{"a":{"value":"x","bboxes":[…]},"b":{"value":"y"}},"index":0} -> {"a":"x","b":"y"}
json::value Unwrapped(const json::value& value) {
  const json::object* fields = FindObject(value.get_object(), "fields");
  if (fields == nullptr) return value;
  json::object plain;
  for (const auto& [name, field] : *fields) {
    const json::value* inner =
        field.is_object() ? field.get_object().if_contains("value") : nullptr;
    plain[name] = inner != nullptr ? *inner : field;
  }
  return plain;
}

struct Counts {
  size_t expected = 0;
  size_t answered = 0;
  size_t equal = 0;
};

// nullopt if the reference is no object.
std::optional<Counts> Compare(std::string_view reference, std::string_view answer,
                              const NormalizeOptions& options) {
  const auto expected = ReadFields(reference, options);
  if (!expected) return std::nullopt;
  const Fields got = ReadFields(answer, options).value_or(Fields{});
  Counts counts{expected->size(), got.size(), 0};
  for (const auto& [path, value] : *expected) {
    const auto found = got.find(path);
    counts.equal += found != got.end() && found->second == value;
  }
  return counts;
}

}  // namespace

std::optional<Fields> ReadFields(std::string_view text, const NormalizeOptions& options) {
  std::optional<Fields> fields;
  FindJson(text, "{", [&](const json::value& value) {
    Flattener flattener(options);
    if (flattener.Add("", Unwrapped(value))) fields = flattener.Take();
    return true;
  });
  return fields;
}

std::optional<Score> FieldAccuracy(std::string_view reference, std::string_view answer,
                                   const NormalizeOptions& options) {
  const auto counts = Compare(reference, answer, options);
  if (!counts || counts->expected == 0) return std::nullopt;
  return Score{double(counts->equal), double(counts->expected)};
}

std::optional<Score> FieldF1(std::string_view reference, std::string_view answer,
                             const NormalizeOptions& options) {
  const auto counts = Compare(reference, answer, options);
  if (!counts || counts->expected + counts->answered == 0) return std::nullopt;
  return Score{2.0 * double(counts->equal), double(counts->expected + counts->answered)};
}

Score JsonValid(std::string_view answer) { return {IsJsonDocument(answer) ? 1.0 : 0.0, 1}; }

}  // namespace vlmhb::metrics
