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

// An entry that may be a plug-in: a program, or a class in packages of its own.
struct PluginEntry : EntryHeader {
  // argv. command[0]: absolute, or with a slash relative to the entry's file, or a bare name looked
  // up beside the vlmhb program and then in its workers/ folder, or "python" for the interpreter of
  // its packages. Empty: it is no plug-in.
  std::vector<std::string> command;
  std::string plugin;  // of a Python plug-in, its name among the entry points; "" otherwise
  std::vector<PackageSource> packages;  // installed into a layer that its stages mount
  std::string image;                    // where environments have images; "": an empty one
  json::object params;                  // defaults

  bool is_plugin() const { return !command.empty(); }
};

// The command of the plug-in `plugin` of the Python package vlmhyperbench.
std::vector<std::string> PythonPlugin(Kind kind, const std::string& plugin);

struct ModelEntry : PluginEntry {
  std::string framework;  // join key with the predecessor's CSV, for instance "Tesseract"
  std::string family;
  // Not empty: it cannot be run by this version, and why (evaluating its answers still works).
  std::string unsupported;
  Resources resources;
  bool network = false;  // whether inference needs the outside (remote backends)
};

// As a plug-in it makes the samples of its datasets.
struct TaskEntry : PluginEntry {
  std::map<std::string, std::string> columns;  // role -> annotation column (stage.md, dataset view)
  std::vector<std::string> required_columns;   // roles that every dataset of it must have
  std::string prompt;                          // fallback user prompt
  std::vector<std::string> metrics;            // default
  std::vector<std::string> supported_metrics;  // empty: all
  std::vector<std::string> group_by;           // default
  std::string report;  // extra section of the report: "none", "text", "fields", "confusion", …

  // The columns of a task that says nothing of them, and of every import.
  static std::map<std::string, std::string> UsualColumns();
};

// Either a plug-in or an implementation of this program.
struct MetricEntry : PluginEntry {
  std::string implementation;  // name in the table of metrics/
  std::string aggregate;       // "ratio", "mean" or "corpus"; a plug-in's "": as it says itself
  std::string direction;       // "lower" or "higher" is better
  std::string unit;
  json::array range;  // [low, high or null]
};

struct DatasetEntry : EntryHeader {
  std::string task;
  std::string path;    // absolute, or relative to the entry's file
  std::string format;  // a format of data/import.h; "": an annotation.csv, or found out
  std::map<std::string, std::string> columns;  // overrides the task's
  json::object params;                         // over those of a task that is a plug-in
  bool skip_bad = false;  // records that cannot be imported are left out, not an error
};

}  // namespace vlmhb::registry
