#pragma once
// Imports datasets of other forms than stages read (docs/formats/dataset.md), each once: the result
// is kept in the workspace by what the source, its plug-in and the parameters are. Not thread-safe.

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/env_manager.h"
#include "orchestrator/lone_plugin_stage.h"
#include "orchestrator/provision.h"
#include "registry/dataset_resolver.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

class Importer {
 public:
  // `environments` outlives it.
  Importer(env::EnvManager& environments, LoneStageOptions options)
      : env_(environments), options_(std::move(options)) {}

  // The import if it has been made. `task` is that of the run, `provision` what it runs in (means
  // something to plug-ins only).
  std::optional<registry::ImportedDataset> Find(const registry::ImportSource& source,
                                                const registry::TaskEntry& task,
                                                const Provision& provision);
  // The import, made if it is not there, in an environment of its own without a network. Nothing is
  // left of one that fails. An error says what is wrong with the source or the plug-in.
  Result<registry::ImportedDataset> Ensure(const registry::ImportSource& source,
                                           const registry::TaskEntry& task,
                                           const Provision& provision);

 private:
  // Where the import is, or will be.
  Result<os::Path> FolderOf(const registry::ImportSource& source, const registry::TaskEntry& task,
                            const Provision& provision);
  Result<void> Make(const registry::ImportSource& source, const registry::TaskEntry& task,
                    const Provision& provision, const os::Path& place);
  Result<void> RunStage(const registry::ImportSource& source, const registry::TaskEntry& task,
                        const Provision& provision, const os::Path& folder);

  env::EnvManager& env_;
  LoneStageOptions options_;
  std::map<std::string, std::string> stamps_;  // of each source, taken once: before its import
  std::map<os::Path, Error> failed_;           // imports that are not tried again
};

}  // namespace vlmhb::orchestrator
