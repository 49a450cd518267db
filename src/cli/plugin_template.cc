#include "cli/plugin_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>

#include "base/embedded.h"
#include "base/text.h"
#include "cli/terminal.h"

namespace vlmhb::embedded {
std::span<const File> Templates();
}

namespace vlmhb::cli {
namespace {

constexpr size_t kLongestName = 100;

bool IsName(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= kLongestName && name[0] >= 'a' && name[0] <= 'z' &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), fits);
}

// "word-order" -> "word_order".
std::string ModuleOf(const std::string& name) {
  std::string module = name;
  std::replace(module.begin(), module.end(), '-', '_');
  return module;
}

// "word-order" -> "WordOrder".
std::string ClassOf(const std::string& name) {
  std::string text;
  bool upper = true;
  for (const char c : name) {
    if (c != '-') text += upper ? static_cast<char>(std::toupper(c)) : c;
    upper = c == '-';
  }
  return text;
}

std::string Filled(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string filled(text);
  for (const auto& [mark, value] : values)
    for (size_t at = 0; (at = filled.find(mark, at)) != filled.npos; at += value.size())
      filled.replace(at, mark.size(), value);
  return filled;
}

}  // namespace

Result<std::map<std::string, std::string>> PluginTemplate(registry::Kind kind,
                                                          const std::string& name) {
  if (!IsName(name))
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("'{}' cannot be the name of a package: lower-case letters, digits and "
                             "hyphens, a letter first, for instance word-order",
                             Printable(Truncate(name, 80))));
  const std::string kind_name(registry::KindName(kind));
  const std::map<std::string, std::string> values = {
      {"@NAME@", name},
      {"@PACKAGE@", ModuleOf(name)},
      {"@OBJECT@", kind == registry::Kind::kMetric ? "score" : ClassOf(name)},
      {"@KIND@", kind_name}};
  std::map<std::string, std::string> files;
  for (const embedded::File& file : embedded::Templates()) {
    std::string_view path = file.name;
    const std::string_view folder = path.substr(0, path.find('/'));
    const bool of_a_kind = folder == "model" || folder == "metric" || folder == "task";
    if (of_a_kind && folder != kind_name) continue;
    if (of_a_kind) path.remove_prefix(folder.size() + 1);
    files[Filled(path, values)] = Filled(file.content, values);
  }
  files["src/" + ModuleOf(name) + "/py.typed"] = "";
  return files;
}

}  // namespace vlmhb::cli
