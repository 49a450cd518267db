#include "packages/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vlmhb::packages {
namespace {

constexpr size_t kMaxText = 1000;

}  // namespace

const char* const kDescribeInterpreter = R"(
import json, os, platform, sys, sysconfig
print(json.dumps({
    "python": platform.python_version(),
    "implementation": sys.implementation.name,
    "abi": sysconfig.get_config_var("SOABI") or "",
    "platform": sysconfig.get_platform(),
    "system": " ".join((os.path.realpath(sys.executable),) + platform.libc_ver()),
})))";

std::string Interpreter::Kind() const {
  const size_t minor = version.find('.', version.find('.') + 1);
  return fmt::format("{} {} on {} ({})", implementation, version.substr(0, minor), platform, abi);
}

json::object InterpreterToJson(const Interpreter& interpreter) {
  json::object object{{"python", interpreter.version},
                      {"implementation", interpreter.implementation},
                      {"abi", interpreter.abi},
                      {"platform", interpreter.platform}};
  if (!interpreter.system.empty()) object["system"] = interpreter.system;
  return object;
}

Result<Interpreter> InterpreterFromJson(const json::object& object) {
  // An image's own Python says this, and it is shown in messages.
  for (const char* member : {"python", "implementation", "abi", "platform", "system"}) {
    const std::string text = FindString(object, member);
    if (text.size() > kMaxText || !IsValidUtf8(text) ||
        std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; }))
      return Error(ErrorCode::kCorrupt, fmt::format("it says of its Python an odd '{}'", member));
  }
  Interpreter interpreter{.version = FindString(object, "python"),
                          .implementation = FindString(object, "implementation"),
                          .abi = FindString(object, "abi"),
                          .platform = FindString(object, "platform"),
                          .system = FindString(object, "system")};
  if (interpreter.version.empty() || interpreter.implementation.empty() ||
      interpreter.platform.empty())
    return Error(ErrorCode::kCorrupt, "it does not say which Python it is for");
  return interpreter;
}

}  // namespace vlmhb::packages
