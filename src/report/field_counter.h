#pragma once
// What answers make of every field, for tasks whose references are JSON objects.

#include <map>
#include <string>

#include "metrics/fields.h"
#include "metrics/scripts.h"
#include "report/task_counter.h"

namespace vlmhb::report {

class FieldCounter : public TaskCounter::Part {
 public:
  // So many fields are kept apart; others are counted together.
  static constexpr size_t kMostFields = 500;

  explicit FieldCounter(const metrics::NormalizeOptions& normalize) : normalize_(normalize) {}

  // A reference that is no JSON object counts for nothing, an answer that is none has no field.
  void Add(std::string_view expected, std::string_view answer) override;
  void FillIn(TaskReport& report) override;

 private:
  FieldCount& CountOf(const std::string& path);

  metrics::NormalizeOptions normalize_;
  std::map<std::string, FieldCount> counts_;
  FieldCount others_;
  metrics::ScriptCounts expected_scripts_{};  // of the values
  metrics::ScriptCounts answered_scripts_{};
};

}  // namespace vlmhb::report
