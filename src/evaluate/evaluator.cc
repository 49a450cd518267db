#include "evaluate/evaluator.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "data/annotation_reader.h"
#include "evaluate/answer_lookup.h"
#include "evaluate/metric_errors.h"
#include "evaluate/outputs.h"
#include "evaluate/sample_table.h"
#include "evaluate/scorer.h"
#include "evaluate/statistics.h"
#include "store/events.h"
#include "store/result.h"

namespace vlmhb::evaluate {
namespace {

constexpr std::string_view kMissing = "missing";
constexpr size_t kBatch = 256;  // samples scored at a time
constexpr size_t kBatchBytes = 4u << 20;
constexpr std::array kRequiredRoles = {data::Role::kAnswer};

// Files of an earlier evaluation in the same folder; one that was cut off must not look complete.
void RemoveOldOutputs(const os::Path& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder / store::kResultFile, ignored);
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("metrics.csv") || name.starts_with("metrics_by_") ||
        name.starts_with("statistics.json") || name.starts_with(MetricErrors::kFile)) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

// One evaluation, from the opened inputs to the published outputs.
class Evaluation {
 public:
  static Result<Evaluation> Open(const EvaluateSpec& spec, const ScorerOptions& options,
                                 store::EventWriter& events);

  Result<void> ScoreAll(const std::atomic<bool>& stop);
  // Publishes and returns the names of all files.
  Result<std::vector<std::string>> Finish(const std::atomic<bool>& stop);
  const EvaluationTotals& totals() const { return totals_; }

 private:
  Evaluation(const EvaluateSpec& spec, store::EventWriter& events,
             data::AnnotationReader annotation, AnswerLookup answers, SampleTable table,
             std::vector<Grouping> groupings, Scorer scorer)
      : spec_(spec),
        events_(events),
        annotation_(std::move(annotation)),
        answers_(std::move(answers)),
        table_(std::move(table)),
        errors_(spec.output),
        groupings_(std::move(groupings)),
        scorer_(std::move(scorer)),
        sorter_(spec.output, groupings_.size(), scorer_.width()),
        batch_(kBatch) {}

  // A sample that was read and is scored with others.
  struct Pending {
    data::AnnotationRow row;
    store::AnswerRow answer;
    bool missing = false;
    bool answered = false;
    std::string_view outcome;  // its name
    SampleScores sample;
    std::vector<metrics::Score> values;  // one per metric
    std::vector<std::string> errors;     // one per metric
  };

  Result<void> FindClusterColumn();
  // Reads the next sample into `pending`; false at the end.
  Result<bool> Read(Pending& pending);
  void Judge(Pending& pending, bool has_answer);
  // Scores the first `count` of the batch and writes them.
  Result<void> FinishBatch(size_t count);
  Result<void> CountInGroups(Pending& pending);
  Result<void> Write(Pending& pending);
  Result<void> CheckJoin();

  const EvaluateSpec& spec_;
  store::EventWriter& events_;
  data::AnnotationReader annotation_;
  AnswerLookup answers_;
  SampleTable table_;
  MetricErrors errors_;
  std::vector<Grouping> groupings_;
  Scorer scorer_;
  ScoreSorter sorter_;
  std::optional<size_t> cluster_column_;
  EvaluationTotals totals_;
  std::vector<Pending> batch_;
};

Result<Evaluation> Evaluation::Open(const EvaluateSpec& spec, const ScorerOptions& options,
                                    store::EventWriter& events) {
  VLMHB_ASSIGN(data::AnnotationReader annotation,
               data::AnnotationReader::Open(spec.dataset, kRequiredRoles));
  std::vector<std::string> left_out;
  VLMHB_ASSIGN(std::vector<Grouping> groupings,
               MakeGroupings(spec.group_by, annotation, spec.dataset.columns, spec.metrics.size(),
                             left_out));
  if (!left_out.empty()) {
    events.Log("info", fmt::format("no values for {}: the annotation lacks its columns",
                                   Join(left_out, ", ")));
  }
  VLMHB_ASSIGN(AnswerLookup answers, AnswerLookup::Open(spec.answers));
  VLMHB_ASSIGN(SampleTable table, SampleTable::Create(spec, annotation));
  VLMHB_ASSIGN(Scorer scorer, Scorer::Start(spec.metrics, annotation.columns(), options));
  Evaluation evaluation(spec, events, std::move(annotation), std::move(answers), std::move(table),
                        std::move(groupings), std::move(scorer));
  VLMHB_TRY(evaluation.FindClusterColumn());
  return evaluation;
}

// The usual name stands for the column that holds the image, whatever it is called here.
Result<void> Evaluation::FindClusterColumn() {
  const std::string& name = spec_.bootstrap.cluster;
  const bool usual = name == data::RoleColumns{}.image;
  cluster_column_ = annotation_.FindColumn(name);
  if (!cluster_column_ && usual) {
    cluster_column_ = annotation_.FindColumn(spec_.dataset.columns.image);
  }
  if (cluster_column_) {
    totals_.cluster_column = table_.ColumnName(*cluster_column_);
  } else if (!usual) {
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("bootstrap.cluster: the annotation has no column {}.{}", name,
                             DidYouMean(name, annotation_.columns())));
  }
  return {};
}

