// Without this valijson aborts the program where it would throw.
#define VALIJSON_USE_EXCEPTIONS 1

#include "config/schema.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <set>
#include <utility>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/text.h"
#include "config/run_fields.h"
#include "config/schema_text.h"

namespace vlmhb::config {
namespace {

using Path = std::vector<std::string>;

std::string PointerOf(const Path& path) {
  std::string pointer;
  for (const std::string& token : path) pointer += "/" + EscapePointer(token);
  return pointer;
}

// valijson's context is {"<root>", "[runs]", "[0]"}.
Path PathOf(const std::vector<std::string>& context) {
  Path path;
  for (size_t i = 1; i < context.size(); ++i)
    path.push_back(context[i].size() < 2 ? "" : context[i].substr(1, context[i].size() - 2));
  return path;
}

const json::value* At(const json::value& document, const Path& path) {
  boost::system::error_code error;
  return document.find_pointer(PointerOf(path), error);
}

// Keys that an object has too many or too few. Adds a violation for each; false if there is none.
bool AddKeyViolations(const Path& path, const json::object& object, const json::object& part,
                      std::vector<SchemaViolation>& violations) {
  const size_t before = violations.size();
  const json::object* properties = FindObject(part, "properties");
  std::vector<std::string> known;
  if (properties != nullptr)
    for (const auto& property : *properties) known.emplace_back(property.key());
  const bool closed = !FindBool(part, "additionalProperties", true);
  if (closed && !part.contains("patternProperties")) {
    for (const auto& member : object) {
      const std::string key(member.key());
      if (properties != nullptr && properties->contains(key)) continue;
      const std::string advice = AdviceForKey(key, known);
      std::string message = fmt::format("unknown key '{}'.{}", Truncate(key, 80), advice);
      if (advice.empty()) message += fmt::format(" Known: {}.", Join(known, ", "));
      Path place = path;
      place.push_back(key);
      violations.push_back({PointerOf(place), std::move(message)});
    }
  }
  if (const json::array* required = FindArray(part, "required")) {
    for (const json::value& name : *required) {
      const std::string_view key = name.is_string() ? name.get_string() : std::string_view();
      if (!object.contains(key))
        violations.push_back({PointerOf(path), fmt::format("the key '{}' is missing", key)});
    }
  }
  return violations.size() > before;
}

std::string EnumAdvice(const json::object& part, const json::value& found) {
  const json::array* choices = FindArray(part, "enum");
  if (choices == nullptr || !found.is_string()) return "";
  std::vector<std::string> names;
  for (const json::value& choice : *choices)
    if (choice.is_string()) names.emplace_back(choice.get_string());
  return DidYouMean(std::string_view(found.get_string()), names);
}

// The regular expressions behind `pattern` recurse once a character: on a long text they would
// overflow the stack.
constexpr size_t kMaxMatchedBytes = 8192;

bool HasPattern(const json::value& schema) {
  if (const json::array* list = schema.if_array())
    return std::any_of(list->begin(), list->end(), HasPattern);
  const json::object* object = schema.if_object();
  return object != nullptr &&
         (object->contains("pattern") || object->contains("patternProperties") ||
          std::any_of(object->begin(), object->end(),
                      [](const auto& member) { return HasPattern(member.value()); }));
}

// Whether a pattern may be tried on the value at `path`: by what the schema says of it, or of the
// nearest value around it that the schema speaks of.
bool MayBeMatched(const json::value& schema, const json::value& root, Path path) {
  while (true) {
    const json::object* part = FindSubschema(schema, root, path);
    if (part != nullptr) return HasPattern(*part);
    if (path.empty()) return true;
    path.pop_back();
  }
}

void FindLongTexts(const json::value& schema, const json::value& root, const json::value& value,
                   const Path& path, std::vector<SchemaViolation>& violations) {
  const auto inside = [&](std::string key, const json::value& child) {
    Path place = path;
    place.push_back(std::move(key));
    FindLongTexts(schema, root, child, place, violations);
  };
  if (const json::string* text = value.if_string(); text && text->size() > kMaxMatchedBytes) {
    if (!MayBeMatched(schema, root, path)) return;
    violations.push_back(
        {PointerOf(path), fmt::format("expected at most {} bytes of text, found {}",
                                      kMaxMatchedBytes, text->size())});
  } else if (const json::array* list = value.if_array()) {
    for (size_t i = 0; i < list->size(); ++i) inside(std::to_string(i), (*list)[i]);
  } else if (const json::object* object = value.if_object()) {
    for (const auto& [key, child] : *object) {
      if (key.size() > kMaxMatchedBytes)
        violations.push_back({PointerOf(path), "a key is too long"});
      else
        inside(std::string(key), child);
    }
  }
}

bool IsAncestor(const Path& path, const std::set<Path>& all) {
  const auto next = all.upper_bound(path);
  return next != all.end() && next->size() > path.size() &&
         std::equal(path.begin(), path.end(), next->begin());
}

}  // namespace

struct JsonSchema::Compiled {
  json::value text;
  valijson::Schema schema;
  bool has_pattern = false;
};

JsonSchema::JsonSchema(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

Result<JsonSchema> JsonSchema::Compile(json::value schema) {
  auto compiled = std::make_unique<Compiled>();
  compiled->text = std::move(schema);
  compiled->has_pattern = HasPattern(compiled->text);
  try {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::BoostJsonAdapter(compiled->text), compiled->schema);
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("not a JSON Schema (draft-07): {}", exception.what()));
  }
  return JsonSchema(std::move(compiled));
}

// valijson decides what is wrong and where; the words are made from the schema, since its own name
// neither the value nor what would be right.
std::vector<SchemaViolation> JsonSchema::Validate(const json::value& value) const {
  if (compiled_->has_pattern) {
    std::vector<SchemaViolation> too_long;
    FindLongTexts(compiled_->text, value, value, {}, too_long);
    if (!too_long.empty()) return too_long;
  }
  valijson::ValidationResults results;
  try {
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    const valijson::adapters::BoostJsonAdapter target(value);
    if (validator.validate(compiled_->schema, target, &results)) return {};
  } catch (const std::exception& exception) {
    return {{"", fmt::format("cannot be checked: {}", exception.what())}};
  }
  std::set<Path> places;
  std::vector<std::pair<Path, std::string>> found;
  for (const auto& error : results) {
    Path path = PathOf(error.context);
    if (places.insert(path).second) found.emplace_back(std::move(path), error.description);
  }

  std::vector<SchemaViolation> violations;
  for (const auto& [path, description] : found) {
    const json::value* culprit = At(value, path);
    const json::object* part = FindSubschema(compiled_->text, value, path);
    if (culprit == nullptr || part == nullptr) {
      violations.push_back({PointerOf(path), description});
      continue;
    }
    if (culprit->is_object() && AddKeyViolations(path, culprit->get_object(), *part, violations))
      continue;
    // An object or list is only wrong here because something inside of it is.
    if (IsAncestor(path, places)) continue;
    const std::string expected = Describe(compiled_->text, *part);
    violations.push_back(
        {PointerOf(path), expected.empty()
                              ? description
                              : fmt::format("expected {}, found {}.{}", expected,
                                            DescribeFound(*culprit), EnumAdvice(*part, *culprit))});
  }
  return violations;
}

}  // namespace vlmhb::config
