#pragma once
// From the object of one run, checked by the schema, to a RunConfig, and the checks that no schema
// can express. Pure.

#include <string>
#include <vector>

#include "base/json.h"
#include "config/experiment.h"

namespace vlmhb::config {

// `own` over `defaults`. "sampling" and "model_params" are merged key by key, all else is replaced.
json::object Merge(const json::object& defaults, const json::object& own);

// Values of a wrong type count as absent (the schema has reported them). `origin` stays empty.
RunConfig BuildRun(const json::object& run);

struct FieldProblem {
  std::string key;  // "model", or "model_params/token" below it
  std::string message;
};

// Required keys that are absent from a merged run, and keys that contradict each other.
std::vector<FieldProblem> CheckRun(const json::object& run);

// References to secrets where none may be, wrong ones, and literal secrets.
std::vector<FieldProblem> CheckReferences(const json::object& run);

}  // namespace vlmhb::config
