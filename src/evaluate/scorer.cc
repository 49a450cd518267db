#include "evaluate/scorer.h"

namespace vlmhb::evaluate {
namespace {

Result<std::unique_ptr<worker::MetricHost>> StartPlugin(const MetricSpec& metric,
                                                        const std::vector<std::string>& columns,
                                                        const ScorerOptions& options) {
  auto host = worker::MetricHost::Start(
      {.host = {.command = {.argv = metric.command, .env = options.environment},
                .kind = "metric",
                .load_params = metric.params,
                .log = options.log,
                .stop = options.stop},
       .fields = columns});
  if (!host.ok()) return std::move(host).error().With("starting the metric " + metric.name);
  return host;
}

// A plug-in's numbers for one sample as scores.
void Spread(const std::vector<double>& numbers, const MetricColumns& columns,
            std::span<metrics::Score> scores) {
  if (numbers.empty()) return;
  if (columns.corpus) {
    for (size_t i = 0; i < columns.count; ++i) scores[columns.first + i] = {numbers[i], 1};
    return;
  }
  scores[columns.first] = {numbers[0], numbers.size() > 1 ? numbers[1] : 1};
}

}  // namespace

Result<Scorer> Scorer::Start(const std::vector<MetricSpec>& metrics,
                             const std::vector<std::string>& columns,
                             const ScorerOptions& options) {
  Scorer scorer(metrics);
  for (const MetricSpec& metric : metrics) {
    MetricColumns place{.first = scorer.width_};
    std::unique_ptr<worker::MetricHost> host;
    if (!metric.command.empty()) {
      VLMHB_ASSIGN(host, StartPlugin(metric, columns, options));
      place.corpus = host->shape().aggregate == "corpus";
      if (place.corpus) place.count = host->shape().width;
    }
    scorer.plugins_.push_back(std::move(host));
    scorer.columns_.push_back(place);
    scorer.width_ += place.count;
  }
  return scorer;
}

void Scorer::ScoreHere(size_t metric, std::span<ScoredSample> samples) {
  const MetricSpec& spec = (*metrics_)[metric];
  for (ScoredSample& sample : samples) {
    const auto score = spec.metric->Compute(sample.reference, sample.answer, scratch_);
    if (!score) continue;
    sample.scores[columns_[metric].first] =
        spec.is_mean() ? metrics::Score{score->value(), 1} : *score;
  }
}

Result<void> Scorer::ScoreByPlugin(size_t metric, std::span<ScoredSample> samples) {
  std::vector<worker::MetricSample> asked;
  asked.reserve(samples.size());
  for (const ScoredSample& sample : samples)
    asked.push_back({sample.answer, sample.reference, sample.cells});
  VLMHB_ASSIGN(const std::vector<worker::MetricScore> scores, plugins_[metric]->Compute(asked));
  for (size_t i = 0; i < samples.size(); ++i) {
    Spread(scores[i].values, columns_[metric], samples[i].scores);
    samples[i].errors[metric] = scores[i].error;
  }
  return {};
}

// What a corpus metric makes of each sample alone.
Result<void> Scorer::ValuesOfCorpus(size_t metric, std::span<ScoredSample> samples) {
  const MetricColumns& place = columns_[metric];
  std::vector<std::vector<double>> sums;
  std::vector<ScoredSample*> scored;
  for (ScoredSample& sample : samples) {
    if (sample.scores[place.first].denominator == 0) continue;
    scored.push_back(&sample);
    sums.emplace_back();
    for (size_t i = 0; i < place.count; ++i)
      sums.back().push_back(sample.scores[place.first + i].numerator);
  }
  VLMHB_ASSIGN(const auto values, Aggregate(metric, sums));
  for (size_t i = 0; i < scored.size(); ++i)
    if (values[i].has_value()) scored[i]->values[metric] = {*values[i], 1};
  return {};
}

Result<void> Scorer::Score(std::span<ScoredSample> samples) {
  if (samples.empty()) return {};
  for (size_t m = 0; m < metrics_->size(); ++m) {
    if (plugins_[m] == nullptr)
      ScoreHere(m, samples);
    else
      VLMHB_TRY(ScoreByPlugin(m, samples));
    if (columns_[m].corpus) {
      VLMHB_TRY(ValuesOfCorpus(m, samples));
      continue;
    }
    for (ScoredSample& sample : samples) sample.values[m] = sample.scores[columns_[m].first];
  }
  return {};
}

Result<std::vector<std::optional<double>>> Scorer::Aggregate(
    size_t metric, std::span<const std::vector<double>> sums) {
  auto values = plugins_.at(metric)->Aggregate(sums);
  if (!values.ok())
    return std::move(values).error().With("aggregating the metric " + (*metrics_)[metric].name);
  return values;
}

}  // namespace vlmhb::evaluate
