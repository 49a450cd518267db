#include "report/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "evaluate/bootstrap.h"
#include "report/csv_table.h"

namespace vlmhb::report {
namespace {

// A metric of one sample: what a corpus value is summed from.
struct Score {
  double numerator = 0;
  double denominator = 0;
};

// Walks a metrics_by_id.csv, ascending by id.
class SampleScores {
 public:
  static Result<SampleScores> Open(const os::Path& folder, const std::string& cluster) {
    VLMHB_ASSIGN(CsvTable table, CsvTable::Open(folder / "metrics_by_id.csv"));
    SampleScores scores(std::move(table), cluster);
    VLMHB_TRY(scores.Next());
    return scores;
  }

  bool at_end() const { return at_end_; }
  int64_t id() const { return id_; }
  uint64_t cluster() const {
    return evaluate::SampleCluster(table_.Cell(cluster_column_), static_cast<uint64_t>(id_));
  }

  Result<void> Next() {
    const int64_t before = id_;
    VLMHB_ASSIGN(const bool more, table_.Next());
    at_end_ = !more;
    if (at_end_) return {};
    id_ = table_.Integer(id_column_).value_or(-1);
    if (id_ <= before)
      return Error(ErrorCode::kCorrupt, "metrics_by_id.csv is not ascending by id");
    return {};
  }

  std::optional<Score> Get(const std::string& metric) const {
    const auto value = table_.Number(table_.LastColumn(metric));
    const auto weight = table_.Number(table_.LastColumn(metric + "_weight"));
    if (!value || !weight || *weight <= 0) return std::nullopt;
    return Score{*value * *weight, *weight};
  }

 private:
  SampleScores(CsvTable table, const std::string& cluster)
      : table_(std::move(table)),
        id_column_(table_.Column("id")),
        cluster_column_(table_.Column(cluster)) {}

  CsvTable table_;
  std::optional<size_t> id_column_;
  std::optional<size_t> cluster_column_;
  int64_t id_ = -1;
  bool at_end_ = false;
};

// Sums of two runs over the samples that both scored, as they are and in every resample.
class PairedSums {
 public:
  explicit PairedSums(const Bootstrap& bootstrap)
      : weights_(static_cast<size_t>(bootstrap.resamples), static_cast<uint64_t>(bootstrap.seed)),
        run_sums_(static_cast<size_t>(bootstrap.resamples)),
        best_sums_(static_cast<size_t>(bootstrap.resamples)) {}

  void Add(uint64_t cluster, const Score& run, const Score& best) {
    if (samples_ == 0) first_cluster_ = cluster;
    several_clusters_ = several_clusters_ || cluster != first_cluster_;
    ++samples_;
    const evaluate::PoissonWeights& weights = weights_.Draw(cluster);
    run_sums_.Add(weights, run.numerator, run.denominator);
    best_sums_.Add(weights, best.numerator, best.denominator);
    run_.numerator += run.numerator;
    run_.denominator += run.denominator;
    best_.numerator += best.numerator;
    best_.denominator += best.denominator;
  }

  void Finish(double level, Difference& difference) const {
    difference.samples = samples_;
    if (samples_ == 0) {
      difference.note = "no sample was scored in both";
      return;
    }
    const double run = run_.numerator / run_.denominator;
    const double best = best_.numerator / best_.denominator;
    difference.difference = run - best;
    if (!several_clusters_) {
      difference.note = "one image only, so no interval";
      return;
    }
    const auto paired =
        evaluate::ComparePaired(run, run_sums_.Values(), best, best_sums_.Values(), level);
    if (paired) difference.ci = Interval{paired->interval.low, paired->interval.high};
  }

