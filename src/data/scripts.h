#pragma once
// Which scripts a text is written in, by the ranges of Unicode: enough to see that a dataset is
// Russian or Chinese, not to tell Russian from Bulgarian. Pure.

#include <cstdint>
#include <span>
#include <string_view>

namespace vlmhb::data {

// Names of the scripts, by bit of ScriptsOf.
std::span<const std::string_view> ScriptNames();

// A bit for each script of which `text` has a letter. Digits, punctuation and ill-formed bytes are
// of none.
uint32_t ScriptsOf(std::string_view text);

}  // namespace vlmhb::data
