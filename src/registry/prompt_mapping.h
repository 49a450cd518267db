#pragma once
// A prompt collection in JSON or YAML, the form of the predecessor's prompt_manager
// (docs/formats/prompts.md). Pure.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/experiment.h"

namespace vlmhb::registry {

// A file may be so long, in bytes.
inline constexpr size_t kMaxPromptMappingBytes = 1u << 20;

// What such a file says for one model.
struct PromptMapping {
  json::object texts;  // as data::PromptSpec has it: without null and what is for other models
  // Where the text at a JSON pointer into `texts` stands in the file.
  std::function<config::Origin(std::string_view pointer)> locate;
};

// Whether a file of this name is of this form, by its extension.
bool IsPromptMapping(std::string_view name);

// `file` (its extension gives the format) is named in problems. The part under "models" with the
// name of `model`, or else the one with the longest beginning of it, is laid over the rest. nullopt
// if anything is wrong, parts for other models included; every problem is added.
std::optional<PromptMapping> ReadPromptMapping(std::string_view text, const std::string& file,
                                               std::string_view model,
                                               std::vector<config::Problem>& problems);

}  // namespace vlmhb::registry
