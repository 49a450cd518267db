#pragma once
// The commented experiment that `vlmhb init` writes.

#include <string_view>

namespace vlmhb::config {

// YAML, valid as it stands where the demo's dataset layout exists.
std::string_view StarterExperiment();

}  // namespace vlmhb::config