// Samples are scored in batches, since a plug-in is asked for many at a time.
Result<void> Evaluation::ScoreAll(const std::atomic<bool>& stop) {
  for (bool more = true; more;) {
    size_t count = 0;
    for (size_t bytes = 0; count < kBatch && bytes < kBatchBytes; ++count) {
      if (stop.load(std::memory_order_relaxed))
        return Error(ErrorCode::kCancelled, "the evaluation was stopped");
      VLMHB_ASSIGN(more, Read(batch_[count]));
      if (!more) break;
      bytes += batch_[count].answer.model_answer.size() + batch_[count].row.answer.size();
    }
    VLMHB_TRY(FinishBatch(count));
  }
  return CheckJoin();
}

Result<bool> Evaluation::Read(Pending& pending) {
  VLMHB_ASSIGN(const bool more, annotation_.Next(pending.row));
  if (!more) return false;
  VLMHB_ASSIGN(const bool has_answer, answers_.Find(pending.row.id, pending.answer));
  Judge(pending, has_answer);
  ++totals_.expected;
  totals_.answered += pending.answered;
  totals_.missing += pending.missing;
  totals_.failed += !pending.answered && !pending.missing;
  const data::AnnotationRow& row = pending.row;
  const bool has_cluster = row.good() && cluster_column_;
  pending.sample.id = row.id;
  pending.sample.cluster = SampleCluster(has_cluster ? row.cells[*cluster_column_] : "", row.id);
  pending.sample.scores.assign(scorer_.width(), {});
  pending.values.assign(spec_.metrics.size(), {});
  pending.errors.assign(spec_.metrics.size(), {});
  return true;
}

// What became of the sample.
void Evaluation::Judge(Pending& pending, bool has_answer) {
  const bool good = pending.row.good();
  pending.missing = good && !has_answer;
  pending.answered = good && has_answer && store::IsAnswer(pending.answer.outcome);
  if (pending.missing) {
    pending.outcome = kMissing;
    return;
  }
  pending.outcome = store::OutcomeName(good ? pending.answer.outcome : store::Outcome::kBadRow);
  ++totals_.outcomes[std::string(pending.outcome)];
}

Result<void> Evaluation::FinishBatch(size_t count) {
  std::vector<ScoredSample> scored;
  for (size_t i = 0; i < count; ++i) {
    Pending& pending = batch_[i];
    if (!pending.answered) continue;
    scored.push_back({.reference = pending.row.answer,
                      .answer = pending.answer.model_answer,
                      .cells = pending.row.cells,
                      .scores = pending.sample.scores,
                      .values = pending.values,
                      .errors = pending.errors});
  }
  VLMHB_TRY(scorer_.Score(scored));
  for (size_t i = 0; i < count; ++i) VLMHB_TRY(Write(batch_[i]));
  if (count > 0) events_.Progress(totals_.expected, totals_.failed + totals_.missing);
  return {};
}

Result<void> Evaluation::Write(Pending& pending) {
  VLMHB_TRY(CountInGroups(pending));
  VLMHB_TRY(table_.Append(pending.row, pending.outcome,
                          pending.answered ? pending.answer.model_answer : "", pending.values));
  for (size_t m = 0; m < spec_.metrics.size(); ++m)
    if (!pending.errors[m].empty())
      VLMHB_TRY(errors_.Add(pending.row.id, spec_.metrics[m].name, pending.errors[m]));
  return sorter_.Add(pending.sample);
}

Result<void> Evaluation::CountInGroups(Pending& pending) {
  pending.sample.groups.assign(groupings_.size(), kNoGroup);
  for (size_t g = 0; g < groupings_.size(); ++g) {
    // The values of a bad row are unknown: it counts in `general` only.
    if (!pending.row.good() && !groupings_[g].columns().empty()) continue;
    VLMHB_ASSIGN(const size_t group, groupings_[g].GroupOf(pending.row.cells));
    pending.sample.groups[g] = group;
    GroupCounts& counts = groupings_[g].groups()[group].counts;
    ++counts.expected;
    counts.missing += pending.missing;
    counts.failed += !pending.answered && !pending.missing;
    for (size_t m = 0; m < spec_.metrics.size() && pending.answered; ++m) {
      const size_t column = scorer_.columns()[m].first;
      const bool is_scored = pending.sample.scores[column].denominator > 0;
      ++(is_scored ? counts.metrics[m].scored : counts.metrics[m].unscorable);
    }
  }
  return {};
}

