#include "metrics/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace vlmhb::metrics {
namespace {

constexpr size_t kMostLabels = 1'000;

bool ReadBool(const json::value& value, bool& out) {
  if (value.is_bool()) out = value.get_bool();
  return value.is_bool();
}

bool ReadThreshold(const json::value& value, double& out) {
  const double number = value.is_number() ? value.to_number<double>() : -1;
  if (!(number >= 0 && number <= 1)) return false;
  out = number;
  return true;
}

bool ReadLabels(const json::value& value, std::vector<std::string>& out) {
  if (!value.is_array() || value.get_array().size() > kMostLabels) return false;
  out.clear();
  for (const json::value& label : value.get_array()) {
    if (!label.is_string()) return false;
    out.emplace_back(label.get_string());
  }
  return true;
}

// One of a few words.
template <typename E>
bool ReadWord(const json::value& value,
              std::initializer_list<std::pair<std::string_view, E>> choices, E& out) {
  if (!value.is_string()) return false;
  const auto found = std::find_if(choices.begin(), choices.end(), [&](const auto& choice) {
    return choice.first == value.get_string();
  });
  if (found == choices.end()) return false;
  out = found->second;
  return true;
}

bool ReadBoxFormat(const json::value& value, BoxFormat& out) {
  return ReadWord(value,
                  {{"xyxy", BoxFormat::kCorners},
                   {"xywh", BoxFormat::kCornerAndSize},
                   {"cxcywh", BoxFormat::kCentreAndSize}},
                  out);
}

struct Reader {
  std::string_view name;
  std::string_view expected;  // what a value must be, for the message
  bool (*read)(const json::value&, Params&);
};

constexpr std::string_view kTrueOrFalse = "true or false";
constexpr std::string_view kBoxFormats = R"("xyxy", "xywh" or "cxcywh")";

constexpr Reader kReaders[] = {
    {"unicode", R"("none", "nfc" or "nfkc")",
     [](const json::value& value, Params& params) {
       return ReadWord(
           value,
           {{"none", UnicodeForm::kNone}, {"nfc", UnicodeForm::kNfc}, {"nfkc", UnicodeForm::kNfkc}},
           params.normalize.unicode);
     }},
    {"ignore_case", kTrueOrFalse,
     [](const json::value& value, Params& params) {
       return ReadBool(value, params.normalize.ignore_case);
     }},
    {"ignore_punctuation", kTrueOrFalse,
     [](const json::value& value, Params& params) {
       return ReadBool(value, params.normalize.ignore_punctuation);
     }},
    {"threshold", "a number from 0 to 1",
     [](const json::value& value, Params& params) {
       return ReadThreshold(value, params.threshold);
     }},
    {"labels", "a list of at most 1000 texts",
     [](const json::value& value, Params& params) { return ReadLabels(value, params.labels); }},
    {"words", R"("unicode" or "ascii")",
     [](const json::value& value, Params& params) {
       return ReadWord(value, {{"unicode", WordKind::kUnicode}, {"ascii", WordKind::kAscii}},
                       params.words);
     }},
    {"format", kBoxFormats,
     [](const json::value& value, Params& params) {
       return ReadBoxFormat(value, params.boxes.answer_format);
     }},
    {"reference_format", kBoxFormats,
     [](const json::value& value, Params& params) {
       return ReadBoxFormat(value, params.boxes.reference_format);
     }},
    {"scale", R"("absolute", "unit" or "thousand")",
     [](const json::value& value, Params& params) {
       return ReadWord(value,
                       {{"absolute", BoxScale::kAbsolute},
                        {"unit", BoxScale::kUnit},
                        {"thousand", BoxScale::kThousand}},
                       params.boxes.answer_scale);
     }},
};

}  // namespace

Result<void> ReadParam(std::string_view metric, std::string_view names, std::string_view key,
                       const json::value& value, Params& params) {
  std::vector<std::string> known;
  for (const std::string_view name : Split(names, ' '))
    if (!name.empty()) known.emplace_back(name);
  const bool has = std::find(known.begin(), known.end(), key) != known.end();
  if (!has) {
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("metric {}: unknown parameter {} (it has {}).{}", metric, key,
                             known.empty() ? "none" : Join(known, ", "), DidYouMean(key, known)));
  }
  const auto reader = std::find_if(std::begin(kReaders), std::end(kReaders),
                                   [&](const Reader& other) { return other.name == key; });
  if (reader->read(value, params)) return {};
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("metric {}: parameter {} must be {}, not {}", metric, key,
                           reader->expected, Truncate(ToJson(value), 60)));
}

}  // namespace vlmhb::metrics
