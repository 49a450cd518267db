#include "cli/programs.h"

namespace vlmhb::cli {

Path ProgramFolder() { return os::SelfExecutable().parent_path(); }

std::optional<Path> FindPlugin(const std::string& name) {
  std::error_code ignored;
  for (const Path& candidate : {ProgramFolder() / name, ProgramFolder() / "workers" / name})
    if (std::filesystem::is_regular_file(candidate, ignored)) return candidate;
  return std::nullopt;
}

}  // namespace vlmhb::cli
