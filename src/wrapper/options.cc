#include "wrapper/options.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"

namespace vlmhb::wrapper {
namespace {

constexpr std::string_view kSchema = "vlmhb.wrapper/1";

Error Bad(std::string_view member, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("wrapper spec, member '{}': {}", member, why));
}

Result<void> CheckMembers(const json::object& spec) {
  static const std::vector<std::string> kMembers = {
      "schema",      "listen",         "model",      "command",          "env",
      "load_params", "processes",      "timeout_ms", "idle_timeout_ms",  "load_timeout_ms",
      "max_queue",   "max_body_bytes", "log",        "allow_file_roots",
  };
  for (const auto& member : spec) {
    const std::string name(member.key());
    if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end())
      return Bad(name, "unknown member." + DidYouMean(name, kMembers));
  }
  if (FindString(spec, "schema") != kSchema)
    return Bad("schema", fmt::format("'{}' expected", kSchema));
  return {};
}

// Absent: `fallback`.
Result<int64_t> IntBetween(const json::object& spec, std::string_view member, int64_t lowest,
                           int64_t highest, int64_t fallback) {
  const json::value* value = spec.if_contains(member);
  if (value == nullptr) return fallback;
  if (!value->is_int64() || value->get_int64() < lowest || value->get_int64() > highest)
    return Bad(member, fmt::format("an integer from {} to {} expected", lowest, highest));
  return value->get_int64();
}

Result<std::vector<std::string>> Strings(const json::object& spec, std::string_view member) {
  std::vector<std::string> strings;
  const json::value* value = spec.if_contains(member);
  if (value == nullptr) return strings;
  if (!value->is_array()) return Bad(member, "an array of strings expected");
  for (const json::value& item : value->get_array()) {
    if (!item.is_string()) return Bad(member, "an array of strings expected");
    strings.emplace_back(item.get_string());
  }
  return strings;
}

Result<std::map<std::string, std::string>> Environment(
    const json::object& spec, const std::map<std::string, std::string>& fallback) {
  const json::value* value = spec.if_contains("env");
  if (value == nullptr) return fallback;
  if (!value->is_object()) return Bad("env", "an object of strings expected");
  std::map<std::string, std::string> env;
  for (const auto& variable : value->get_object()) {
    if (!variable.value().is_string()) return Bad("env", "an object of strings expected");
    env.emplace(variable.key(), variable.value().get_string());
  }
  return env;
}

Result<void> ReadLimits(const json::object& spec, WrapperOptions& options) {
  constexpr int64_t kWeekMs = 7LL * 24 * 3600 * 1000;
  VLMHB_ASSIGN(const int64_t processes, IntBetween(spec, "processes", 1, 256, options.processes));
  options.processes = static_cast<int>(processes);
  VLMHB_ASSIGN(const int64_t timeout,
               IntBetween(spec, "timeout_ms", 1, kWeekMs, options.timeout.count()));
  options.timeout = Millis(timeout);
  VLMHB_ASSIGN(const int64_t idle,
               IntBetween(spec, "idle_timeout_ms", 0, kWeekMs, options.idle_timeout.count()));
  options.idle_timeout = Millis(idle);
  VLMHB_ASSIGN(const int64_t load_timeout,
               IntBetween(spec, "load_timeout_ms", 1, kWeekMs, options.load_timeout.count()));
  options.load_timeout = Millis(load_timeout);
  VLMHB_ASSIGN(const int64_t queue, IntBetween(spec, "max_queue", 0, 1'000'000,
                                               static_cast<int64_t>(options.max_queue)));
  options.max_queue = static_cast<size_t>(queue);
  VLMHB_ASSIGN(const int64_t body, IntBetween(spec, "max_body_bytes", 1024, 1 << 30,
                                              static_cast<int64_t>(options.max_body_bytes)));
  options.max_body_bytes = static_cast<size_t>(body);
  return {};
}

}  // namespace

Result<WrapperOptions> ParseWrapperOptions(const json::object& spec,
                                           const std::map<std::string, std::string>& default_env) {
  VLMHB_TRY(CheckMembers(spec));
  WrapperOptions options;
  VLMHB_ASSIGN(options.listen, http::Endpoint::Parse(FindString(spec, "listen")));
  options.model = FindString(spec, "model");
  if (options.model.empty()) return Bad("model", "a name expected");
  VLMHB_ASSIGN(options.command, Strings(spec, "command"));
  if (options.command.empty() || options.command[0].empty())
    return Bad("command", "the plug-in's program and its arguments expected");
  VLMHB_ASSIGN(options.env, Environment(spec, default_env));
  if (const json::value* params = spec.if_contains("load_params")) {
    if (!params->is_object()) return Bad("load_params", "an object expected");
    options.load_params = params->get_object();
  }
  VLMHB_ASSIGN(const std::vector<std::string> roots, Strings(spec, "allow_file_roots"));
  for (const std::string& root : roots) {
    if (!os::Path(root).is_absolute())
      return Bad("allow_file_roots", fmt::format("'{}' is not an absolute path", root));
    options.allow_file_roots.emplace_back(root);
  }
  VLMHB_TRY(ReadLimits(spec, options));
  options.log = FindString(spec, "log");
  return options;
}

}  // namespace vlmhb::wrapper
