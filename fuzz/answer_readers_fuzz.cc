// What metrics read out of answers: JSON in prose, fields, boxes, lists, letters, labels, words.
// The input is an answer and, behind a NUL, a reference.

#include <cmath>

#include "fuzz.h"
#include "metrics/boxes.h"
#include "metrics/page_order.h"
#include "metrics/table.h"

namespace vlmhb::fuzz {
namespace {

void CheckScore(std::string_view name, const metrics::Score& score) {
  CHECK(std::isfinite(score.numerator) && std::isfinite(score.denominator), "scores are finite");
  CHECK(score.denominator > 0, "a score has a weight");
  if (name != "cer" && name != "wer") CHECK(score.value() <= 1, "no similarity is above 1");
  CHECK(score.value() >= (name == "kendall_tau" ? -1 : 0), "nor below its least");
}

}  // namespace

void Test(std::string_view input) {
  static metrics::Scratch scratch;
  const size_t end = std::min(input.find('\0'), input.size());
  const std::string_view answer = input.substr(0, end);
  const std::string_view reference = end < input.size() ? input.substr(end + 1) : answer;
  for (const std::string& name : metrics::ImplementationNames()) {
    json::object params;
    if (name == "label_accuracy") params["labels"] = {"yes", "no", "чек"};
    const auto metric = metrics::MakeMetric(name, params);
    CHECK(metric.ok(), "its own parameters");
    if (const auto score = metric->Compute(reference, answer, scratch)) CheckScore(name, *score);
  }
  CHECK(metrics::ReadBoxes(answer, metrics::BoxFormat::kCornerAndSize).size() <= 256, "bounded");
  if (const auto numbers = metrics::ReadNumbers(answer)) CHECK(!numbers->empty(), "or none");
}

}  // namespace vlmhb::fuzz
