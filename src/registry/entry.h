#pragma once
// Registry entries: what a model, a task, a metric or a dataset is, as data. The core knows none by
// name. An entry is a YAML or JSON file; docs/formats/registry.md describes it key by key.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vlmhb::registry {

enum class Kind { kModel, kTask, kMetric, kDataset };
std::string_view KindName(Kind kind);  // "model", "task", "metric", "dataset"

// Later levels override earlier ones by name.
enum class Level { kBuiltIn, kUser, kExperiment };
std::string_view LevelName(Level level);  // "built-in", "user", "experiment"

struct EntryHeader {
  Kind kind = Kind::kModel;
  std::string name;
  std::string version;
  std::string description;
  json::object params_schema;  // JSON Schema of `params`; additionalProperties defaults to false
  Level level = Level::kBuiltIn;
  std::string file;  // "built-in:models/x.yaml" or an absolute path
};

// What one inference stage of a model needs at the same time.
struct Resources {
  int64_t cpus = 1;
  int64_t memory_mb = 2048;  // limit of the environment, MB of 10^6 bytes
  int64_t gpus = 0;
  int64_t processes = 1;  // plug-in processes serving side by side
};

// A Python package that an entry brings along.
struct PackageSource {
  enum class Type { kPypi, kGit, kLocal };
  Type type = Type::kPypi;
  std::string name;       // pypi; with extras, for instance "transformers[torch]"
  std::string version;    // pypi: a version, or a specifier such as ">=2,<3"; "" any
  std::string url;        // git: https:// or ssh:// or file://
  std::string ref;        // git: branch, tag or commit; "" the default branch
  std::string path;       // local: absolute once read
  bool editable = false;  // local: used in place; only in RUN_MODE dev
};

struct ModelEntry : EntryHeader {
  std::string framework;  // join key with the predecessor's CSV, for instance "Tesseract"
  std::string family;
  // argv of the plug-in. command[0]: absolute, or with a slash relative to the entry's file, or a
  // bare name looked up beside the vlmhb program and then in its workers/ folder. Empty: the model
  // cannot be run by this version; `unsupported` says why (evaluating its answers still works).
  std::vector<std::string> command;
  std::string unsupported;
  json::object params;  // defaults
  Resources resources;
  std::vector<PackageSource> packages;  // installed into a layer that its stages mount
  std::string image;                    // where environments have images; "": an empty one
  bool network = false;                 // whether inference needs the outside (remote backends)
};

struct TaskEntry : EntryHeader {
  std::map<std::string, std::string> columns;  // role -> annotation column (stage.md, dataset view)
  std::vector<std::string> required_columns;   // roles that every dataset of it must have
  std::string prompt;                          // fallback user prompt
  std::vector<std::string> metrics;            // default
  std::vector<std::string> supported_metrics;  // empty: all
  std::vector<std::string> group_by;           // default
  std::string report;  // extra section of the report: "none", "text", "fields", "confusion", …
};

struct MetricEntry : EntryHeader {
  std::string implementation;  // name in the table of metrics/
  std::string aggregate;       // "ratio" or "mean"
  std::string direction;       // "lower" or "higher" is better
  std::string unit;
  json::array range;    // [low, high or null]
  json::object params;  // defaults
};

struct DatasetEntry : EntryHeader {
  std::string task;
  std::string path;                            // absolute, or relative to the entry's file
  std::map<std::string, std::string> columns;  // overrides the task's
};

}  // namespace vlmhb::registry
