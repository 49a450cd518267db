#pragma once
// A reference that is several: any of them would be right (docs/metrics.md).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/score.h"

namespace vlmhb::metrics {

// The texts of a reference that is a JSON list of texts, else the reference itself. Pure.
std::vector<std::string> References(std::string_view reference);

// The best of `score` over the references, where more is better. The first of equal ones.
template <typename ScoreOf>
std::optional<Score> BestOf(std::string_view reference, ScoreOf score) {
  if (!reference.starts_with('[')) return score(reference);
  std::optional<Score> best;
  for (const std::string& one : References(reference)) {
    const std::optional<Score> value = score(std::string_view(one));
    if (value && (!best || value->value() > best->value())) best = value;
  }
  return best;
}

}  // namespace vlmhb::metrics
