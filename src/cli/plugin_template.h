#pragma once
// The skeleton of a plug-in package, from templates/ of the repository.

#include <map>
#include <string>

#include "base/result.h"
#include "registry/entry.h"

namespace vlmhb::cli {

// The files of a new package, by their path in it. `name` is that of the plug-in, of the package
// and of its registry entry: lower-case letters, digits and hyphens, beginning with a letter;
// kInvalidConfig otherwise. REQUIRES: `kind` is not kDataset.
Result<std::map<std::string, std::string>> PluginTemplate(registry::Kind kind,
                                                          const std::string& name);

}  // namespace vlmhb::cli
