#pragma once
// Writing systems of references against those of answers: a model that silently drops one of them
// is seen at once. Pure functions.

#include <vector>

#include "metrics/scripts.h"
#include "report/report_model.h"

namespace vlmhb::report {

void AddScripts(metrics::SymbolSpan text, metrics::ScriptCounts& counts);

// Scripts that either has. One is `dropped` if it makes up 5 % of the references at least, and the
// answers have less than a tenth of it.
std::vector<ScriptCount> CompareScripts(const metrics::ScriptCounts& expected,
                                        const metrics::ScriptCounts& answered);

}  // namespace vlmhb::report
