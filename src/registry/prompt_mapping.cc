#include "registry/prompt_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/embedded.h"
#include "base/text.h"
#include "config/document_source.h"
#include "config/schema.h"
#include "data/template.h"
#include "os/file.h"
#include "registry/overlay.h"

namespace vlmhb::embedded {
std::span<const File> EntrySchemas();
}

namespace vlmhb::registry {
namespace {

using config::Origin;
using config::Problem;
using config::SourceDocument;

constexpr std::string_view kWrapper = "prompt_config";

std::string ExtensionOf(std::string_view name) {
  return AsciiLower(os::Path(name).extension().string());
}

// Compiled once; thread-safe by the language's rule for local statics.
const config::JsonSchema& PromptsSchema() {
  static const config::JsonSchema schema = [] {
    const auto files = embedded::EntrySchemas();
    const auto found = std::find_if(files.begin(), files.end(),
                                    [](const auto& f) { return f.name == "prompts.schema.json"; });
    CHECK(found != files.end(), "src/registry has a schema of prompt collections");
    Result<json::value> text = ParseJson(found->content);
    CHECK(text.ok(), "prompts.schema.json is JSON");
    Result<config::JsonSchema> compiled = config::JsonSchema::Compile(*std::move(text));
    CHECK(compiled.ok(), "prompts.schema.json is a JSON Schema");
    return *std::move(compiled);
  }();
  return schema;
}

// Without null; the templates of what is left can be looked at as strings at any depth.
json::value WithoutNull(const json::value& value) { return Overlaid(json::object(), value); }

bool Exists(const json::value& value, std::string_view pointer) {
  boost::system::error_code error;
  return value.find_pointer(pointer, error) != nullptr;
}

class MappingReader {
 public:
  MappingReader(SourceDocument document, std::vector<Problem>& problems)
      : document_(std::move(document)), problems_(problems) {}

  std::optional<PromptMapping> Read(std::string_view model) {
    const size_t before = problems_.size();
    for (Problem& problem : document_.problems) problems_.push_back(std::move(problem));
    Unwrap();
    for (config::SchemaViolation& violation : PromptsSchema().Validate(document_.value))
      Add(violation.pointer, std::move(violation.message));
    CheckTemplates(document_.value, "");
    if (problems_.size() > before || !document_.value.is_object()) return std::nullopt;
    return Select(model);
  }

 private:
  void Add(std::string_view pointer, std::string message) {
    problems_.push_back({document_.locate(root_ + std::string(pointer)), std::move(message)});
  }

  void Unwrap() {
    json::object* object = document_.value.if_object();
    if (object == nullptr || !object->contains(kWrapper)) return;
    for (const auto& member : *object)
      if (member.key() != kWrapper)
        Add("/" + EscapePointer(member.key()),
            fmt::format("'{}' holds the whole collection where it is there; put '{}' into it",
                        kWrapper, std::string_view(member.key())));
    json::value inner = std::move(object->at(kWrapper));
    document_.value = std::move(inner);
    root_ = fmt::format("/{}", kWrapper);
  }

  // Every string is a template. REQUIRES: a bounded depth, which both formats have.
  void CheckTemplates(const json::value& value, const std::string& pointer) {
    if (const json::string* text = value.if_string()) {
      const auto parsed = data::Template::Parse(std::string_view(*text));
      if (!parsed.ok()) Add(pointer, parsed.error().message());
    } else if (const json::object* object = value.if_object()) {
      for (const auto& member : *object)
        CheckTemplates(member.value(), pointer + "/" + EscapePointer(member.key()));
    }
  }

  // The key under "models" that says most of `model`; "" if none is of it.
  static std::string KeyFor(const json::object& models, std::string_view model) {
    std::string best;
    for (const auto& member : models) {
      const std::string_view key = member.key();
      if (key == model) return std::string(key);
      if (key.ends_with('*') && model.starts_with(key.substr(0, key.size() - 1)) &&
          key.size() > best.size())
        best = key;
    }
    return best;
  }

  PromptMapping Select(std::string_view model) {
    json::object common = document_.value.as_object();
    const json::value models =
        common.contains("models") ? common.at("models") : json::value(json::object());
    common.erase("models");
    PromptMapping mapping;
    mapping.texts = WithoutNull(common).as_object();
    const std::string key = KeyFor(models.as_object(), model);
    json::value part = json::object();
    if (!key.empty()) part = models.as_object().at(key);
    mapping.texts = Overlaid(std::move(mapping.texts), part).as_object();
    mapping.locate = [locate = document_.locate, root = root_, part,
                      own = "/models/" + EscapePointer(key)](std::string_view pointer) {
      return locate(root + (Exists(part, pointer) ? own : "") + std::string(pointer));
    };
    return mapping;
  }

  SourceDocument document_;
  std::vector<Problem>& problems_;
  std::string root_;  // pointer to what document_.value is now
};

}  // namespace

bool IsPromptMapping(std::string_view name) {
  const std::string extension = ExtensionOf(name);
  return extension == ".json" || extension == ".yaml" || extension == ".yml";
}

std::optional<PromptMapping> ReadPromptMapping(std::string_view text, const std::string& file,
                                               std::string_view model,
                                               std::vector<Problem>& problems) {
  Result<SourceDocument> document = config::ReadDocumentText(text, file, ExtensionOf(file));
  if (!document.ok()) {
    problems.push_back({{file}, document.error().message()});
    return std::nullopt;
  }
  return MappingReader(*std::move(document), problems).Read(model);
}

}  // namespace vlmhb::registry
