#pragma once
// Finds a run's dataset and checks that its annotation has the columns that the run needs.

#include <functional>
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

// Where the import of a dataset is.
struct ImportedDataset {
  std::string root;
  std::string annotation;
};
using FindImport = std::function<std::optional<ImportedDataset>(const ImportSource& source,
                                                                const TaskEntry& task)>;

struct FoundDataset {
  ResolvedDataset dataset;
  std::vector<std::string> header;  // of the annotation
  bool header_known = true;         // false: the dataset has not been imported yet

  bool HasColumn(std::string_view column) const;
  bool HasRole(const std::string& role) const { return dataset.columns.contains(role); }
};

// Reads each annotation's header once. Not thread-safe.
class DatasetResolver {
 public:
  // Both must outlive this object. `find_import` may be empty.
  DatasetResolver(const config::Experiment& experiment, const Registry& registry,
                  FindImport find_import)
      : experiment_(experiment), registry_(registry), find_import_(std::move(find_import)) {}

  // nullopt, with a problem added, if there is no such dataset or it cannot be read. Missing
  // columns are problems too, but the dataset is returned, so that more can be checked.
  std::optional<FoundDataset> Resolve(const config::RunConfig& run, const TaskEntry& task,
                                      RunProblems& problems);

 private:
  // What a run names, before it is known what it is.
  struct Place {
    std::string name;
    os::Path path;                        // a folder or a file that is there
    const DatasetEntry* entry = nullptr;  // that names it
  };

  Result<Place> Find(const config::RunConfig& run, const TaskEntry& task) const;
  Result<Place> FindEntry(const DatasetEntry& entry, const TaskEntry& task) const;
  // Fills in what `place` is: an annotation, an import, or what is to be imported.
  void Classify(const Place& place, const TaskEntry& task, FoundDataset& found) const;
  static void CheckFormat(const Place& place, RunProblems& problems);
  Result<std::vector<std::string>> HeaderOf(const std::string& annotation);
  Error NotFound(const config::RunConfig& run, const os::Path& task_folder) const;
  void CheckColumns(const config::RunConfig& run, const TaskEntry& task,
                    const std::map<std::string, std::string>& columns, const FoundDataset& found,
                    RunProblems& problems) const;

  const config::Experiment& experiment_;
  const Registry& registry_;
  FindImport find_import_;
  std::map<std::string, Result<std::vector<std::string>>> headers_;  // by annotation file
};

}  // namespace vlmhb::registry
