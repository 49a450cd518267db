#include "report/script_counts.h"

namespace vlmhb::report {

void AddScripts(metrics::SymbolSpan text, metrics::ScriptCounts& counts) {
  const metrics::ScriptCounts more = metrics::CountScripts(text);
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += more[i];
}

std::vector<ScriptCount> CompareScripts(const metrics::ScriptCounts& expected,
                                        const metrics::ScriptCounts& answered) {
  constexpr double kMuch = 0.05;          // of the references
  constexpr double kNextToNothing = 0.1;  // of the script in the references
  uint64_t all = 0;
  for (const uint64_t count : expected) all += count;
  std::vector<ScriptCount> scripts;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == 0 && answered[i] == 0) continue;
    const bool dropped = expected[i] > 0 && double(expected[i]) >= kMuch * double(all) &&
                         double(answered[i]) < kNextToNothing * double(expected[i]);
    scripts.push_back({std::string(metrics::ScriptName(metrics::Script(i))), int64_t(expected[i]),
                       int64_t(answered[i]), dropped});
  }
  return scripts;
}

}  // namespace vlmhb::report
