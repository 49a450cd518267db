#pragma once
// vlmhb registry new|validate|add: the way of a plug-in from nothing to a name that configs know.

#include <memory>
#include <string>

#include "cli/command.h"

namespace vlmhb::cli {

// `folder`: the config's folder whose registries/ are meant too (--experiment).
void AddRegistryNew(CLI::App& registry, Session& session);
void AddRegistryValidate(CLI::App& registry, Session& session,
                         const std::shared_ptr<std::string>& folder);
void AddRegistryAdd(CLI::App& registry, Session& session,
                    const std::shared_ptr<std::string>& folder);

// Where the entries of `path` are: it, if it has models/, tasks/, metrics/ or datasets/, or
// registries/ in it. kNotFound if neither is there.
Result<os::Path> EntriesFolder(const os::Path& path);

}  // namespace vlmhb::cli
