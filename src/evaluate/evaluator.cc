#include "evaluate/evaluator.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "data/annotation_reader.h"
#include "evaluate/answer_lookup.h"
#include "evaluate/outputs.h"
#include "evaluate/sample_table.h"
#include "evaluate/statistics.h"
#include "store/events.h"
#include "store/result.h"

namespace vlmhb::evaluate {
namespace {

constexpr std::string_view kMissing = "missing";
constexpr std::array kRequiredRoles = {data::Role::kAnswer};

// Files of an earlier evaluation in the same folder; one that was cut off must not look complete.
void RemoveOldOutputs(const os::Path& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder / store::kResultFile, ignored);
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("metrics.csv") || name.starts_with("metrics_by_") ||
        name.starts_with("statistics.json")) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

// One evaluation, from the opened inputs to the published outputs.
class Evaluation {
 public:
  static Result<Evaluation> Open(const EvaluateSpec& spec, store::EventWriter& events);

  Result<void> ScoreAll(const std::atomic<bool>& stop);
  // Publishes and returns the names of all files.
  Result<std::vector<std::string>> Finish(const std::atomic<bool>& stop);
  const EvaluationTotals& totals() const { return totals_; }

 private:
  Evaluation(const EvaluateSpec& spec, store::EventWriter& events,
             data::AnnotationReader annotation, AnswerLookup answers, SampleTable table,
             std::vector<Grouping> groupings)
      : spec_(spec),
        events_(events),
        annotation_(std::move(annotation)),
        answers_(std::move(answers)),
        table_(std::move(table)),
        groupings_(std::move(groupings)),
        sorter_(spec.output, groupings_.size(), spec.metrics.size()) {}

  Result<void> FindClusterColumn();
  Result<void> ScoreOne();
  std::string_view Judge(bool has_answer);
  void ComputeScores();
  Result<void> CountInGroups();
  Result<void> CheckJoin();

  const EvaluateSpec& spec_;
  store::EventWriter& events_;
  data::AnnotationReader annotation_;
  AnswerLookup answers_;
  SampleTable table_;
  std::vector<Grouping> groupings_;
  ScoreSorter sorter_;
  std::optional<size_t> cluster_column_;
  metrics::Scratch scratch_;
  EvaluationTotals totals_;

  // The current sample.
  data::AnnotationRow row_;
  store::AnswerRow answer_;
  bool missing_ = false;
  bool answered_ = false;
  SampleScores sample_;
};

Result<Evaluation> Evaluation::Open(const EvaluateSpec& spec, store::EventWriter& events) {
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
  Evaluation evaluation(spec, events, std::move(annotation), std::move(answers), std::move(table),
                        std::move(groupings));
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

Result<void> Evaluation::ScoreAll(const std::atomic<bool>& stop) {
  while (true) {
    if (stop.load(std::memory_order_relaxed)) {
      return Error(ErrorCode::kCancelled, "the evaluation was stopped");
    }
    VLMHB_ASSIGN(const bool more, annotation_.Next(row_));
    if (!more) break;
    VLMHB_TRY(ScoreOne());
    events_.Progress(totals_.expected, totals_.failed + totals_.missing);
  }
  return CheckJoin();
}

Result<void> Evaluation::ScoreOne() {
  VLMHB_ASSIGN(const bool has_answer, answers_.Find(row_.id, answer_));
  const std::string_view outcome = Judge(has_answer);
  ++totals_.expected;
  totals_.answered += answered_;
  totals_.missing += missing_;
  totals_.failed += !answered_ && !missing_;
  ComputeScores();
  sample_.id = row_.id;
  const bool has_cluster = row_.good() && cluster_column_;
  sample_.cluster = SampleCluster(has_cluster ? row_.cells[*cluster_column_] : "", row_.id);
  VLMHB_TRY(CountInGroups());
  VLMHB_TRY(table_.Append(row_, outcome, answered_ ? answer_.model_answer : "", sample_.scores));
  return sorter_.Add(sample_);
}

// What became of the sample, as its outcome's name.
std::string_view Evaluation::Judge(bool has_answer) {
  missing_ = row_.good() && !has_answer;
  answered_ = row_.good() && has_answer && store::IsAnswer(answer_.outcome);
  if (missing_) return kMissing;
  const std::string_view outcome =
      store::OutcomeName(row_.good() ? answer_.outcome : store::Outcome::kBadRow);
  ++totals_.outcomes[std::string(outcome)];
  return outcome;
}

void Evaluation::ComputeScores() {
  sample_.scores.assign(spec_.metrics.size(), {});
  if (!answered_) return;
  for (size_t m = 0; m < spec_.metrics.size(); ++m) {
    const MetricSpec& metric = spec_.metrics[m];
    const auto score = metric.metric.Compute(row_.answer, answer_.model_answer, scratch_);
    if (!score) continue;
    sample_.scores[m] = metric.is_mean() ? metrics::Score{score->value(), 1} : *score;
  }
}

Result<void> Evaluation::CountInGroups() {
  sample_.groups.assign(groupings_.size(), kNoGroup);
  for (size_t g = 0; g < groupings_.size(); ++g) {
    // The values of a bad row are unknown: it counts in `general` only.
    if (!row_.good() && !groupings_[g].columns().empty()) continue;
    VLMHB_ASSIGN(const size_t group, groupings_[g].GroupOf(row_.cells));
    sample_.groups[g] = group;
    GroupCounts& counts = groupings_[g].groups()[group].counts;
    ++counts.expected;
    counts.missing += missing_;
    counts.failed += !answered_ && !missing_;
    for (size_t m = 0; m < spec_.metrics.size() && answered_; ++m) {
      const bool scored = sample_.scores[m].denominator > 0;
      ++(scored ? counts.metrics[m].scored : counts.metrics[m].unscorable);
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
  VLMHB_ASSIGN(
      const Statistics statistics,
      ComputeStatistics(sorter_, group_counts, spec_.metrics.size(), spec_.bootstrap, stop));
  VLMHB_ASSIGN(std::vector<std::string> files,
               WriteOutputs(spec_, groupings_, statistics, totals_));
  files.emplace_back(SampleTable::kFile);
  return files;
}

Result<StageCounts> Run(const EvaluateSpec& spec, const Clock& clock, const std::atomic<bool>& stop,
                        store::EventWriter& events) {
  const std::string started_at = FormatUtc(clock.Wall());
  RemoveOldOutputs(spec.output);
  VLMHB_ASSIGN(const uint64_t samples, data::CountSamples(spec.dataset));
  events.Started(samples, 0);
  VLMHB_ASSIGN(Evaluation evaluation, Evaluation::Open(spec, events));
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
                                     const std::atomic<bool>& stop) {
  VLMHB_ASSIGN(const EvaluateSpec spec, ParseEvaluateSpec(stage));
  VLMHB_TRY(os::MakeFolders(spec.output));
  VLMHB_ASSIGN(store::EventWriter events, store::EventWriter::Open(spec.output, clock));
  Result<StageCounts> counts = Run(spec, clock, stop, events);
  if (!counts.ok()) events.Failed(counts.error());
  return counts;
}

}  // namespace vlmhb::evaluate
