#pragma once
// Ctrl-C and SIGTERM as a flag. The first asks for a clean stop; the second ends the process at
// once (children die with it).

#include <atomic>

namespace vlmhb::cli {

// Installs the handlers once and returns the flag, which lives as long as the process.
const std::atomic<bool>& StopOnSignals();

}  // namespace vlmhb::cli
