#include "report/task_counter.h"

#include <algorithm>
#include <map>
#include <utility>

#include "metrics/choice.h"
#include "metrics/page_order.h"
#include "metrics/params.h"
#include "metrics/scripts.h"
#include "report/confusion_counter.h"
#include "report/field_counter.h"
#include "report/script_counts.h"

namespace vlmhb::report {
namespace {

// The parameters of a metric as far as they say how an answer is read; the rest is the metric's.
metrics::Params ReadingOf(const MetricDefinition& metric) {
  constexpr std::string_view kNames = "labels unicode ignore_case ignore_punctuation";
  metrics::Params params;
  for (const auto& [key, value] : metric.params)
    (void)metrics::ReadParam(metric.name, kNames, std::string_view(key.data(), key.size()), value,
                             params);
  return params;
}

// The first metric that knows labels, else the first.
metrics::Params ReadingOf(std::span<const MetricDefinition> metrics) {
  for (const MetricDefinition& metric : metrics)
    if (metric.params.contains("labels")) return ReadingOf(metric);
  return metrics.empty() ? metrics::Params{} : ReadingOf(metrics.front());
}

class ScriptCounter : public TaskCounter::Part {
 public:
  void Add(std::string_view expected, std::string_view answer) override {
    Count(expected, expected_);
    Count(answer, answered_);
  }
  void FillIn(TaskReport& report) override {
    report.scripts = CompareScripts(expected_, answered_);
  }

 private:
  void Count(std::string_view text, metrics::ScriptCounts& counts) {
    metrics::Normalize(text, {}, symbols_);
    AddScripts(symbols_, counts);
  }

  metrics::ScriptCounts expected_{};
  metrics::ScriptCounts answered_{};
  std::vector<metrics::Symbol> symbols_;
};

class ChoiceCounter : public TaskCounter::Part {
 public:
  void Add(std::string_view expected, std::string_view answer) override {
    const auto wanted = metrics::ChosenLetter(expected, scratch_);
    if (!wanted) return;
    const auto got = metrics::ChosenLetter(answer, scratch_);
    ++counts_[*wanted].expected;
    ChoiceCount& answered = counts_[got.value_or(kNone)];
    ++answered.answered;
    answered.right += got == wanted;
  }
  void FillIn(TaskReport& report) override {
    for (auto& [letter, count] : counts_) {
      if (letter != kNone) count.letter = metrics::ToUtf8({&letter, 1});
      report.choices.push_back(count);
    }
  }

 private:
  // Behind all letters, of which there are no more than two alphabets have.
  static constexpr metrics::Symbol kNone = 0x10FFFF;
  std::map<metrics::Symbol, ChoiceCount> counts_;
  metrics::Scratch scratch_;
};

class OrderCounter : public TaskCounter::Part {
 public:
  void Add(std::string_view expected, std::string_view answer) override {
    const auto wanted = metrics::ReadNumbers(expected);
    if (!wanted) return;
    const auto got = metrics::ReadNumbers(answer);
    ++order_.samples;
    order_.no_list += !got.has_value();
    order_.other_length += got && got->size() != wanted->size();
    for (size_t i = 0; i < wanted->size(); ++i) {
      const size_t place = std::min(i, PageOrder::kPlaces);
      if (order_.places.size() <= place) order_.places.resize(place + 1);
      ++order_.places[place].expected;
      order_.places[place].right += got && i < got->size() && (*got)[i] == (*wanted)[i];
    }
  }
  void FillIn(TaskReport& report) override { report.order = std::move(order_); }

 private:
  PageOrder order_;
};

std::unique_ptr<TaskCounter::Part> MakePart(std::string_view kind,
                                            std::span<const MetricDefinition> metrics) {
  if (kind == "text") return std::make_unique<ScriptCounter>();
  if (kind == "fields") return std::make_unique<FieldCounter>(ReadingOf(metrics).normalize);
  if (kind == "confusion") return std::make_unique<ConfusionCounter>(ReadingOf(metrics));
  if (kind == "choices") return std::make_unique<ChoiceCounter>();
  if (kind == "order") return std::make_unique<OrderCounter>();
  return nullptr;
}

}  // namespace

TaskCounter::TaskCounter(std::string_view kind, std::span<const MetricDefinition> metrics)
    : part_(MakePart(kind, metrics)) {}
TaskCounter::~TaskCounter() = default;

void TaskCounter::Add(std::string_view expected, std::string_view answer) {
  if (part_ != nullptr) part_->Add(expected, answer);
}

TaskReport TaskCounter::Take() {
  TaskReport report;
  if (part_ != nullptr) part_->FillIn(report);
  part_.reset();
  return report;
}

}  // namespace vlmhb::report
