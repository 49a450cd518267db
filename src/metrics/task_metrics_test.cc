// ROUGE-L and Kendall's tau against the reference implementations (tests/golden/task_metrics.jsonl,
// made by make_task_metrics_golden.py).

#include <gtest/gtest.h>

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
  while (std::getline(file, line)) {
    SCOPED_TRACE(line.substr(0, 300));
    const json::object row = ParseJson(line).value().as_object();
    if (row.contains("tau")) {
      EXPECT_LE(Difference(row, "tau", {}), 1e-14);
      ++tau;
    } else {
      EXPECT_LE(Difference(row, "unicode", {}), 1e-15);
      EXPECT_LE(Difference(row, "ascii", {{"words", "ascii"}}), 1e-15);
      ++rouge;
    }
  }
  EXPECT_GE(rouge, 300);
  EXPECT_GE(tau, 300);
}

}  // namespace
}  // namespace vlmhb::metrics
