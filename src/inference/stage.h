#pragma once
// The inference stage as a whole: stage.json in; journal, answers.csv, requests.csv, events.jsonl
// and result.json out (docs/formats/stage.md).

#include "base/json.h"
#include "base/result.h"
#include "inference/runner.h"
#include "store/result.h"

namespace vlmhb::inference {

// Runs (or continues) the stage that `stage`, the content of stage.json, describes. Blocks. The
// result has been published when it returns. Errors: those of RunInference(); kUnavailable if
// another process works on the same output; whatever was acknowledged is kept, and the same call
// continues.
Result<store::StageResult> RunInferStage(const json::object& stage, const RunContext& context);

}  // namespace vlmhb::inference
