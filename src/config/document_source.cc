#include "config/document_source.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "config/strict_json.h"
#include "config/yaml.h"

namespace vlmhb::config {
namespace {

// The line of the value, or of the nearest one around it (a value inside of an alias has none).
uint64_t LineOf(const std::map<std::string, uint64_t>& lines, std::string_view pointer) {
  while (true) {
    if (const auto found = lines.find(std::string(pointer)); found != lines.end())
      return found->second;
    if (pointer.empty()) return 0;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

Result<SourceDocument> ReadYaml(std::string_view text, const std::string& file) {
  VLMHB_ASSIGN(YamlDocument yaml, ParseYaml(text));
  SourceDocument document;
  document.value = std::move(yaml.value);
  for (YamlProblem& problem : yaml.problems)
    document.problems.push_back(
        {{file, problem.line, std::move(problem.pointer)}, std::move(problem.message)});
  document.locate = [file, lines = std::move(yaml.lines)](std::string_view pointer) {
    return Origin{file, LineOf(lines, pointer), std::string(pointer)};
  };
  return document;
}

Result<SourceDocument> ReadJson(std::string_view text, const std::string& file) {
  VLMHB_ASSIGN(StrictJson parsed, ParseStrictJson(text));
  SourceDocument document;
  document.value = std::move(parsed.value);
  for (std::string& pointer : parsed.duplicates)
    document.problems.push_back({{file, 0, std::move(pointer)}, "this key is there twice"});
  document.locate = [file](std::string_view pointer) {
    return Origin{file, 0, std::string(pointer)};
  };
  return document;
}

}  // namespace

Result<SourceDocument> ReadDocumentText(std::string_view text, const std::string& file,
                                        std::string_view extension) {
  if (extension == ".json") return ReadJson(text, file);
  if (extension == ".yaml" || extension == ".yml") return ReadYaml(text, file);
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("the extension '{}' says nothing about the format; .csv, .json, .yaml "
                           "or .yml expected",
                           extension));
}

}  // namespace vlmhb::config
