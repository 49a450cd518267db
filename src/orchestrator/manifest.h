#pragma once
// manifest.json of a run: what really ran, where, under which limits. It has no secrets: parameters
// are recorded as the config references them.

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "orchestrator/provision.h"
#include "orchestrator/workspace.h"
#include "plan/plan.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// The injected packages of a stage of that kind: a model's layer, or a list of the metrics that are
// plug-ins with what they say they are and their layers; null if there are none.
json::value DescribePackages(const RunProvision* provision, plan::StageKind kind);

// Adds one stage to the run's manifest (created if missing), atomically.
Result<void> RecordStage(const Path& manifest, const registry::ResolvedRun& run,
                         const plan::RunInputs& inputs, plan::StageKind kind, json::object stage);

}  // namespace vlmhb::orchestrator
