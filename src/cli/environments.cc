#include "cli/environments.h"

#include <fmt/format.h>

#include "base/text.h"
#include "env/process_env_manager.h"

namespace vlmhb::cli {
namespace {

using Factory = std::unique_ptr<env::EnvManager> (*)(SandboxChoice, const os::Path& scratch);

std::unique_ptr<env::EnvManager> MakeProcess(SandboxChoice sandbox, const os::Path& scratch) {
  return std::make_unique<env::ProcessEnvManager>(env::ProcessEnvOptions{
      .sandbox =
          sandbox == SandboxChoice::kOn ? env::SandboxMode::kBubblewrap : env::SandboxMode::kNone,
      .scratch = scratch});
}

struct Row {
  const char* name;
  Factory make;
};
constexpr Row kEnvironments[] = {{"process", MakeProcess}};

}  // namespace

Result<std::unique_ptr<env::EnvManager>> MakeEnvironment(const std::string& name,
                                                         SandboxChoice sandbox,
                                                         const os::Path& scratch) {
  std::vector<std::string> known;
  for (const Row& row : kEnvironments) {
    if (name == row.name) return row.make(sandbox, scratch);
    known.push_back(row.name);
  }
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("unknown environment '{}'.{} Known: {}.", name, DidYouMean(name, known),
                           Join(known, ", ")));
}

}  // namespace vlmhb::cli
