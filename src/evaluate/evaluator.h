#pragma once
// MetricEvaluator: the evaluate stage of docs/formats/stage.md. Joins answers and annotation by
// sample id, scores them, and writes what docs/formats/metrics.md describes.

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace vlmhb::evaluate {

struct StageCounts {
  uint64_t total = 0;   // samples of the dataset view
  uint64_t ok = 0;      // answered
  uint64_t failed = 0;  // failures and missing answers: never scored, never a wrong answer
};

// `stage` is the whole of stage.json. Blocks until result.json is published. Memory does not grow
// with the number of samples, except 16 bytes a row for an answers file that is not ascending by
// id. kCancelled soon after `stop` becomes true. An error is also the last event of events.jsonl.
// `environment`: the variables of metrics that are plug-ins, which say what they say on standard
// error.
Result<StageCounts> RunEvaluateStage(const json::object& stage, const Clock& clock,
                                     const std::atomic<bool>& stop,
                                     const std::map<std::string, std::string>& environment = {});

}  // namespace vlmhb::evaluate
