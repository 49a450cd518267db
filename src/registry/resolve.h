#pragma once
// From what a user wrote to what can be run: every name looked up, every path and parameter
// checked, every default filled in. Reads the headers of annotation files and little else; starts
// nothing.

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/experiment.h"
#include "os/file.h"
#include "registry/dataset_resolver.h"
#include "registry/registry.h"
#include "registry/resolved.h"

namespace vlmhb::registry {

struct ResolveOptions {
  // The program of a plug-in by its bare name, absolute; nullopt if there is none.
  std::function<std::optional<os::Path>(const std::string& name)> find_plugin;
  // The import of a dataset for a task; nullopt: it has not been made, and nothing about its
  // columns can be checked yet. May be empty: none has been.
  FindImport find_import;
};

// Every problem, in the order of the runs, or the experiment. Never both, never an empty list.
using Resolved = std::variant<ResolvedExperiment, std::vector<config::Problem>>;

Resolved Resolve(const config::Experiment& experiment, const Registry& registry,
                 const ResolveOptions& options);

}  // namespace vlmhb::registry
