#include "data/prompts.h"

#include <fmt/format.h>

#include <array>

namespace vlmhb::data {
namespace {

Result<std::optional<std::string>> TextOrNull(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  VLMHB_ASSIGN(std::string text, GetString(object, key));
  return std::optional<std::string>(std::move(text));
}

}  // namespace

Result<PromptSpec> ParsePromptSpec(const json::object& object) {
  PromptSpec spec;
  VLMHB_ASSIGN(spec.system, TextOrNull(object, "system"));
  VLMHB_ASSIGN(spec.fixed, TextOrNull(object, "fixed"));
  VLMHB_ASSIGN(spec.collection, TextOrNull(object, "collection"));
  VLMHB_ASSIGN(spec.fallback, TextOrNull(object, "fallback"));
  const json::value* mapping = object.if_contains("mapping");
  if (mapping != nullptr && !mapping->is_null()) {
    VLMHB_ASSIGN(spec.mapping, GetObject(object, "mapping"));
  }
  return spec;
}

std::string_view PromptSourceName(PromptSource source) {
  constexpr std::array<std::string_view, 8> kNames = {
      "none", "config", "fixed", "mapping", "default", "collection row", "sample", "task"};
  return kNames.at(static_cast<size_t>(source));
}

// Makes entries of texts; what is wrong with one goes to `problems`.
class PromptCompiler {
 public:
  PromptCompiler(const SampleFields* fields, std::vector<PromptProblem>& problems)
      : fields_(fields), problems_(problems) {}

  using Entry = PromptResolver::Entry;
  using Pair = PromptResolver::Pair;

  std::optional<Entry> Compile(std::string_view text, PromptSource source, std::string place) {
    if (text.empty()) return std::nullopt;
    PromptOrigin origin{source, std::move(place)};
    Result<Template> parsed = Template::Parse(text);
    if (!parsed.ok()) return Wrong(std::move(origin), parsed.error());
    if (fields_ != nullptr) {
      const auto bound =
          parsed->Bind([this](std::string_view name) { return fields_->Find(name); });
      if (!bound.ok()) return Wrong(std::move(origin), bound.error());
    }
    return Entry{*std::move(parsed), std::move(origin)};
  }

  // The texts of an object of a mapping, which stands at `pointer`.
  Pair PairOf(const json::object& object, PromptSource source, const std::string& pointer,
              std::string_view system_key = "system_prompt",
              std::string_view user_key = "user_prompt") {
    const auto compile = [&](std::string_view key) {
      return Compile(FindString(object, key), source, fmt::format("{}/{}", pointer, key));
    };
    return {compile(system_key), compile(user_key)};
  }

  void AddMapping(const json::object& mapping, PromptResolver& resolver) {
    resolver.fixed_ =
        PairOf(mapping, PromptSource::kFixed, "", "fixed_system_prompt", "fixed_prompt");
    resolver.default_ = PairOf(mapping, PromptSource::kDefault, "");
    const json::object* types = FindObject(mapping, "type_mapping");
    if (types == nullptr) return;
    for (const auto& type : *types)
      if (const json::object* texts = type.value().if_object())
        resolver.by_class_.emplace(
            type.key(),
            PairOf(*texts, PromptSource::kMapping, "/type_mapping/" + EscapePointer(type.key())));
  }

  // Of several rows with one key the first counts.
  void AddRows(const std::vector<PromptRow>& rows, PromptResolver& resolver) {
    for (const PromptRow& row : rows) {
      auto entry = Compile(row.prompt, PromptSource::kRow, fmt::format("line {}", row.line));
      if (entry.has_value()) resolver.rows_.try_emplace(row.key, *std::move(entry));
    }
  }

 private:
  std::nullopt_t Wrong(PromptOrigin origin, const Error& error) {
    problems_.push_back({std::move(origin), error.message()});
    return std::nullopt;
  }

