#pragma once
// An experiment after every name was looked up and every path and parameter checked: what the plan
// is made from. All paths are absolute.

#include <optional>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/prompts.h"
#include "registry/entry.h"

namespace vlmhb::registry {

// A dataset in another form than stages read: it is imported first (docs/formats/dataset.md).
struct ImportSource {
  std::string path;    // folder or file, absolute
  std::string format;  // of data/import.h; "": found out. Means nothing to a plug-in
  std::map<std::string, std::string> roles;  // SourceOptions::roles; likewise
  bool by_plugin = false;                    // its samples are made by the run's task
  bool skip_bad = false;                     // records that cannot be imported are left out
  json::object params;                       // of that plug-in
};

struct ResolvedDataset {
  std::string name;
  std::optional<ImportSource> source;  // unset: it is an annotation.csv as it is
  // With a source: those of the import, or empty while it has not been made.
  std::string root;        // images are relative to it
  std::string annotation;  // the CSV file
  std::map<std::string, std::string> columns;
  std::optional<std::string> filter_doc_class;
  std::optional<std::string> filter_question_type;
  std::optional<int64_t> limit;
};

struct ResolvedMetric {
  MetricEntry entry;
  json::object params;
};

struct ResolvedRun {
  std::string id;    // unique in the experiment, safe as a folder name
  ModelEntry model;  // `params` merged with the run's, command[0] absolute
  TaskEntry task;
  ResolvedDataset dataset;
  data::PromptSpec prompt;
  std::vector<ResolvedMetric> metrics;
  std::vector<std::string> group_by;
  json::object sampling;
  int64_t concurrency = 1;
  int64_t timeout_ms = 120'000;
  int64_t attempts = 3;
  std::string image_transport = "file";
  std::optional<std::string> answers;  // set: evaluate this file, no inference
};

struct ResolvedExperiment {
  std::string name;
  std::string title;
  std::string file;
  config::BootstrapConfig bootstrap;
  std::vector<ResolvedRun> runs;
};

}  // namespace vlmhb::registry
