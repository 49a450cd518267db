#include "registry/dataset_resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/csv.h"
#include "base/text.h"
#include "data/import.h"
#include "registry/params.h"
#include "registry/version.h"

namespace vlmhb::registry {
namespace {

constexpr std::string_view kCanonicalFormat = "annotation";  // as data/import.h calls it

using config::RunConfig;
using os::Path;

bool IsFolder(const Path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

bool Exists(const Path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
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

// In this order: below the folder of the task, a registry entry, a path.
Result<DatasetResolver::Place> DatasetResolver::Find(const RunConfig& run,
                                                     const TaskEntry& task) const {
  const Path task_folder = FolderInAnyCase(experiment_.folders.datasets, task.name);
  const Result<Path> inside = os::JoinInside(task_folder, run.dataset);
  if (inside.ok() && Exists(*inside)) return Place{run.dataset, *inside};

  if (const Result<const DatasetEntry*> entry = registry_.FindDataset(run.dataset); entry.ok())
    return FindEntry(**entry, task);

  const Path path = (Path(experiment_.file).parent_path() / run.dataset).lexically_normal();
  const bool is_path = run.dataset.find('/') != std::string::npos || path.has_extension();
  if (is_path && IsFolder(path)) return Place{path.filename().string(), path};
  if (is_path && IsFile(path)) return Place{path.stem().string(), path};
  return NotFound(run, task_folder);
}

Result<DatasetResolver::Place> DatasetResolver::FindEntry(const DatasetEntry& entry,
                                                          const TaskEntry& task) const {
  if (AsciiLower(SplitReference(entry.task).name) != AsciiLower(task.name))
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("the dataset '{}' is for the task '{}' ({}), not for '{}'", entry.name,
                             entry.task, entry.file, task.name));
  if (!Exists(entry.path))
    return Error(ErrorCode::kNotFound, fmt::format("{} is not there; the dataset '{}' ({}) "
                                                   "expects it",
                                                   entry.path, entry.name, entry.file));
  return Place{entry.name, entry.path, &entry};
}

void DatasetResolver::Classify(const Place& place, const TaskEntry& task,
                               FoundDataset& found) const {
  ResolvedDataset& dataset = found.dataset;
  dataset.name = place.name;
  const std::string format = place.entry == nullptr ? "" : place.entry->format;
  const bool canonical = !task.is_plugin() && (format.empty() || format == kCanonicalFormat);
  if (canonical && IsFile(place.path / "annotation.csv")) {
    dataset.root = place.path.string();
    dataset.annotation = (place.path / "annotation.csv").string();
    return;
  }
  if (canonical && place.path.extension() == ".csv") {
    dataset.root = place.path.parent_path().string();
    dataset.annotation = place.path.string();
    return;
  }
  dataset.source = ImportSource{.path = place.path.string(), .format = format};
  if (place.entry != nullptr) {
    dataset.source->skip_bad = place.entry->skip_bad;
    dataset.source->roles = place.entry->columns;
  }
  if (task.is_plugin()) {
    dataset.source->by_plugin = true;
    dataset.source->params = task.params;
    if (place.entry != nullptr)
      dataset.source->params = MergeParams(task.params, place.entry->params);
  }
  const auto imported =
      find_import_ ? find_import_(*dataset.source, task) : std::optional<ImportedDataset>();
  found.header_known = imported.has_value();
  if (!imported.has_value()) return;
  dataset.root = imported->root;
  dataset.annotation = imported->annotation;
}

Error DatasetResolver::NotFound(const RunConfig& run, const Path& task_folder) const {
  std::vector<std::string> known = FoldersIn(task_folder);
  for (const auto& [name, entries] : registry_.datasets()) known.push_back(name);
  return Error(ErrorCode::kNotFound,
               fmt::format("there is no dataset '{}': {} is not there.{}", run.dataset,
                           (task_folder / run.dataset).string(), DidYouMean(run.dataset, known)));
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
  if (!found.HasColumn(experiment_.bootstrap.cluster))
    problems.Add(
        "dataset",
        fmt::format("{} has no column '{}', by which the bootstrap resamples; name another "
                    "under bootstrap.cluster.{}",
                    found.dataset.annotation, experiment_.bootstrap.cluster,
                    DidYouMean(experiment_.bootstrap.cluster, found.header)));
}

// What can be told of a dataset of another form without reading it.
void DatasetResolver::CheckFormat(const Place& place, RunProblems& problems) {
  std::vector<std::string> names;
  for (const data::Format& format : data::Formats()) names.emplace_back(format.name);
  const std::string format = place.entry == nullptr ? "" : place.entry->format;
  if (!format.empty() && data::FindFormat(format) == nullptr)
    problems.Add("dataset",
                 fmt::format("the dataset '{}' ({}) has the unknown format '{}'.{} There "
                             "are {}",
                             place.name, place.entry->file, format, DidYouMean(format, names),
                             Join(names, ", ")));
  if (format.empty() && data::DetectFormat(place.path) == nullptr)
    problems.Add("dataset",
                 fmt::format("{} looks like no known form of a dataset (it has no annotation.csv, "
                             "and is none of {}); `vlmhb data inspect --format NAME` says what is "
                             "wrong with it",
                             place.path.string(), Join(names, ", ")));
}

Result<std::vector<std::string>> DatasetResolver::HeaderOf(const std::string& annotation) {
  auto header = headers_.find(annotation);
  if (header == headers_.end())
    header = headers_.emplace(annotation, ReadCsvHeader(annotation)).first;
  return header->second;
}

std::optional<FoundDataset> DatasetResolver::Resolve(const RunConfig& run, const TaskEntry& task,
                                                     RunProblems& problems) {
  const Result<Place> place = Find(run, task);
  if (!place.ok()) {
    problems.Add("dataset", place.error());
    return std::nullopt;
  }
  if (task.is_plugin() && !IsFolder(place->path)) {
    problems.Add("dataset", fmt::format("the task '{}' is a plug-in, which reads a folder; name {}",
                                        task.name, place->path.parent_path().string()));
    return std::nullopt;
  }
  FoundDataset found;
  Classify(*place, task, found);
  if (found.dataset.source.has_value() && !task.is_plugin()) CheckFormat(*place, problems);
  found.dataset.filter_doc_class = run.filter_doc_class;
  found.dataset.filter_question_type = run.filter_question_type;
  found.dataset.limit = run.limit;
  if (!found.header_known) return found;
  Result<std::vector<std::string>> header = HeaderOf(found.dataset.annotation);
  if (!header.ok()) {
    problems.Add("dataset", header.error());
    return std::nullopt;
  }
  found.header = *std::move(header);
  // An import has the usual names, whatever the source and the task call them.
  std::map<std::string, std::string> columns =
      found.dataset.source.has_value() ? TaskEntry::UsualColumns() : task.columns;
  if (place->entry != nullptr && !found.dataset.source.has_value())
    for (const auto& [role, column] : place->entry->columns) columns[role] = column;
  for (const auto& [role, column] : columns)
    if (found.HasColumn(column)) found.dataset.columns[role] = column;
  CheckColumns(run, task, columns, found, problems);
  return found;
}

}  // namespace vlmhb::registry
