#pragma once
// Which samples of which data set a stage works on: the "dataset view" of docs/formats/stage.md.

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "os/file.h"

namespace vlmhb::data {

// The annotation column that holds each part of a sample.
struct RoleColumns {
  std::string image = "image_path";
  std::string question = "question";
  std::string answer = "answer";
  std::string doc_class = "doc_class";
  std::string question_type = "question_type";
  std::string system = "system_prompt";
};

struct DatasetView {
  os::Path root;        // images are relative to it
  os::Path annotation;  // the CSV file
  RoleColumns columns;
  std::optional<std::string> doc_class;      // exact filter
  std::optional<std::string> question_type;  // exact filter
  std::optional<uint64_t> limit;             // at most so many samples, after the filters
};

// kCorrupt names the member that is wrong. Absent columns have their usual names.
Result<DatasetView> ParseDatasetView(const json::object& object);
json::object ToJsonObject(const DatasetView& view);

}  // namespace vlmhb::data