 private:
  evaluate::PoissonWeights weights_;
  evaluate::ReplicateSums run_sums_;
  evaluate::ReplicateSums best_sums_;
  Score run_, best_;
  int64_t samples_ = 0;
  uint64_t first_cluster_ = 0;
  bool several_clusters_ = false;
};

Result<void> SumPairs(const os::Path& run_folder, const os::Path& best_folder,
                      const std::string& cluster, const std::string& metric, PairedSums& sums) {
  VLMHB_ASSIGN(SampleScores run, SampleScores::Open(run_folder, cluster));
  VLMHB_ASSIGN(SampleScores best, SampleScores::Open(best_folder, cluster));
  while (!run.at_end() && !best.at_end()) {
    if (run.id() < best.id()) {
      VLMHB_TRY(run.Next());
      continue;
    }
    if (best.id() < run.id()) {
      VLMHB_TRY(best.Next());
      continue;
    }
    const auto run_score = run.Get(metric);
    const auto best_score = best.Get(metric);
    if (run_score && best_score) sums.Add(run.cluster(), *run_score, *best_score);
    VLMHB_TRY(run.Next());
    VLMHB_TRY(best.Next());
  }
  return {};
}

Verdict Judge(const MetricDefinition& metric, const Difference& difference) {
  if (!difference.ci) return Verdict::kNotComparable;
  if (difference.ci->low <= 0 && difference.ci->high >= 0) return Verdict::kNoSignificantDifference;
  const bool greater = difference.ci->low > 0;
  return greater == metric.lower_is_better ? Verdict::kWorse : Verdict::kBetterOnCommon;
}

void CompareWithBest(const ReportSpec& spec, const Report& report, const MetricDefinition& metric,
                     size_t best, Difference& difference) {
  const auto& bootstrap = report.runs[best].bootstrap;
  if (!bootstrap || report.runs[difference.run].bootstrap != bootstrap) {
    difference.note = "the two were not evaluated with the same bootstrap settings";
    return;
  }
  if (metric.aggregate == "corpus") {
    difference.note = "its value is of a whole corpus, not of samples that could be paired";
    return;
  }
  PairedSums sums(*bootstrap);
  const auto read = SumPairs(*spec.runs[difference.run].evaluation, *spec.runs[best].evaluation,
                             bootstrap->cluster, metric.name, sums);
  if (!read.ok()) {
    difference.note = read.error().ToString();
    return;
  }
  sums.Finish(bootstrap->level, difference);
  difference.verdict = Judge(metric, difference);
}

Comparison CompareBy(const ReportSpec& spec, const Report& report, const Section& section,
                     const MetricDefinition& metric) {
  Comparison comparison;
  comparison.metric = metric;
  const auto value_of = [&](size_t run) {
    const MetricValue* value = report.runs[run].General(metric.name);
    return value == nullptr ? std::nullopt : value->value;
  };
  for (const size_t run : section.runs)
    if (value_of(run)) comparison.runs.push_back({run});
  std::stable_sort(comparison.runs.begin(), comparison.runs.end(),
                   [&](const Difference& a, const Difference& b) {
                     return metric.lower_is_better ? *value_of(a.run) < *value_of(b.run)
                                                   : *value_of(a.run) > *value_of(b.run);
                   });
  if (comparison.runs.empty()) return comparison;
  comparison.best = comparison.runs.front().run;
  comparison.runs.front().verdict = Verdict::kBest;
  for (size_t i = 1; i < comparison.runs.size(); ++i)
    CompareWithBest(spec, report, metric, *comparison.best, comparison.runs[i]);
  comparison.best_is_significant =
      comparison.runs.size() > 1 && comparison.runs[1].verdict == Verdict::kWorse;
  return comparison;
}

}  // namespace

void CompareRuns(const ReportSpec& spec, Report& report) {
  for (Section& section : report.sections) {
    std::set<std::string> done;
    for (const size_t run : section.runs)
      for (const MetricDefinition& metric : report.runs[run].metrics)
        if (done.insert(metric.name).second)
          section.comparisons.push_back(CompareBy(spec, report, section, metric));
  }
}

}  // namespace vlmhb::report
