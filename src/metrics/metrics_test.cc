// Values of the metrics against the reference implementations (tests/golden/metrics.jsonl, made by
// make_metrics_golden.py), and what the references do not define.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>
#include <string>

#include "metrics/table.h"

namespace vlmhb::metrics {
namespace {

std::optional<Score> Compute(std::string_view metric, std::string_view reference,
                             std::string_view answer, const json::object& params = {}) {
  static Scratch scratch;
  return MakeMetric(metric, params).value().Compute(reference, answer, scratch);
}

std::string Text(const json::object& row, std::string_view key) {
  return std::string(row.at(key).get_string());
}

json::object Without(json::object params, std::string_view key) {
  params.erase(key);
  return params;
}

void ExpectRatio(const json::object& row, std::string_view metric, const json::object& params) {
  const auto score = Compute(metric, Text(row, "r"), Text(row, "h"), params);
  const json::value* expected = row.if_contains(metric);
  ASSERT_EQ(score.has_value(), expected != nullptr);
  if (expected == nullptr) return;
  EXPECT_EQ(score->numerator, expected->as_array().at(0).to_number<double>());
  EXPECT_EQ(score->denominator, expected->as_array().at(1).to_number<double>());
}

TEST(MetricsGoldenTest, EqualTheReferenceImplementations) {
  std::ifstream file(VLMHB_SOURCE_DIR "/tests/golden/metrics.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(file, line)) << "the header with the versions";
  int cases = 0;
  double greatest_anls_difference = 0;
  Levenshtein levenshtein;
  while (std::getline(file, line)) {
    SCOPED_TRACE(line.substr(0, 300));
    const json::object row = ParseJson(line).value().as_object();
    const json::object* found = FindObject(row, "p");
    const json::object params = found != nullptr ? *found : json::object{};
    const json::object no_threshold = Without(params, "threshold");
    ExpectRatio(row, "cer", no_threshold);
    ExpectRatio(row, "wer", no_threshold);
    EXPECT_EQ(Compute("exact_match", Text(row, "r"), Text(row, "h"), no_threshold)->numerator,
              row.at("em").to_number<double>());
    const double anls = Compute("anls", Text(row, "r"), Text(row, "h"), params)->numerator;
    const double difference = std::abs(anls - std::stod(Text(row, "anls")));
    greatest_anls_difference = std::max(greatest_anls_difference, difference);
    std::vector<Symbol> reference, answer;
    Normalize(Text(row, "r"), {.unicode = UnicodeForm::kNone}, reference);
    Normalize(Text(row, "h"), {.unicode = UnicodeForm::kNone}, answer);
    EXPECT_EQ(levenshtein.Distance(reference, answer), row.at("lev").to_number<size_t>());
    ++cases;
  }
  EXPECT_GE(cases, 300);
  EXPECT_LE(greatest_anls_difference, 0) << "the same operations on the same doubles";
  RecordProperty("cases", cases);
}

// Where no transform of jiwer's differs from ours, its defaults give our value.
TEST(MetricsGoldenTest, EqualJiwersDefaultsOnPlainText) {
  std::ifstream file(VLMHB_SOURCE_DIR "/tests/golden/metrics.jsonl");
  std::string line;
  std::getline(file, line);
  int equal_cer = 0;
  while (std::getline(file, line)) {
    const json::object row = ParseJson(line).value().as_object();
    const auto cer = Compute("cer", Text(row, "r"), Text(row, "h"), {{"unicode", "none"}});
    if (!cer || !row.contains("jiwer")) continue;
    EXPECT_DOUBLE_EQ(cer->value(), row.at("jiwer").as_array().at(0).to_number<double>()) << line;
    ++equal_cer;
  }
  EXPECT_GE(equal_cer, 300);
}

TEST(MetricsTest, WordsAreSeparatedByAnyWhiteSpace) {
  EXPECT_EQ(Compute("wer", "один два\tтри", "один\nдва\xC2\xA0три")->numerator, 0);
  const auto score = Compute("wer", " a b c d ", "a x c");
  EXPECT_EQ(score->numerator, 2);
  EXPECT_EQ(score->denominator, 4);
  EXPECT_EQ(Compute("wer", "a a a", "a b b c")->numerator, 3);
}

TEST(MetricsTest, AnEmptyReferenceHasNoRateButCanMatch) {
  for (const char* metric : {"cer", "wer"}) {
    EXPECT_FALSE(Compute(metric, "", "").has_value());
    EXPECT_FALSE(Compute(metric, " \n", "x").has_value());
    EXPECT_FALSE(Compute(metric, "...", "x", {{"ignore_punctuation", true}}).has_value());
    EXPECT_EQ(Compute(metric, "x", "")->value(), 1);
  }
  EXPECT_EQ(Compute("exact_match", "", "")->value(), 1);
  EXPECT_EQ(Compute("exact_match", "", "x")->value(), 0);
  EXPECT_EQ(Compute("anls", "", " ")->value(), 1);
  EXPECT_EQ(Compute("anls", "", "x")->value(), 0);
}

TEST(MetricsTest, AnlsIsZeroFromTheThresholdOn) {
  EXPECT_DOUBLE_EQ(Compute("anls", "abcd", "abcx")->value(), 0.75);
  EXPECT_EQ(Compute("anls", "abcd", "abxx")->value(), 0) << "0.5 is not below 0.5";
  EXPECT_DOUBLE_EQ(Compute("anls", "abcd", "abxx", {{"threshold", 0.6}})->value(), 0.5);
  EXPECT_EQ(Compute("anls", "Red  Car", "red car")->value(), 1);
  EXPECT_LT(Compute("anls", "Red car", "red car", {{"ignore_case", false}})->value(), 1);
}

TEST(MetricsTest, BoundsAndIdentity) {
  std::mt19937 random(5);
  const auto text = [&] {
    std::string out;
    for (size_t i = random() % 30; i > 0; --i) out += "аб c1B2\n"[random() % 10];
    return out;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string a = text(), b = text();
    for (const std::string& metric : ImplementationNames()) {
      if (metric == "json_valid") continue;  // compares nothing
      const auto score = Compute(metric, a, b);
      if (!score) continue;
      ASSERT_TRUE(std::isfinite(score->value()));
      ASSERT_GE(score->numerator, metric == "kendall_tau" ? -1 : 0);
      ASSERT_GT(score->denominator, 0);
      const bool similarity = metric != "cer" && metric != "wer";
      if (similarity) {
        ASSERT_LE(score->value(), 1);
      }
      const auto self = Compute(metric, a, a);
      if (self) {
        ASSERT_EQ(self->value(), similarity ? 1 : 0);
      }
    }
  }
}

TEST(MetricTableTest, RejectsWhatItDoesNotKnow) {
  const auto message = [](std::string_view name, const json::object& params) {
    const auto metric = MakeMetric(name, params);
    EXPECT_FALSE(metric.ok());
    if (metric.ok()) return std::string();
    EXPECT_EQ(metric.error().code(), ErrorCode::kInvalidConfig);
    return metric.error().message();
  };
  EXPECT_NE(message("cerr", {}).find("Did you mean 'cer'?"), std::string::npos);
  EXPECT_NE(message("cer", {{"ignore_csae", true}}).find("ignore_case"), std::string::npos);
  EXPECT_NE(message("cer", {{"threshold", 0.5}}).find("threshold"), std::string::npos);
  EXPECT_NE(message("anls", {{"threshold", 2}}).find("0 to 1"), std::string::npos);
  EXPECT_NE(message("anls", {{"threshold", "x"}}).find("0 to 1"), std::string::npos);
  EXPECT_NE(message("wer", {{"unicode", "NFD"}}).find("nfkc"), std::string::npos);
  EXPECT_NE(message("wer", {{"ignore_case", 1}}).find("true or false"), std::string::npos);
}

TEST(References, TheBestOfSeveralCounts) {
  Scratch scratch;
  const Metric anls = MakeMetric("anls", {}).value();
  const Metric exact = MakeMetric("exact_match", {}).value();
  const auto value = [&](const Metric& metric, std::string_view reference,
                         std::string_view answer) {
    return metric.Compute(reference, answer, scratch)->value();
  };
  constexpr std::string_view kSeveral = R"(["12 March", "12.03."])";
  EXPECT_EQ(value(exact, kSeveral, "12.03."), 1);
  EXPECT_EQ(value(exact, kSeveral, "12.03"), 0);
  EXPECT_NEAR(value(anls, kSeveral, "12.03"), 1 - 1.0 / 6, 1e-12);
  // What is no list of texts is a text.
  EXPECT_EQ(value(exact, "[1, 2]", "[1, 2]"), 1);
  EXPECT_EQ(value(exact, "[x", "[x"), 1);
}

}  // namespace
}  // namespace vlmhb::metrics
