#include "report/collect_inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.h"
#include "report/csv_table.h"
#include "report/percentile.h"
#include "report/throughput.h"
#include "store/answers.h"

namespace vlmhb::report {
namespace {

constexpr size_t kMaxErrorBytes = 2000;

// Two durations of every answer, as floats: 8 bytes a row; single precision keeps seven digits.
struct DurationPair {
  std::optional<double> store::AnswerRow::*first;
  std::optional<double> store::AnswerRow::*second;
  std::vector<float> first_values;
  std::vector<float> second_values;

  void Add(const store::AnswerRow& row) {
    Keep(row.*first, first_values);
    Keep(row.*second, second_values);
  }

 private:
  static void Keep(const std::optional<double>& value, std::vector<float>& values) {
    if (value && std::isfinite(*value)) values.push_back(static_cast<float>(*value));
  }
};

struct Totals {
  int64_t answered = 0;
  int64_t truncated = 0;
  int64_t failed = 0;
  int64_t tokens = 0;
  bool tokens_known = false;
  std::map<store::Outcome, Failure> failures;
};

void CountFailure(const store::AnswerRow& row, Totals& totals) {
  ++totals.failed;
  Failure& failure = totals.failures[row.outcome];
  failure.outcome = store::OutcomeName(row.outcome);
  ++failure.count;
  if (failure.examples.size() >= kFailureExamples) return;
  Sample sample;
  sample.id = static_cast<int64_t>(row.id);
  sample.outcome = failure.outcome;
  sample.error = Truncate(row.error, kMaxErrorBytes);
  failure.examples.push_back(std::move(sample));
}

void TakeMost(const std::optional<double>& value, std::optional<double>& most) {
  if (value) most = std::max(most.value_or(*value), *value);
}

void Count(const store::AnswerRow& row, RunReport& run, Totals& totals) {
  TakeMost(row.peak_memory_mb, run.speed.peak_memory_mb);
  TakeMost(row.gpu_memory_mb, run.speed.gpu_memory_mb);
  if (!store::IsAnswer(row.outcome)) {
    CountFailure(row, totals);
    return;
  }
  ++totals.answered;
  if (row.outcome == store::Outcome::kTruncated) ++totals.truncated;
  if (row.completion_tokens) {
    totals.tokens += *row.completion_tokens;
    totals.tokens_known = true;
  }
}

template <typename Visit>
Result<void> ForEachAnswer(const os::Path& file, Visit visit) {
  VLMHB_ASSIGN(store::AnswersReader reader, store::AnswersReader::Open(file));
  store::AnswerRow row;
  while (true) {
    VLMHB_ASSIGN(const bool more, reader.Next(row));
    if (!more) return {};
    visit(row);
  }
}

// Two passes, so that no more than two durations a row are in memory.
Result<Totals> ReadAnswers(const os::Path& file, RunReport& run) {
  Totals totals;
  {
    DurationPair pair{&store::AnswerRow::ttft_ms, &store::AnswerRow::latency_ms};
    VLMHB_TRY(ForEachAnswer(file, [&](const store::AnswerRow& row) {
      Count(row, run, totals);
      if (store::IsAnswer(row.outcome)) pair.Add(row);
    }));
    run.speed.ttft = Summarise(pair.first_values);
    run.speed.latency = Summarise(pair.second_values);
  }
  DurationPair pair{&store::AnswerRow::tpot_ms, &store::AnswerRow::queue_ms};
  VLMHB_TRY(ForEachAnswer(file, [&](const store::AnswerRow& row) {
    if (store::IsAnswer(row.outcome)) pair.Add(row);
  }));
  run.speed.tpot = Summarise(pair.first_values);
  run.speed.queue = Summarise(pair.second_values);
  return totals;
}

// Attempts without a latency (they failed) still kept the run busy from their start on.
Result<std::optional<double>> ReadActiveSeconds(const os::Path& file) {
  VLMHB_ASSIGN(CsvTable table, CsvTable::Open(file));
  const auto started_column = table.Column("started_at");
  const auto latency_column = table.Column("latency_ms");
  ActiveTime active;
  while (true) {
    VLMHB_ASSIGN(const bool more, table.Next());
    if (!more) return active.Seconds();
    const auto started_ms = ParseUtcMillis(table.Cell(started_column));
    if (!started_ms) continue;
    constexpr double kLongestMs = 1e12;
    const double latency_ms = std::clamp(table.Number(latency_column).value_or(0), 0.0, kLongestMs);
    active.Add(*started_ms, *started_ms + std::llround(latency_ms));
  }
}

void SetRates(const Totals& totals, Speed& speed) {
  if (!speed.active_seconds || *speed.active_seconds <= 0) return;
  speed.answers_per_second = static_cast<double>(totals.answered) / *speed.active_seconds;
  if (totals.tokens_known)
    speed.tokens_per_second = static_cast<double>(totals.tokens) / *speed.active_seconds;
}

}  // namespace

void CollectInference(const os::Path& folder, RunReport& run) {
  auto totals = ReadAnswers(folder / store::kAnswersFile, run);
  if (!totals.ok()) {
    run.notes.push_back("No speed, memory or failures: " + totals.error().ToString());
    return;
  }
  run.answered = totals->answered;
  run.failed = totals->failed;
  for (auto& [outcome, failure] : totals->failures) run.failures.push_back(std::move(failure));
  std::stable_sort(run.failures.begin(), run.failures.end(),
                   [](const Failure& a, const Failure& b) { return a.count > b.count; });
  if (totals->truncated > 0)
    run.notes.push_back(fmt::format(
        "{} of {} answers were cut by max_tokens (outcome truncated); they are scored as they are.",
        totals->truncated, totals->answered));

  auto active = ReadActiveSeconds(folder / store::kRequestsFile);
  if (!active.ok()) {
    run.notes.push_back("No throughput: " + active.error().ToString());
    return;
  }
  run.speed.active_seconds = *active;
  SetRates(*totals, run.speed);
}

}  // namespace vlmhb::report
