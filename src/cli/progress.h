#pragma once
// How a run looks while it runs: a live table in a terminal, plain lines elsewhere, nothing with
// -q. Everything goes to standard error, so that standard output has results only.

#include <memory>

#include "base/clock.h"
#include "cli/terminal.h"
#include "orchestrator/orchestrator.h"

namespace vlmhb::cli {

enum class Verbosity { kQuiet, kNormal, kVerbose };

// Lives as long as the run; its destructor leaves the final state on the screen.
std::unique_ptr<orchestrator::Listener> MakeProgress(const plan::Plan& plan,
                                                     const Terminal& terminal, Verbosity verbosity,
                                                     const Clock& clock);

// One line for a stage: bar, counts, rate, time left, failures. `now` is steady time.
std::string ProgressLine(const plan::Stage& stage, const orchestrator::StageReport& report,
                         const Terminal& terminal, Nanos now);

}  // namespace vlmhb::cli
