#pragma once
// The parameters of metrics, and how they are read from a registry entry. A metric says in table.cc
// by name which of them it has.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "metrics/boxes.h"
#include "metrics/normalize.h"
#include "metrics/rouge.h"

namespace vlmhb::metrics {

struct Params {
  NormalizeOptions normalize;
  double threshold = 0.5;           // anls, iou_accuracy
  std::vector<std::string> labels;  // label_accuracy: all labels there are; empty: not known
  WordKind words = WordKind::kUnicode;
  BoxOptions boxes;
};

// Puts parameter `key` of `metric` into `params`. `names`: the parameters that the metric has,
// separated by one space. kInvalidConfig for any other, or for a value of the wrong type or range.
Result<void> ReadParam(std::string_view metric, std::string_view names, std::string_view key,
                       const json::value& value, Params& params);

}  // namespace vlmhb::metrics