// Answers and samples that have no counterpart.
Result<void> Evaluation::CheckJoin() {
  const uint64_t foreign = answers_.rows() - answers_.found();
  if (totals_.expected > 0 && answers_.rows() > 0 && answers_.found() == 0) {
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("none of the {} answers in {} has the id of one of the {} samples in "
                             "{}. Are they answers to another dataset?",
                             answers_.rows(), spec_.answers.string(), totals_.expected,
                             spec_.dataset.annotation.string()));
  }
  if (foreign > 0) {
    events_.Log("warning",
                fmt::format("{} of {} answers belong to no selected sample and were not used",
                            foreign, answers_.rows()));
  }
  if (totals_.missing > 0) {
    events_.Log("warning", fmt::format("{} of {} samples have no row in {}", totals_.missing,
                                       totals_.expected, spec_.answers.string()));
  }
  return {};
}

Result<std::vector<std::string>> Evaluation::Finish(const std::atomic<bool>& stop) {
  VLMHB_TRY(table_.Publish());
  std::vector<size_t> group_counts;
  for (const Grouping& grouping : groupings_) group_counts.push_back(grouping.groups().size());
  const Aggregator aggregate = [this](size_t metric, std::span<const std::vector<double>> sums) {
    return scorer_.Aggregate(metric, sums);
  };
  VLMHB_ASSIGN(const Statistics statistics,
               ComputeStatistics(sorter_, group_counts, scorer_.columns(), aggregate,
                                 spec_.bootstrap, stop));
  VLMHB_ASSIGN(std::vector<std::string> files,
               WriteOutputs(spec_, groupings_, statistics, totals_));
  files.emplace_back(SampleTable::kFile);
  VLMHB_ASSIGN(const uint64_t failed, errors_.Publish());
  if (failed > 0) {
    files.emplace_back(MetricErrors::kFile);
    events_.Log("warning", fmt::format("{} scores could not be computed, since a plug-in failed on "
                                       "them; {} has the reasons",
                                       failed, MetricErrors::kFile));
  }
  return files;
}

Result<StageCounts> Run(const EvaluateSpec& spec, const Clock& clock, const std::atomic<bool>& stop,
                        const std::map<std::string, std::string>& environment,
                        store::EventWriter& events) {
  const std::string started_at = FormatUtc(clock.Wall());
  RemoveOldOutputs(spec.output);
  VLMHB_ASSIGN(const uint64_t samples, data::CountSamples(spec.dataset));
  events.Started(samples, 0);
  const ScorerOptions options{
      .environment = environment,
      .log = [](std::string_view line) { fmt::print(stderr, "{}\n", line); },
      .stop = &stop};
  VLMHB_ASSIGN(Evaluation evaluation, Evaluation::Open(spec, options, events));
  VLMHB_TRY(evaluation.ScoreAll(stop));
  VLMHB_ASSIGN(const std::vector<std::string> files, evaluation.Finish(stop));
  const EvaluationTotals& totals = evaluation.totals();
  const StageCounts counts{totals.expected, totals.answered, totals.failed + totals.missing};
  const store::StageResult result{.identity = spec.identity,
                                  .total = counts.total,
                                  .ok = counts.ok,
                                  .failed = counts.failed,
                                  .started_at = started_at,
                                  .finished_at = FormatUtc(clock.Wall())};
  VLMHB_TRY(store::WriteResult(spec.output, result, files));
  events.Finished(result.status());
  return counts;
}

}  // namespace

Result<StageCounts> RunEvaluateStage(const json::object& stage, const Clock& clock,
                                     const std::atomic<bool>& stop,
                                     const std::map<std::string, std::string>& environment) {
  VLMHB_ASSIGN(const EvaluateSpec spec, ParseEvaluateSpec(stage));
  VLMHB_TRY(os::MakeFolders(spec.output));
  VLMHB_ASSIGN(store::EventWriter events, store::EventWriter::Open(spec.output, clock));
  Result<StageCounts> counts = Run(spec, clock, stop, environment, events);
  if (!counts.ok()) events.Failed(counts.error());
  return counts;
}

}  // namespace vlmhb::evaluate
