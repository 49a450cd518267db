#include "report/confusion_counter.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "metrics/labels.h"

namespace vlmhb::report {
namespace {

constexpr size_t kMostLabelBytes = 200;
constexpr size_t kSide = ConfusionCounter::kMostTexts + 1;

}  // namespace

size_t ConfusionCounter::Texts::NumberOf(const std::string& text) {
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  if (texts_.size() >= kMostTexts) return kMostTexts;
  texts_.push_back(text);
  numbers_.emplace(text, texts_.size() - 1);
  return texts_.size() - 1;
}

ConfusionCounter::ConfusionCounter(metrics::Params params)
    : params_(std::move(params)), samples_(kSide * kSide), no_label_(kSide) {}

void ConfusionCounter::Add(std::string_view expected, std::string_view answer) {
  const std::string wanted = metrics::NamedLabel(expected, {}, params_.normalize, scratch_);
  if (wanted.empty()) return;
  // A right answer is one whether `labels` has it or not, as for the metric.
  std::string got = metrics::NamedLabel(answer, {}, params_.normalize, scratch_);
  if (got != wanted) got = metrics::NamedLabel(answer, params_.labels, params_.normalize, scratch_);
  const size_t row = expected_.NumberOf(Truncate(wanted, kMostLabelBytes));
  if (got.empty()) {
    ++no_label_[row];
  } else {
    ++samples_[row * kSide + answered_.NumberOf(Truncate(got, kMostLabelBytes))];
  }
}

// Rows and columns are put together: what is not among the most frequent labels is "others", and an
// answer that is no label at all is "no label". Of the answers beyond the bound nothing is known:
// those are "no label" too where no labels are given, since free text is what fills it.
void ConfusionCounter::FillIn(TaskReport& report) {
  std::vector<int64_t> totals(expected_.size());
  for (size_t row = 0; row < totals.size(); ++row)
    totals[row] = std::accumulate(samples_.begin() + ptrdiff_t(row * kSide),
                                  samples_.begin() + ptrdiff_t((row + 1) * kSide), no_label_[row]);
  std::vector<size_t> order(expected_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return totals[a] != totals[b] ? totals[a] > totals[b] : expected_[a] < expected_[b];
  });
  order.resize(std::min(order.size(), kMostLabels));

  Confusion confusion;
  const size_t others = order.size(), none = others + 1;
  std::vector<size_t> row_of(kSide, others), column_of(kSide, none);
  for (size_t i = 0; i < others; ++i) {
    confusion.labels.push_back(expected_[order[i]]);
    row_of[order[i]] = i;
  }
  const bool all_are_labels = !params_.labels.empty();  // since no other answer has been counted
  for (size_t i = 0; i < answered_.size(); ++i) {
    if (!all_are_labels && !expected_.Has(answered_[i])) continue;
    const auto found = std::find(confusion.labels.begin(), confusion.labels.end(), answered_[i]);
    column_of[i] = size_t(found - confusion.labels.begin());  // at the end: others
  }
  if (all_are_labels) column_of[kMostTexts] = others;
  confusion.samples.assign(others + 1, std::vector<int64_t>(none + 1));
  for (size_t row = 0; row < kSide; ++row) {
    std::vector<int64_t>& counts = confusion.samples[row_of[row]];
    counts[none] += no_label_[row];
    for (size_t column = 0; column < kSide; ++column)
      counts[column_of[column]] += samples_[row * kSide + column];
  }
  report.confusion = std::move(confusion);
}

}  // namespace vlmhb::report
