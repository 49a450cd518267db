#include "registry/dataset_resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/csv.h"
#include "base/text.h"

namespace vlmhb::registry {
namespace {

using config::RunConfig;
using os::Path;

bool IsFolder(const Path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

bool IsFile(const Path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// Names of the folders in `parent`, sorted.
std::vector<std::string> FoldersIn(const Path& parent) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error))
    if (IsFolder(it->path())) names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::vector<std::string>> ReadCsvHeader(const Path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return ErrnoError(errno, fmt::format("cannot open {}", file.string()));
  CsvReader reader(stream, {.delimiter = GuessCsvDelimiter(stream), .max_record_bytes = 1u << 20});
  std::vector<std::string> header;
  VLMHB_ASSIGN(const bool more, reader.Next(header));
  if (!more) return Error(ErrorCode::kCorrupt, fmt::format("{} is empty", file.string()));
  if (!std::all_of(header.begin(), header.end(), [](const auto& c) { return IsValidUtf8(c); }))
    return Error(ErrorCode::kCorrupt, fmt::format("{} is not UTF-8", file.string()));
  return header;
}

Path FolderInAnyCase(const Path& parent, const std::string& name) {
  if (IsFolder(parent / name)) return parent / name;
  for (const std::string& folder : FoldersIn(parent))
    if (AsciiLower(folder) == AsciiLower(name)) return parent / folder;
  return parent / name;
}

bool FoundDataset::HasColumn(std::string_view column) const {
  return std::find(header.begin(), header.end(), column) != header.end();
}

// In this order: a folder of the predecessor's layout, a registry entry, a path.
Result<DatasetResolver::Place> DatasetResolver::Find(const RunConfig& run,
                                                     const TaskEntry& task) const {
  const Path task_folder = FolderInAnyCase(experiment_.folders.datasets, task.name);
  const Result<Path> folder = os::JoinInside(task_folder, run.dataset);
  if (folder.ok() && IsFile(*folder / "annotation.csv"))
    return Place{run.dataset, *folder, *folder / "annotation.csv", {}};

  if (const auto entry = registry_.datasets().find(run.dataset);
      entry != registry_.datasets().end()) {
    const DatasetEntry& dataset = entry->second;
    if (AsciiLower(dataset.task) != AsciiLower(task.name))
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("the dataset '{}' is for the task '{}' ({}), not for '{}'",
                               dataset.name, dataset.task, dataset.file, task.name));
    const Path root = dataset.path;
    if (!IsFile(root / "annotation.csv"))
      return Error(ErrorCode::kNotFound,
                   fmt::format("{} is not there; the dataset '{}' ({}) "
                               "expects it",
                               (root / "annotation.csv").string(), dataset.name, dataset.file));
    return Place{dataset.name, root, root / "annotation.csv", dataset.columns};
  }

  const Path path = (Path(experiment_.file).parent_path() / run.dataset).lexically_normal();
  if (run.dataset.find('/') != std::string::npos || run.dataset.ends_with(".csv")) {
    if (IsFile(path)) return Place{path.stem().string(), path.parent_path(), path, {}};
    if (IsFile(path / "annotation.csv"))
      return Place{path.filename().string(), path, path / "annotation.csv", {}};
  }
  return NotFound(run, task_folder);
}

Error DatasetResolver::NotFound(const RunConfig& run, const Path& task_folder) const {
  std::vector<std::string> known = FoldersIn(task_folder);
  for (const auto& [name, entry] : registry_.datasets()) known.push_back(name);
  return Error(ErrorCode::kNotFound,
               fmt::format("there is no dataset '{}': {} is not there.{}", run.dataset,
                           (task_folder / run.dataset / "annotation.csv").string(),
                           DidYouMean(run.dataset, known)));
}

void DatasetResolver::CheckColumns(const RunConfig& run, const TaskEntry& task,
                                   const std::map<std::string, std::string>& columns,
                                   const FoundDataset& found, RunProblems& problems) const {
  const auto require = [&](const std::string& role, const char* key, std::string_view why) {
    if (found.HasRole(role)) return;
    const auto column = columns.find(role);
    const std::string name = column == columns.end() ? role : column->second;
    problems.Add(
        key, fmt::format("{} has no column '{}', which {} needs.{}", found.dataset.annotation, name,
                         why, DidYouMean(name, found.header)));
  };
  const bool own_prompt = run.prompt.has_value() || run.prompt_collection.has_value();
  for (const std::string& role : task.required_columns)
    if (role != "question" || !own_prompt)
      require(role, "dataset", fmt::format("the task '{}'", task.name));
  if (run.filter_doc_class.has_value()) require("doc_class", "filter_doc_class", "the filter");
  if (run.filter_question_type.has_value())
    require("question_type", "filter_question_type", "the filter");
  if (run.prompt_collection.has_value()) {
    require("doc_class", "prompt_collection", "a prompt collection");
    require("question_type", "prompt_collection", "a prompt collection");
  }
  if (!found.HasColumn(experiment_.bootstrap.cluster))
    problems.Add(
        "dataset",
        fmt::format("{} has no column '{}', by which the bootstrap resamples; name another "
                    "under bootstrap.cluster.{}",
                    found.dataset.annotation, experiment_.bootstrap.cluster,
                    DidYouMean(experiment_.bootstrap.cluster, found.header)));
}

std::optional<FoundDataset> DatasetResolver::Resolve(const RunConfig& run, const TaskEntry& task,
                                                     RunProblems& problems) {
  Result<Place> place = Find(run, task);
  if (!place.ok()) {
    problems.Add("dataset", place.error());
    return std::nullopt;
  }
  auto header = headers_.find(place->annotation.string());
  if (header == headers_.end())
    header = headers_.emplace(place->annotation.string(), ReadCsvHeader(place->annotation)).first;
  if (!header->second.ok()) {
    problems.Add("dataset", header->second.error());
    return std::nullopt;
  }

  FoundDataset found;
  found.header = *header->second;
  found.dataset.name = place->name;
  found.dataset.root = place->root.string();
  found.dataset.annotation = place->annotation.string();
  found.dataset.filter_doc_class = run.filter_doc_class;
  found.dataset.filter_question_type = run.filter_question_type;
  found.dataset.limit = run.limit;
  std::map<std::string, std::string> columns = task.columns;
  for (const auto& [role, column] : place->columns) columns[role] = column;
  for (const auto& [role, column] : columns)
    if (found.HasColumn(column)) found.dataset.columns[role] = column;
  CheckColumns(run, task, columns, found, problems);
  return found;
}

}  // namespace vlmhb::registry
