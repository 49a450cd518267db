#pragma once
// Gives every run of an experiment an id that is unique and safe as a folder name. Pure.

#include <string>
#include <vector>

#include "config/experiment.h"

namespace vlmhb::registry {

// In the order of `runs`: the name that the user gave, else "<model>__<dataset>"; where that is
// taken,
// "-2", "-3" and so on is appended (case does not tell ids apart, since some file systems ignore
// it). Two runs of one given name are a problem.
std::vector<std::string> MakeRunIds(const std::vector<config::RunConfig>& runs,
                                    std::vector<config::Problem>& problems);

}  // namespace vlmhb::registry
