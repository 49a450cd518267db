#pragma once
// Expected labels against answered ones, for classification.

#include <string>
#include <unordered_map>
#include <vector>

#include "metrics/params.h"
#include "metrics/scratch.h"
#include "report/task_counter.h"

namespace vlmhb::report {

class ConfusionCounter : public TaskCounter::Part {
 public:
  static constexpr size_t kMostLabels = 20;  // shown by themselves
  // Labels of references, and further ones of answers, that are told apart while counting.
  static constexpr size_t kMostTexts = 200;

  explicit ConfusionCounter(metrics::Params params);

  void Add(std::string_view expected, std::string_view answer) override;
  void FillIn(TaskReport& report) override;

 private:
  // Numbers texts; all beyond kMostTexts are number kMostTexts.
  class Texts {
   public:
    size_t NumberOf(const std::string& text);
    size_t size() const { return texts_.size(); }
    const std::string& operator[](size_t i) const { return texts_[i]; }
    bool Has(const std::string& text) const { return numbers_.contains(text); }

   private:
    std::unordered_map<std::string, size_t> numbers_;
    std::vector<std::string> texts_;
  };

  metrics::Params params_;
  metrics::Scratch scratch_;
  Texts expected_;
  Texts answered_;
  std::vector<int64_t> samples_;   // [expected][answered], both with one more for all others
  std::vector<int64_t> no_label_;  // [expected]: the answer is empty or names several labels
};

}  // namespace vlmhb::report
