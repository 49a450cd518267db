#include "orchestrator/lone_plugin_stage.h"

#include "base/text.h"
#include "env/lone_stage.h"

namespace vlmhb::orchestrator {
namespace {

using os::Path;

constexpr int64_t kProcesses = 512;
constexpr size_t kMaxToldBytes = 64u << 10;

}  // namespace

Result<void> RunLoneStage(env::EnvManager& environments, const LoneStageOptions& options,
                          const LoneStageSpec& spec, const Path& folder,
                          const DescribeLoneStage& describe) {
  const Path output = folder / "output";
  VLMHB_TRY(os::MakeFolders(output));
  env::LoneStage lone(environments,
                      {.id = Slug(spec.stage + folder.extension().string()),
                       .workspace = options.workspace,
                       .image = spec.image,
                       .memory_bytes = spec.memory_bytes,
                       .max_processes = kProcesses},
                      options.stop);
  VLMHB_TRY(lone.Open());
  env::LoneStage::Invocation invocation{
      .stage = spec.stage, .folder = folder, .timeout = spec.timeout};
  VLMHB_ASSIGN(invocation.program, lone.Mount(options.program, "vlmhb"));
  VLMHB_ASSIGN(invocation.output, lone.Mount(output, "out", env::Access::kReadWrite));
  VLMHB_ASSIGN(invocation.parameters, describe([&](const Path& host, const std::string& name) {
                 return lone.Mount(host, name);
               }));
  VLMHB_ASSIGN(const env::TaskStatus status, lone.Run(std::move(invocation)));
  const auto* exited = std::get_if<env::Exited>(&status);
  if (exited != nullptr && exited->code == 0) return {};
  const auto told = os::ReadUntrustedFile(output / "error.txt", kMaxToldBytes);
  return Error(spec.failure,
               told.ok() ? std::string(Trim(*told)) : "it ended with " + env::ToString(status));
}

}  // namespace vlmhb::orchestrator
