#pragma once
// Peak resident memory of a process and all its descendants.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace vlmhb::wrapper {

// Sum of VmHWM over the living processes of the tree, in bytes; nullopt if /proc does not tell.
// An upper bound of the peak of the sum: the members need not have peaked together.
std::optional<int64_t> PeakMemoryOfTree(pid_t root);

// VmHWM in the text of /proc/<pid>/status, in bytes.
std::optional<int64_t> ParseHighWaterMark(std::string_view status);

}  // namespace vlmhb::wrapper
