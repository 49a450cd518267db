#pragma once
// What a report says, as plain data: collect.h fills it from folders, compare.h adds the paired
// differences, and markdown.h, html.h and json.h show it. An absent optional was not measured; it
// is shown as absent, never as 0. All text is as it was found: escaping is the renderers' work.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlmhb::report {

struct Interval {
  double low = 0;
  double high = 0;
};

struct MetricDefinition {
  std::string name;
  std::string unit;  // printed after the number; without one, fractions are shown in percent
  std::string aggregate;
  bool lower_is_better = true;
  std::optional<double> range_low;
  std::optional<double> range_high;
  json::object params;
};

struct MetricValue {
  std::optional<double> value;
  std::optional<Interval> ci;
  int64_t count = 0;  // scored samples
  int64_t clusters = 0;
  int64_t unscorable = 0;
};

// One row of statistics.json "groups".
struct Group {
  std::string by;                // "general", "by_doc_type", …
  std::vector<std::string> key;  // values of the key; empty for general
  int64_t expected = 0;
  int64_t failed = 0;
  int64_t missing = 0;
  std::map<std::string, MetricValue> metrics;
};

// Quantiles of one duration, numpy's "linear" method. All in milliseconds.
struct Distribution {
  int64_t count = 0;
  std::optional<double> p50, p90, p99;
  std::vector<double> curve;  // the quantiles 0, 1/100, …, 1; empty when count is 0
};

// How the intervals were made, from statistics.json.
struct Bootstrap {
  int64_t resamples = 0;
  int64_t seed = 0;
  std::string cluster;  // column of metrics_by_id.csv, usually the image
  double level = 0.95;
  bool operator==(const Bootstrap&) const = default;
};

struct Speed {
  Distribution ttft, tpot, latency, queue;
  std::optional<double> active_seconds;      // time with a request in flight, see throughput.h
  std::optional<double> answers_per_second;  // answers / active_seconds
  std::optional<double> tokens_per_second;   // completion tokens / active_seconds
  std::optional<double> peak_memory_mb;      // MB of 10^6 bytes
  std::optional<double> gpu_memory_mb;       // the same, as the model's framework counts it
};

// One sample that is shown: a failure or one of the worst answers.
struct Sample {
  int64_t id = 0;
  std::string outcome;
  std::string error;
  std::string expected;
  std::string answer;
  std::string image;            // the first one, relative to the dataset's root
  size_t images = 0;            // how many it has
  std::optional<double> value;  // of the section's first metric
  int picture = -1;             // index in Report::pictures, -1: none, see picture_note
  std::string picture_note;     // why there is none
};

struct Failure {
  std::string outcome;
  int64_t count = 0;
  std::vector<Sample> examples;  // the first few
};

// What answers make of one field of the references, over all answered samples. Places in lists are
// counted together: "items[].price".
struct FieldCount {
  std::string path;
  int64_t expected = 0;
  int64_t equal = 0;
  int64_t wrong = 0;     // there, with another value
  int64_t missing = 0;   // not there
  int64_t invented = 0;  // there, but not in the reference
};

// Expected against answered labels. The rows are `labels`, then all others together; the columns
// are the same and "no label" after them.
struct Confusion {
  std::vector<std::string> labels;            // the most frequent ones of the references
  std::vector<std::vector<int64_t>> samples;  // [expected][answered]
};

struct ChoiceCount {
  std::string letter;  // "": no letter
  int64_t expected = 0;
  int64_t answered = 0;
  int64_t right = 0;
};

// How often the number of a place is right.
struct PageOrder {
  static constexpr size_t kPlaces = 20;
  struct Place {
    int64_t expected = 0;
    int64_t right = 0;
  };
  std::vector<Place> places;  // the first kPlaces, then one that is all further ones
  int64_t samples = 0;        // answers to references that are lists
  int64_t no_list = 0;        // of them, those without a list
  int64_t other_length = 0;   // or with one that is shorter or longer
};

// Characters of one writing system, over all answered samples.
struct ScriptCount {
  std::string script;  // "Latin", "Cyrillic", …
  int64_t expected = 0;
  int64_t answered = 0;
  bool dropped = false;  // much of the references, and next to nothing of the answers
};

// What the task's entry asks for beyond metrics. Whatever was not asked for is empty.
struct TaskReport {
  std::vector<FieldCount> fields;  // by path; the last may be of all others, its path being ""
  std::optional<Confusion> confusion;
  std::vector<ChoiceCount> choices;  // by letter
  std::optional<PageOrder> order;
  std::vector<ScriptCount> scripts;
};

struct RunReport {
  std::string name;
  std::string model;
  std::string model_version;
  std::string label;  // what the report calls it: the model, or the run where models repeat
  std::string task;
  std::string dataset;
  std::string failure;  // why the run did not complete; "" when it did

  std::optional<int64_t> expected, answered, failed, missing, images;
  std::vector<MetricDefinition> metrics;
  std::optional<Bootstrap> bootstrap;
  std::vector<Group> groups;  // general among them
  Speed speed;
  std::vector<Failure> failures;
  std::vector<Sample> worst;
  TaskReport task_report;
  std::optional<json::object> manifest;
  std::vector<std::string> notes;  // what is absent or could not be read, and why

  // The general value of `metric`; null when there is none.
  const MetricValue* General(const std::string& metric) const;
};

enum class Verdict {
  kBest,
  kWorse,                    // the paired interval excludes 0
  kNoSignificantDifference,  // it does not
  kBetterOnCommon,           // better where both have a score; the best only leads on other samples
  kNotComparable,            // no paired difference, see Difference::note
};

// A run against the best run, on the samples that both scored.
struct Difference {
  size_t run = 0;  // index in Report::runs
  Verdict verdict = Verdict::kNotComparable;
  std::optional<double> difference;  // run - best
  std::optional<Interval> ci;
  int64_t samples = 0;
  std::string note;  // why it is not comparable
};

struct Comparison {
  MetricDefinition metric;
  std::optional<size_t> best;  // index in Report::runs; nullopt when nothing was measured
  // Every run of the section that has a value, the best first, then by value.
  std::vector<Difference> runs;
  // The best is better than the second, and the paired interval excludes 0.
  bool best_is_significant = false;
};

// The runs that answer one question: same task, same dataset.
struct Section {
  std::string task;
  std::string dataset;
  std::vector<size_t> runs;             // indices in Report::runs, in the order of the spec
  std::vector<Comparison> comparisons;  // by metric; the first is the headline's
};

struct Picture {
  std::string media_type;  // "image/png" or "image/jpeg"
  int width = 0;
  int height = 0;
  std::string bytes;
  std::string file_name;  // below the report's images/ folder
};

struct Report {
  std::string title;
  std::string experiment;
  std::string generated_at;
  std::vector<RunReport> runs;
  std::vector<Section> sections;
  std::vector<Picture> pictures;
  std::vector<std::string> warnings;  // sandbox off, manifests' warnings: shown at the top
};

}  // namespace vlmhb::report
