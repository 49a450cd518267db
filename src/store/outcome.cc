#include "store/outcome.h"

#include <array>
#include <cstddef>

namespace vlmhb::store {
namespace {

// Indexed by Outcome.
constexpr std::array<std::string_view, 12> kNames = {
    "ok",      "truncated", "bad_row",     "missing_image", "bad_image",  "bad_request",
    "timeout", "crashed",   "unavailable", "http_error",    "incomplete", "internal"};

}  // namespace

std::string_view OutcomeName(Outcome outcome) { return kNames.at(static_cast<size_t>(outcome)); }

std::optional<Outcome> OutcomeFromName(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Outcome>(i);
  return std::nullopt;
}

}  // namespace vlmhb::store
