#pragma once
// What an inference stage is to do, as read from stage.json (docs/formats/stage.md).

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "data/dataset_view.h"
#include "data/prompts.h"
#include "os/file.h"

namespace vlmhb::inference {

enum class ImageTransport { kFile, kData };

struct ModelSpec {
  std::string name;
  std::string version;
  std::vector<std::string> command;  // argv of the plug-in
  json::object params;
  int64_t processes = 1;
};

struct InferSpec {
  std::string run;
  std::string identity;
  os::Path output;
  ModelSpec model;
  data::DatasetView dataset;
  data::PromptSpec prompt;
  json::object sampling;
  int64_t concurrency = 1;
  Millis timeout{300'000};  // of one attempt, in a backend process
  int64_t attempts = 1;
  ImageTransport image_transport = ImageTransport::kFile;
  bool retry_failed = false;         // ask failed samples of an earlier attempt again
  std::vector<std::string> wrapper;  // argv of the API wrapper
};

// `stage` is the whole of stage.json. The error (kCorrupt, kInvalidConfig for values out of range)
// names the member that is wrong.
Result<InferSpec> ParseInferSpec(const json::object& stage);

}  // namespace vlmhb::inference
