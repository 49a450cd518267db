#pragma once
// What holds for every form of a config.

#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "config/load.h"

namespace vlmhb::fuzz {

inline void TestConfig(std::string_view text, const os::Path& path) {
  const config::Loaded loaded = config::ParseExperiment(text, path);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    CHECK(!problems->empty(), "a refused config has a problem");
    for (const config::Problem& problem : *problems)
      CHECK(!problem.message.empty(), "a problem says what it is");
    (void)config::ToString(*problems);
    return;
  }
  CHECK(!std::get<config::Experiment>(loaded).runs.empty(), "an experiment has a run");
}

}  // namespace vlmhb::fuzz
