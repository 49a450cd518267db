#include "packages/interpreter.h"

#include <fmt/format.h>

#include "base/text.h"

namespace vlmhb::packages {

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
