#pragma once
// Counts what a task's report shows beyond metrics, sample by sample. Memory is bounded, however
// many samples, fields or labels there are: what is beyond a bound is counted together.

#include <memory>
#include <span>
#include <string_view>

#include "report/report_model.h"

namespace vlmhb::report {

class TaskCounter {
 public:
  // `kind`: "text", "fields", "confusion", "choices" or "order"; anything else counts nothing.
  // Labels and fields are read as the first of `metrics` reads them.
  TaskCounter(std::string_view kind, std::span<const MetricDefinition> metrics);
  ~TaskCounter();

  // One answered sample.
  void Add(std::string_view expected, std::string_view answer);
  // Everything so far. Ends the counting.
  TaskReport Take();

  // One kind of report.
  class Part {
   public:
    virtual ~Part() = default;
    virtual void Add(std::string_view expected, std::string_view answer) = 0;
    virtual void FillIn(TaskReport& report) = 0;
  };

 private:
  std::unique_ptr<Part> part_;
};

}  // namespace vlmhb::report
