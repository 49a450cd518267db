#pragma once
// What holds for every form of a config.

#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "config/load.h"

namespace vlmhb::fuzz {

inline void TestConfig(std::string_view text, const os::Path& path) {
  const config::Loaded loaded = config::ParseExperiment(text, path);
  for (const config::Problem& problem : loaded.problems)
    CHECK(!problem.message.empty(), "a problem says what it is");
  (void)config::ToString(loaded.problems);
  CHECK(!loaded.ok() || !loaded.experiment.runs.empty(), "an experiment has a run");
}

}  // namespace vlmhb::fuzz
