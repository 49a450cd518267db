#pragma once
// What can be named in a config: models, tasks, metrics and datasets, from entry files at three
// levels (built into the program, the user's, the experiment's own) and from the predecessor's
// vlm_base.csv.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/experiment.h"
#include "os/file.h"
#include "registry/entry.h"
#include "registry/entry_reader.h"

namespace vlmhb::registry {

// Folders with models/, tasks/, metrics/ and datasets/ in them. An empty path, or a folder that
// does not exist, is a level without entries.
struct RegistryFolders {
  os::Path user;        // ~/.config/vlmhb/registries
  os::Path experiment;  // <config folder>/registries
  os::Path vlm_base;    // vlm_base.csv, or ""
  bool dev = false;     // RUN_MODE dev: entries are overlaid by their *.dev.* files
};

// Immutable once loaded, so thread-safe.
class Registry {
 public:
  // All versions of each name; of later levels first, then higher versions first.
  template <typename E>
  using Table = std::map<std::string, std::vector<E>, std::less<>>;

  // Reads all entries (*.yaml, *.yml, *.json). A broken entry, and two of one name and version in
  // one level, are problems that name their files; what is right is there all the same.
  static Registry Load(const RegistryFolders& folders, std::vector<config::Problem>& problems);

  // By name; tasks and metrics by their name in lower case.
  const Table<ModelEntry>& models() const { return models_; }
  const Table<TaskEntry>& tasks() const { return tasks_; }
  const Table<MetricEntry>& metrics() const { return metrics_; }
  const Table<DatasetEntry>& datasets() const { return datasets_; }
  // Rows of vlm_base.csv, in its order.
  const std::vector<ModelEntry>& vlm_base() const { return vlm_base_; }

  // `name` may have a range of versions ("anls@>=2"): the highest version that fits, of the latest
  // level that has one. kInvalidConfig for what is no range; kNotFound with the versions there are,
  // or with a did-you-mean and how to list what there is. The pointers live as long as the
  // registry. Models and datasets are found by their exact name, tasks and metrics in any ASCII
  // case (the predecessor's files say VQA and CER). An empty `framework` means any.
  Result<const ModelEntry*> FindModel(std::string_view framework, std::string_view name) const;
  Result<const TaskEntry*> FindTask(std::string_view name) const;
  Result<const MetricEntry*> FindMetric(std::string_view name) const;
  Result<const DatasetEntry*> FindDataset(std::string_view name) const;

 private:
  Table<ModelEntry> models_;
  Table<TaskEntry> tasks_;
  Table<MetricEntry> metrics_;
  Table<DatasetEntry> datasets_;
  std::vector<ModelEntry> vlm_base_;

  friend class RegistryLoader;
};

}  // namespace vlmhb::registry
