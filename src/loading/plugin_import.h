#pragma once
// The samples of a task plug-in, written as a dataset.

#include <string>
#include <vector>

#include "base/result.h"
#include "data/import.h"
#include "os/file.h"
#include "worker/task_host.h"

namespace vlmhb::loading {

struct PluginImportOptions {
  worker::HostOptions host;
  os::Path root;    // the dataset's folder, or the one that its file is in
  os::Path output;  // gets annotation.csv and images/
  bool skip_bad = false;
};

// As data::Import, with the samples of the plug-in. Its fields are those that its `hello` names;
// another one is a bad sample.
Result<data::ImportReport> ImportFromPlugin(const PluginImportOptions& options,
                                            const std::string& source);

}  // namespace vlmhb::loading
