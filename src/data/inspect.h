#pragma once
// Looks at every sample and every image of a dataset, in whatever format, and tells what is in it
// and what is wrong with it.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/sample_reader.h"

namespace vlmhb::data {

enum class Severity {
  kError,    // the sample, or the dataset, cannot be used as it is
  kWarning,  // it can, but somebody should know
};

struct Finding {
  Severity severity = Severity::kError;
  std::string check;  // stable name: "missing_image"
  std::string place;  // "line 12"
  std::string what;
  std::string fix;
};

struct InspectOptions {
  SourceOptions source;
  std::string format;              // empty: detected
  std::set<std::string> required;  // roles that no sample may lack: question, answer, …
};

struct ImageCounts {
  uint64_t references = 0;  // of all samples
  uint64_t distinct = 0;    // by name, or by content where they have no name
  std::map<std::string, uint64_t> kinds;
  uint64_t bytes = 0;
  int64_t least_width = 0, most_width = 0;  // pixels; 0 if no size is known
  int64_t least_height = 0, most_height = 0;
};

struct Inspection {
  std::string format;
  os::Path root;
  std::vector<std::string> fields;
  uint64_t samples = 0;      // bad ones too
  uint64_t most_images = 0;  // of one sample
  std::map<std::string, uint64_t> doc_classes;
  std::map<std::string, uint64_t> question_types;
  std::map<std::string, uint64_t> scripts;  // samples whose question or answer has a letter of it
  ImageCounts images;
  std::map<std::string, uint64_t> errors;    // by check
  std::map<std::string, uint64_t> warnings;  // by check
  // Of the annotation and its images; absent for other formats, whose import tells it.
  std::optional<std::string> content_digest;
  bool partial = false;  // duplicates were looked for among the first million only
};
json::object ToJsonObject(const Inspection& inspection);

// Tells each finding as it comes. Images are read, but not decoded; two images are identical if
// their SHA-256 is. Memory is bounded: what is counted by name ends at 1000 names ("(others)"),
// what is compared at a million. Errors are those of opening and reading the source.
Result<Inspection> Inspect(const InspectOptions& options,
                           const std::function<void(const Finding&)>& tell);

}  // namespace vlmhb::data
