#include "metrics/table.h"

#include <fmt/format.h>

#include "base/text.h"
#include "metrics/anls.h"
#include "metrics/boxes.h"
#include "metrics/choice.h"
#include "metrics/exact_match.h"
#include "metrics/fields.h"
#include "metrics/labels.h"
#include "metrics/page_order.h"
#include "metrics/references.h"
#include "metrics/rouge.h"
#include "metrics/text_metrics.h"

namespace vlmhb::metrics {
namespace {

using Text = std::string_view;
using Value = std::optional<Score>;

struct Row {
  std::string_view name;
  std::string_view params;  // names of what it has, separated by one space
  NormalizeOptions normalize;
  Metric::Function function;
};

constexpr NormalizeOptions kKeepCase;
constexpr NormalizeOptions kIgnoreCase{.ignore_case = true};

// Sorted by name.
constexpr Row kTable[] = {
    {"anls", "ignore_case ignore_punctuation threshold unicode", kIgnoreCase,
     [](Text reference, Text answer, const Params& params, Scratch& scratch) -> Value {
       return BestOf(reference, [&](Text one) -> Value {
         return Anls(one, answer, params.normalize, params.threshold, scratch);
       });
     }},
    {"cer", "ignore_case ignore_punctuation unicode", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch& scratch) {
       return CharacterErrorRate(reference, answer, params.normalize, scratch);
     }},
    {"choice_accuracy", "", kKeepCase,
     [](Text reference, Text answer, const Params&, Scratch& scratch) {
       return ChoiceAccuracy(reference, answer, scratch);
     }},
    {"exact_match", "ignore_case ignore_punctuation unicode", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch& scratch) -> Value {
       return BestOf(reference, [&](Text one) -> Value {
         return ExactMatch(one, answer, params.normalize, scratch);
       });
     }},
    {"field_accuracy", "ignore_case ignore_punctuation unicode", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch&) {
       return FieldAccuracy(reference, answer, params.normalize);
     }},
    {"field_f1", "ignore_case ignore_punctuation unicode", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch&) {
       return FieldF1(reference, answer, params.normalize);
     }},
    {"iou", "format reference_format scale", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch&) {
       return MeanIou(reference, answer, params.boxes);
     }},
    {"iou_accuracy", "format reference_format scale threshold", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch&) {
       return IouAccuracy(reference, answer, params.boxes, params.threshold);
     }},
    {"json_valid", "", kKeepCase,
     [](Text, Text answer, const Params&, Scratch&) -> Value { return JsonValid(answer); }},
    {"kendall_tau", "", kKeepCase,
     [](Text reference, Text answer, const Params&, Scratch&) {
       return KendallTau(reference, answer);
     }},
    {"label_accuracy", "ignore_case ignore_punctuation labels unicode", kIgnoreCase,
     [](Text reference, Text answer, const Params& params, Scratch& scratch) {
       return LabelAccuracy(reference, answer, params.labels, params.normalize, scratch);
     }},
    {"position_accuracy", "", kKeepCase,
     [](Text reference, Text answer, const Params&, Scratch&) {
       return PositionAccuracy(reference, answer);
     }},
    {"rouge_l", "words", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch& scratch) {
       return RougeL(reference, answer, params.words, scratch);
     }},
    {"wer", "ignore_case ignore_punctuation unicode", kKeepCase,
     [](Text reference, Text answer, const Params& params, Scratch& scratch) {
       return WordErrorRate(reference, answer, params.normalize, scratch);
     }},
};

}  // namespace

Result<Metric> MakeMetric(std::string_view implementation, const json::object& params) {
  for (const Row& row : kTable) {
    if (row.name != implementation) continue;
    Params read{.normalize = row.normalize};
    for (const auto& [key, value] : params) {
      const std::string_view name(key.data(), key.size());
      VLMHB_TRY(ReadParam(row.name, row.params, name, value, read));
    }
    return Metric(row.function, std::move(read));
  }
  const std::vector<std::string> names = ImplementationNames();
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("no metric implementation is called {}; there are {}.{}", implementation,
                           Join(names, ", "), DidYouMean(implementation, names)));
}

std::vector<std::string> ImplementationNames() {
  std::vector<std::string> names;
  for (const Row& row : kTable) names.emplace_back(row.name);
  return names;
}

}  // namespace vlmhb::metrics
