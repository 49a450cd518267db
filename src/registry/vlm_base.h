#pragma once
// The predecessor's table of models, vlm_base.csv: models that this version cannot start (Python
// classes in Docker images) but whose answers it can evaluate. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.h"
#include "registry/entry.h"

namespace vlmhb::registry {

// Columns framework and model_name are needed; model_family, docker_image, python_package, module
// and class_name are used where they are, others (git_python_package) are not. Each model's
// `unsupported` says what it was and what to do. `file` is named in problems.
std::vector<ModelEntry> ReadVlmBase(std::string_view text, const std::string& file,
                                    std::vector<config::Problem>& problems);

}  // namespace vlmhb::registry
