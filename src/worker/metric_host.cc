#include "worker/metric_host.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"

namespace vlmhb::worker {
namespace {

constexpr int64_t kMaxWidth = 10'000;
constexpr size_t kMaxErrorBytes = 2000;
constexpr size_t kMaxNumbers = 100'000;  // sums in one message

json::object ComputeRequest(std::span<const MetricSample> samples,
                            const std::vector<std::string>& fields) {
  json::array predictions, references;
  predictions.reserve(samples.size());
  references.reserve(samples.size());
  std::vector<json::array> columns(fields.size());
  for (const MetricSample& sample : samples) {
    predictions.emplace_back(sample.prediction);
    references.emplace_back(sample.reference);
    for (size_t f = 0; f < fields.size(); ++f) columns[f].emplace_back(sample.cells[f]);
  }
  json::object by_name;
  for (size_t f = 0; f < fields.size(); ++f) by_name[fields[f]] = std::move(columns[f]);
  return {{"type", "compute"},
          {"predictions", std::move(predictions)},
          {"references", std::move(references)},
          {"fields", std::move(by_name)}};
}

Result<double> ReadNumber(const json::value& value) {
  const double number = value.is_number() ? value.to_number<double>() : NAN;
  if (std::isfinite(number)) return number;
  return Error(ErrorCode::kCorrupt, "a score is not a finite number");
}

Result<MetricScore> ReadScore(const json::value& item, const MetricShape& shape) {
  MetricScore score;
  if (item.is_null()) return score;
  if (const json::object* failed = item.if_object()) {
    score.error = Truncate(SanitizeUtf8(FindString(*failed, "error")), kMaxErrorBytes);
    if (score.error.empty()) return Error(ErrorCode::kCorrupt, "a failed score has no 'error'");
    return score;
  }
  if (const json::array* list = item.if_array()) {
    for (const json::value& value : *list) {
      VLMHB_ASSIGN(const double number, ReadNumber(value));
      score.values.push_back(number);
    }
  } else {
    VLMHB_ASSIGN(const double number, ReadNumber(item));
    score.values.push_back(number);
  }
  if (score.values.size() != shape.width)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("a score has {} numbers; a metric that aggregates by '{}' has {}",
                             score.values.size(), shape.aggregate, shape.width));
  if (shape.aggregate == "ratio" && score.values[1] <= 0)
    return Error(ErrorCode::kCorrupt,
                 "the denominator of a ratio is not above 0; where there is "
                 "no score, null is expected");
  return score;
}

}  // namespace

Result<MetricShape> ShapeOf(const HelloReply& hello) {
  MetricShape shape{.name = hello.name, .version = hello.version};
  shape.aggregate = FindString(hello.capabilities, "aggregate");
  const int64_t width = FindInt(hello.capabilities, "width", 0);
  if (shape.aggregate == "mean") {
    shape.width = 1;
  } else if (shape.aggregate == "ratio") {
    shape.width = 2;
  } else if (shape.aggregate == "corpus" && width >= 1 && width <= kMaxWidth) {
    shape.width = static_cast<size_t>(width);
  } else {
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("the metric plug-in '{}' says neither aggregate 'mean' nor 'ratio' "
                             "nor 'corpus' with a width of 1 to {}",
                             SanitizeUtf8(hello.name), kMaxWidth));
  }
  return shape;
}

MetricHost::MetricHost(MetricHostOptions options, MetricShape shape)
    : options_(std::move(options)), shape_(std::move(shape)), host_(options_.host) {}

Result<std::unique_ptr<MetricHost>> MetricHost::Start(MetricHostOptions options) {
  std::unique_ptr<MetricHost> metric(new MetricHost(std::move(options), {}));
  VLMHB_ASSIGN(const HelloReply hello, metric->host_.Start());
  VLMHB_ASSIGN(metric->shape_, ShapeOf(hello));
  return metric;
}

Result<void> MetricHost::Restart(const Error& why) {
  if (++restarts_ > options_.restarts)
    return Error(ErrorCode::kUnavailable,
                 fmt::format("the metric plug-in '{}' ended {} times and is given up; the last "
                             "time: {}",
                             shape_.name, restarts_, why.message()));
  VLMHB_ASSIGN(const HelloReply hello, host_.Start());
  return {};
}

Result<std::vector<MetricScore>> MetricHost::AskScores(std::span<const MetricSample> samples) {
  VLMHB_ASSIGN(const Message answer, host_.Ask(ComputeRequest(samples, options_.fields), "scores"));
  VLMHB_ASSIGN(const json::array items, GetArray(answer.object, "scores"));
  if (items.size() != samples.size())
    return Error(ErrorCode::kCorrupt,
                 fmt::format("it sent {} scores for {} samples", items.size(), samples.size()));
  std::vector<MetricScore> scores;
  scores.reserve(items.size());
  for (const json::value& item : items) {
    VLMHB_ASSIGN(MetricScore score, ReadScore(item, shape_));
    scores.push_back(std::move(score));
  }
  return scores;
}

Result<std::vector<MetricScore>> MetricHost::OneByOne(std::span<const MetricSample> samples) {
  std::vector<MetricScore> scores;
  for (size_t i = 0; i < samples.size(); ++i) {
    VLMHB_ASSIGN(std::vector<MetricScore> one, Compute(samples.subspan(i, 1)));
    scores.push_back(std::move(one.at(0)));
  }
  return scores;
}

Result<std::vector<MetricScore>> MetricHost::Compute(std::span<const MetricSample> samples) {
  Result<std::vector<MetricScore>> scores = AskScores(samples);
  if (scores.ok()) return scores;
  const Error& why = scores.error();
  if (why.code() == ErrorCode::kCancelled) return scores;
  if (!host_.alive()) VLMHB_TRY(Restart(why));
  if (samples.size() > 1) return OneByOne(samples);
  std::vector<MetricScore> failed(1);
  failed[0].error = Truncate(why.message(), kMaxErrorBytes);
  return failed;
}

Result<std::vector<std::optional<double>>> MetricHost::Aggregate(
    std::span<const std::vector<double>> sums) {
  const size_t at_once = std::max<size_t>(1, kMaxNumbers / shape_.width);
  std::vector<std::optional<double>> values;
  values.reserve(sums.size());
  for (size_t begin = 0; begin < sums.size(); begin += at_once) {
    const auto part = sums.subspan(begin, std::min(at_once, sums.size() - begin));
    VLMHB_TRY(AskValues(part, values));
  }
  return values;
}

Result<void> MetricHost::AskValues(std::span<const std::vector<double>> sums,
                                   std::vector<std::optional<double>>& values) {
  json::array lists;
  for (const std::vector<double>& list : sums)
    lists.emplace_back(json::array(list.begin(), list.end()));
  VLMHB_ASSIGN(const Message answer,
               host_.Ask({{"type", "aggregate"}, {"sums", std::move(lists)}}, "values"));
  VLMHB_ASSIGN(const json::array items, GetArray(answer.object, "values"));
  if (items.size() != sums.size())
    return Error(ErrorCode::kCorrupt, fmt::format("the metric plug-in '{}' sent {} values for {} "
                                                  "lists of sums",
                                                  shape_.name, items.size(), sums.size()));
  for (const json::value& item : items) {
    values.emplace_back();
    if (item.is_null()) continue;
    VLMHB_ASSIGN(values.back(), ReadNumber(item));
  }
  return {};
}

}  // namespace vlmhb::worker
