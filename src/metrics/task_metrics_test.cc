// ROUGE-L and Kendall's tau against the reference implementations (tests/golden/task_metrics.jsonl,
// made by make_task_metrics_golden.py).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "metrics/table.h"

namespace vlmhb::metrics {
namespace {

std::string Text(const json::object& row, std::string_view key) {
  return std::string(row.at(key).get_string());
}

// The difference to the golden value under `key`; infinite if only one of them has a value.
double Difference(const json::object& row, std::string_view key, const json::object& params) {
  static Scratch scratch;
  const auto score =
      MakeMetric(Text(row, "m"), params).value().Compute(Text(row, "r"), Text(row, "h"), scratch);
  if (score.has_value() == row.at(key).is_null()) return INFINITY;
  return score ? std::abs(score->value() - std::stod(Text(row, key))) : 0;
}

TEST(TaskMetricsGoldenTest, EqualTheReferenceImplementations) {
  std::ifstream file(VLMHB_SOURCE_DIR "/tests/golden/task_metrics.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(file, line)) << "the header with the versions";
  int rouge = 0, tau = 0;
  double greatest_tau = 0, greatest_unicode = 0, greatest_ascii = 0;
  while (std::getline(file, line)) {
    const json::object row = ParseJson(line).value().as_object();
    if (row.contains("tau")) {
      greatest_tau = std::max(greatest_tau, Difference(row, "tau", {}));
      ++tau;
    } else {
      greatest_unicode = std::max(greatest_unicode, Difference(row, "unicode", {}));
      greatest_ascii = std::max(greatest_ascii, Difference(row, "ascii", {{"words", "ascii"}}));
      ++rouge;
    }
  }
  EXPECT_LE(greatest_tau, 4e-16);
  EXPECT_LE(greatest_unicode, 4e-16) << "2 L / (a + b) is F1 but for its rounding";
  EXPECT_LE(greatest_ascii, 4e-16);
  EXPECT_GE(rouge, 300);
  EXPECT_GE(tau, 300);
}

}  // namespace
}  // namespace vlmhb::metrics
