#pragma once
// What a user's file says, as data: the common form of CSV, JSON and YAML. Nothing is looked up
// here (registry/resolve.h does that); every value remembers where it came from, so that an error
// found later still names file, row and column.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlmhb::config {

// A place in a user's file. `row` is the 1-based line (CSV, YAML) or 0 where it is not known
// (JSON); `field` is the column name (CSV, "" = the whole row) or a JSON pointer such as
// "/runs/2/model".
struct Origin {
  std::string file;
  uint64_t row = 0;
  std::string field;
};

// One thing that is wrong with the user's input. All of them are collected and shown at once.
struct Problem {
  Origin origin;
  std::string message;  // what was found, what was expected, did-you-mean
  // "exp.csv, row 3, column metrics: …" or "exp.yaml, line 7, /runs/2/model: …".
  std::string ToString() const;
};

struct MetricChoice {
  std::string name;
  json::object params;
};

// One run: one model on one dataset. An absent optional means "the default of the task, the model
// or the program", in this order.
struct RunConfig {
  Origin origin;  // of the row or object
  // Where the value of a key stands: "model", or below it "model_params/psm". Keys are those of the
  // JSON and YAML form; for a CSV row the answer is the column.
  Origin Field(std::string_view key) const;
  std::vector<std::string> inherited;  // keys whose value comes from "defaults"

  std::string name;  // "" = made from model, task and dataset
  std::string task;
  std::string dataset;    // a folder name below <datasets>/<task>/, a registry entry, or a path
  std::string framework;  // optional join key beside `model`
  std::string model;
  json::object model_params;

  // A text, or the name of a .txt file below the system prompts folder.
  std::optional<std::string> system_prompt;
  std::optional<std::string> prompt;             // fixed user prompt
  std::optional<std::string> prompt_collection;  // file below <prompt_collections>/<task>/

  std::optional<std::vector<MetricChoice>> metrics;
  std::optional<std::vector<std::string>> group_by;
  bool only_evaluate_metrics = false;
  std::optional<std::string> answers;  // answers file; implies only_evaluate_metrics
  std::optional<std::string> filter_doc_class;
  std::optional<std::string> filter_question_type;
  std::optional<int64_t> limit;

  json::object sampling;  // max_tokens, temperature, seed, ...
  std::optional<int64_t> concurrency;
  std::optional<int64_t> timeout_ms;
  std::optional<int64_t> attempts;
  std::optional<std::string> image_transport;  // "file" or "data"
};

// Folders of the predecessor's layout. Absolute after loading.
struct DataFolders {
  std::string datasets;            // <datasets>/<task>/<dataset>/annotation.csv
  std::string prompt_collections;  // <prompt_collections>/<task>/<file>
  std::string system_prompts;
  std::string answers;   // model_answers
  std::string vlm_base;  // vlm_base.csv, "" if there is none
};

struct BootstrapConfig {
  int64_t resamples = 1000;
  int64_t seed = 20250101;
  std::string cluster = "image_path";
  double level = 0.95;
};

struct Experiment {
  std::string name;   // slug; default: the file's stem
  std::string title;  // for the report; default: the name
  std::string file;   // absolute path of the config
  DataFolders folders;
  BootstrapConfig bootstrap;
  std::vector<RunConfig> runs;
};

}  // namespace vlmhb::config