  const SampleFields* fields_;
  std::vector<PromptProblem>& problems_;
};

Result<PromptResolver> PromptResolver::Create(const PromptSpec& spec, const SampleFields* fields,
                                              std::vector<PromptProblem>& problems) {
  PromptCompiler compiler(fields, problems);
  PromptResolver resolver;
  resolver.config_ = {
      compiler.Compile(spec.system.value_or(""), PromptSource::kConfig, "system_prompt"),
      compiler.Compile(spec.fixed.value_or(""), PromptSource::kConfig, "prompt")};
  if (spec.mapping.has_value()) compiler.AddMapping(*spec.mapping, resolver);
  if (spec.collection.has_value()) {
    VLMHB_ASSIGN(std::string text, os::ReadFile(*spec.collection, kMaxPromptRowsBytes));
    VLMHB_ASSIGN(const std::vector<PromptRow> rows,
                 ReadPromptRows(std::move(text), spec.collection->string()));
    compiler.AddRows(rows, resolver);
  }
  resolver.task_ = compiler.Compile(spec.fallback.value_or(""), PromptSource::kTask, "prompt");
  return resolver;
}

Result<PromptResolver> PromptResolver::Create(const PromptSpec& spec, const SampleFields& fields) {
  std::vector<PromptProblem> problems;
  VLMHB_ASSIGN(PromptResolver resolver, Create(spec, &fields, problems));
  if (problems.empty()) return resolver;
  const PromptProblem& first = problems.front();
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("the prompt of {} ({}): {}", PromptSourceName(first.origin.source),
                           first.origin.place, first.message));
}

const PromptResolver::Entry* PromptResolver::SystemOf(const AnnotationRow& row) const {
  if (config_.system.has_value()) return &*config_.system;
  if (fixed_.system.has_value()) return &*fixed_.system;
  if (const auto type = by_class_.find(row.doc_class);
      type != by_class_.end() && type->second.system.has_value())
    return &*type->second.system;
  return default_.system.has_value() ? &*default_.system : nullptr;
}

const PromptResolver::Entry* PromptResolver::UserOf(const AnnotationRow& row) const {
  if (config_.user.has_value()) return &*config_.user;
  if (fixed_.user.has_value()) return &*fixed_.user;
  if (const auto type = by_class_.find(row.doc_class);
      type != by_class_.end() && type->second.user.has_value())
    return &*type->second.user;
  if (const auto found = rows_.find(row.doc_class + " " + row.question_type); found != rows_.end())
    return &found->second;
  if (default_.user.has_value()) return &*default_.user;
  return row.question.empty() && task_.has_value() ? &*task_ : nullptr;
}

Result<SamplePrompts> PromptResolver::Resolve(const AnnotationRow& row) const {
  const auto fill = [&](const Entry* entry, const std::string& own, const char* column,
                        Prompt& prompt) -> Result<void> {
    if (entry != nullptr) {
      prompt.origin = entry->origin;
      VLMHB_ASSIGN(prompt.text, entry->text.Render(row.cells));
    } else if (!own.empty()) {
      prompt = {own, {PromptSource::kSample, column}};
    }
    return {};
  };
  SamplePrompts prompts;
  const auto filled = [&]() -> Result<void> {
    VLMHB_TRY(fill(SystemOf(row), row.system, "system_prompt", prompts.system));
    return fill(UserOf(row), row.question, "question", prompts.user);
  }();
  if (!filled.ok())
    return Error(filled.error().code(),
                 fmt::format("line {}: {}", row.line, filled.error().message()));
  if (prompts.user.origin.source != PromptSource::kNone) return prompts;
  return Error(
      ErrorCode::kInvalidConfig,
      fmt::format("line {}: there is no prompt for doc_class '{}', question_type '{}', and "
                  "the row has no question; add one to the prompt collection or set `prompt`",
                  row.line, row.doc_class, row.question_type));
}

}  // namespace vlmhb::data
