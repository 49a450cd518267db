#pragma once
// Finds a run's dataset and checks that its annotation has the columns that the run needs.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/experiment.h"
#include "registry/registry.h"
#include "registry/resolved.h"
#include "registry/run_problems.h"

namespace vlmhb::registry {

// The first record of a CSV file. kCorrupt if it is empty or not UTF-8.
Result<std::vector<std::string>> ReadCsvHeader(const os::Path& file);

// A folder below `parent` called `name`, in any ASCII case if not exactly ("VQA" finds "vqa").
// Where there is none: parent / name.
os::Path FolderInAnyCase(const os::Path& parent, const std::string& name);

struct FoundDataset {
  ResolvedDataset dataset;
  std::vector<std::string> header;  // of the annotation

  bool HasColumn(std::string_view column) const;
  bool HasRole(const std::string& role) const { return dataset.columns.contains(role); }
};

// Reads each annotation's header once. Not thread-safe.
class DatasetResolver {
 public:
  // Both must outlive this object.
  DatasetResolver(const config::Experiment& experiment, const Registry& registry)
      : experiment_(experiment), registry_(registry) {}

  // nullopt, with a problem added, if there is no such dataset or it cannot be read. Missing
  // columns are problems too, but the dataset is returned, so that more can be checked.
  std::optional<FoundDataset> Resolve(const config::RunConfig& run, const TaskEntry& task,
                                      RunProblems& problems);

 private:
  struct Place {
    std::string name;
    os::Path root;
    os::Path annotation;
    std::map<std::string, std::string> columns;  // overrides
  };

  Result<Place> Find(const config::RunConfig& run, const TaskEntry& task) const;
  Error NotFound(const config::RunConfig& run, const os::Path& task_folder) const;
  void CheckColumns(const config::RunConfig& run, const TaskEntry& task,
                    const std::map<std::string, std::string>& columns, const FoundDataset& found,
                    RunProblems& problems) const;

  const config::Experiment& experiment_;
  const Registry& registry_;
  std::map<std::string, Result<std::vector<std::string>>> headers_;  // by annotation file
};

}  // namespace vlmhb::registry
