// The small pure parts: percentiles, numbers as text, escaping, differences of texts, pictures,
// time at work, axes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "report/axis_scale.h"
#include "report/escape.h"
#include "report/fixture_test.h"
#include "report/format.h"
#include "report/percentile.h"
#include "report/picture.h"
#include "report/svg_chart.h"
#include "report/text_diff.h"
#include "report/throughput.h"
#include "report/worst_samples.h"

namespace vlmhb::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Expected values are those of numpy.percentile(values, q).
TEST(Percentile, EqualsNumpy) {
  std::vector<float> values{12.5, 3.25, 99.75, 7, 7, 41.125, 250.5, 18, 0.5, 63};
  const Distribution summary = Summarise(values);
  EXPECT_EQ(summary.count, 10);
  EXPECT_DOUBLE_EQ(*Percentile(values, 0), 0.5);
  EXPECT_DOUBLE_EQ(*summary.p50, 15.25);
  EXPECT_NEAR(*summary.p90, 114.825, 1e-9);
  EXPECT_NEAR(*Percentile(values, 0.95), 182.6625, 1e-9);
  EXPECT_NEAR(*summary.p99, 236.9325, 1e-9);
  EXPECT_DOUBLE_EQ(*Percentile(values, 1), 250.5);
  EXPECT_EQ(summary.curve.size(), 101u);
}

TEST(Percentile, EqualsNumpyOnManyValues) {
  std::vector<float> values;
  for (int i = 700; i > 0; --i) values.push_back(static_cast<float>(i * i / 7.0));
  const Distribution summary = Summarise(values);
  EXPECT_NEAR(*summary.p50, 17550.0712890625, 1e-6);
  EXPECT_NEAR(*summary.p90, 56718.014453125, 1e-6);
  EXPECT_NEAR(*summary.p99, 68608.98140625, 1e-6);
}

TEST(Percentile, OfNothingIsAbsent) {
  std::vector<float> none;
  const Distribution summary = Summarise(none);
  EXPECT_EQ(summary.count, 0);
  EXPECT_FALSE(summary.p50.has_value());
  EXPECT_TRUE(summary.curve.empty());
}

TEST(Percentile, NeedsMoreSamplesFurtherOut) {
  EXPECT_EQ(SamplesNeeded(50), 1);
  EXPECT_EQ(SamplesNeeded(90), 64);
  EXPECT_EQ(SamplesNeeded(95), 130);
  EXPECT_EQ(SamplesNeeded(99), 662);
}

const MetricDefinition kCer{"cer", "", "ratio", true, 0.0, std::nullopt};
const MetricDefinition kSeconds{"time", "s", "mean", true, 0.0, std::nullopt};

TEST(Format, ShowsMetricsWithThreeDigits) {
  EXPECT_EQ(FormatMetric(kCer, 0.01234), "1.23 %");
  EXPECT_EQ(FormatMetric(kCer, 0.4567), "45.7 %");
  EXPECT_EQ(FormatMetric(kCer, 1.2345), "123 %");
  EXPECT_EQ(FormatMetric(kCer, 0.0), "0.00 %");
  EXPECT_EQ(FormatMetric(kCer, std::nullopt), "–");
  EXPECT_EQ(FormatMetric(kSeconds, 0.4567), "0.457 s");
  EXPECT_EQ(FormatInterval(kCer, 0.0123, Interval{0.008, 0.171}), "[0.80, 17.10]");
  EXPECT_EQ(FormatInterval(kCer, 0.01, std::nullopt), "");
  EXPECT_EQ(FormatDifference(kCer, -0.0321), "−3.21 pp");
  EXPECT_EQ(FormatDifference(kCer, -0.000001), "0.00 pp");
  EXPECT_EQ(FormatDifferenceInterval(kCer, 0.1, Interval{-0.001, 0.12}), "[−0.1, +12.0]");
  EXPECT_EQ(FormatMetricTick(kCer, 0.4), "40");
  EXPECT_EQ(FormatMetricTick(kCer, 0.005), "0.5");
}

TEST(Format, ShowsAFractionInPercentOnlyWhereItIsOne) {
  EXPECT_EQ(FormatMetric({"anls", "", "mean", false, 0.0, 1.0}, 0.5), "50.0 %");
  EXPECT_EQ(FormatMetric({"bleu", "", "mean", false, 0.0, 100.0}, 0.5), "0.500");
  EXPECT_EQ(FormatMetric({"other", "", "mean", false, std::nullopt, std::nullopt}, 0.5), "0.500");
}

TEST(Format, ShowsDurationsMemoryAndCounts) {
  EXPECT_EQ(FormatMillis(0.4234), "0.42 ms");
  EXPECT_EQ(FormatMillis(12.34), "12.3 ms");
  EXPECT_EQ(FormatMillis(1234), "1.23 s");
  EXPECT_EQ(FormatMillis(300'000), "5.0 min");
  EXPECT_EQ(FormatMillis(std::nullopt), "–");
  EXPECT_EQ(FormatMillisTick(0), "0");
  EXPECT_EQ(FormatMillisTick(2000), "2 s");
  EXPECT_EQ(FormatMemory(412), "412 MB");
  EXPECT_EQ(FormatMemory(1234), "1.23 GB");
  EXPECT_EQ(FormatCount(9999), "9999");
  EXPECT_EQ(FormatCount(12345), "12\u202F345");
  EXPECT_EQ(FormatCount(1234567), "1\u202F234\u202F567");
  EXPECT_EQ(FormatCount(-123456), "-123\u202F456");
  EXPECT_EQ(FormatShare(9999, 10000), "99.9 %") << "100 % only when all";
  EXPECT_EQ(FormatShare(3, 3), "100 %");
  EXPECT_EQ(FormatShare(0, 0), "–");
  EXPECT_EQ(MetricTitle("cer"), "CER");
  EXPECT_EQ(MetricTitle("exact_match"), "exact match");
  EXPECT_EQ(MetricTitle("rouge_l"), "ROUGE-L");
}

TEST(Escape, MakesInvisibleCharactersVisible) {
  EXPECT_EQ(VisibleText(std::string_view("a\0b", 3)), "a␀b");
  EXPECT_EQ(VisibleText("a\u202Egnp.exe"), "a‹U+202E›gnp.exe");
  EXPECT_EQ(VisibleText("\x1B[31m"), "␛[31m");
  EXPECT_EQ(VisibleText("a\r\nb\rc\td"), "a\nb␍c\td");
  EXPECT_EQ(VisibleText("\xFF\xC3"), "\uFFFD\uFFFD");
  EXPECT_EQ(VisibleText("Привет, ёж 🦔"), "Привет, ёж 🦔");
}

TEST(Escape, HtmlLeavesNoMarkup) {
  EXPECT_EQ(EscapeHtml("<script>alert('1')</script>\"&"),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;");
}

TEST(Escape, MarkdownLeavesNoMarkup) {
  EXPECT_EQ(EscapeMarkdown("a|b\nc"), "a\\|b ⏎ c");
  EXPECT_EQ(EscapeMarkdown("`x` *y* [z](u) ![i](j)"), "\\`x\\` \\*y\\* \\[z\\](u) \\!\\[i\\](j)");
  EXPECT_EQ(EscapeMarkdown("<b>&"), "&lt;b&gt;&amp;");
  EXPECT_EQ(EscapeMarkdown("http://x www.x a@b"), "http&#58;//x www&#46;x a&#64;b");
  EXPECT_EQ(EscapeMarkdown("full_text _it_"), "full_text \\_it\\_");
  EXPECT_EQ(EscapeMarkdown("# x"), "\\# x");
  EXPECT_EQ(EscapeMarkdown("\\|"), "\\\\\\|") << "an escape in the text does not undo ours";
}

TEST(Escape, ShortenCountsCharacters) {
  EXPECT_EQ(Shorten("абвг", 4), "абвг");
  EXPECT_EQ(Shorten("абвгд", 4), "абвг…");
  EXPECT_EQ(Shorten("", 4), "");
  EXPECT_LT(Shorten(std::string(100'000, '\x80'), 10).size(), 100u);
}

std::string Marked(const std::vector<DiffPiece>& pieces) {
  std::string text;
  for (const DiffPiece& piece : pieces) text += piece.changed ? "{" + piece.text + "}" : piece.text;
  return text;
}

TEST(TextDiff, MarksWhatDiffers) {
  const TextDiff diff = DiffTexts("Счёт № 407", "Счет № 4O7!");
  EXPECT_EQ(Marked(diff.expected), "Сч{ё}т № 4{0}7");
  EXPECT_EQ(Marked(diff.got), "Сч{е}т № 4{O}7{!}");
}

TEST(TextDiff, KeepsCombiningMarksWithTheirLetter) {
  const TextDiff diff = DiffTexts("мой дом", "мои\u0306 дом");
  EXPECT_EQ(Marked(diff.got), "мо{и\u0306} дом");
}

TEST(TextDiff, DoesNotMakeConfettiOfUnrelatedTexts) {
  const TextDiff diff = DiffTexts("abcdefghij", "zzzzazzzzbzzzz");
  EXPECT_EQ(Marked(diff.expected), "{abcdefghij}");
  EXPECT_EQ(Marked(diff.got), "{zzzzazzzzbzzzz}");
}

TEST(TextDiff, JoinedPiecesAreTheTexts) {
  for (const auto& [a, b] : {std::pair<std::string, std::string>{"", ""},
                             {"", "x"},
                             {"кот", ""},
                             {"a\xFFz", "az"},
                             {"x1y2z3w4", "xaybzcwd"}}) {
    const TextDiff diff = DiffTexts(a, b);
    std::string expected, got;
    for (const DiffPiece& piece : diff.expected) expected += piece.text;
    for (const DiffPiece& piece : diff.got) got += piece.text;
    EXPECT_EQ(expected, SanitizeUtf8(a));
    EXPECT_EQ(got, SanitizeUtf8(b));
  }
}

TEST(Picture, ReadsTheSizeOfAPng) {
  const auto picture = ParsePicture(FakePng(640, 480));
  ASSERT_TRUE(picture.ok());
  EXPECT_EQ(picture->media_type, "image/png");
  EXPECT_EQ(picture->width, 640);
  EXPECT_EQ(picture->height, 480);
}

TEST(Picture, ReadsTheSizeOfAJpeg) {
  // SOI, an APP0 segment of 2 + 3 bytes, SOF0: 8 bits, 300 high, 200 wide.
  const std::string jpeg("\xFF\xD8\xFF\xE0\x00\x05xyz\xFF\xC0\x00\x0B\x08\x01\x2C\x00\xC8\x01", 20);
  const auto picture = ParsePicture(jpeg);
  ASSERT_TRUE(picture.ok()) << picture.error().ToString();
  EXPECT_EQ(picture->media_type, "image/jpeg");
  EXPECT_EQ(picture->width, 200);
  EXPECT_EQ(picture->height, 300);
}

TEST(Picture, RefusesWhatIsNoneOrAbsurd) {
  EXPECT_EQ(ParsePicture("<svg onload=alert(1)>").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(ParsePicture("").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(ParsePicture(FakePng(0, 10)).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ParsePicture(FakePng(100'000, 100'000)).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ParsePicture(FakePng(10, 10).substr(0, 20)).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ParsePicture("\xFF\xD8\xFF").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ParsePicture(std::string("\xFF\xD8\xFF\xE0\x00\x00xxxxxxxxxx", 16)).error().code(),
            ErrorCode::kCorrupt)
      << "a segment of no length must not loop";
}

TEST(Picture, StaysInsideTheFolder) {
  const os::TempFolder folder;
  ASSERT_TRUE(os::MakeFolders(folder.path() / "root").ok());
  ASSERT_TRUE(os::WriteFileAtomic(folder.path() / "secret.png", FakePng(9, 9)).ok());
  ASSERT_TRUE(os::WriteFileAtomic(folder.path() / "root" / "big.png", FakePng(9, 9, 500'000)).ok());
  EXPECT_FALSE(ReadPicture(folder.path() / "root", "../secret.png").ok());
  EXPECT_EQ(ReadPicture(folder.path() / "root", "none.png").error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(ReadPicture(folder.path() / "root", "big.png").error().message(),
              HasSubstr("500 kB"));
}

TEST(ActiveTime, ParsesTimestamps) {
  EXPECT_EQ(ParseUtcMillis("1970-01-02T00:00:01.250Z"), 86'401'250);
  EXPECT_EQ(ParseUtcMillis("2026-11-24T06:40:52.123Z"), 1'795'502'452'123);
  EXPECT_FALSE(ParseUtcMillis("2026-13-24T06:40:52.123Z"));
  EXPECT_FALSE(ParseUtcMillis("2026-11-24 06:40:52.123Z"));
  EXPECT_FALSE(ParseUtcMillis(""));
}

TEST(ActiveTime, CountsOverlapsOnceAndLeavesOutRestarts) {
  ActiveTime active;
  EXPECT_FALSE(active.Seconds());
  active.Add(10'000, 12'000);
  active.Add(11'000, 13'000);        // overlaps
  active.Add(13'500, 14'000);        // half a second of the runner's own work
  active.Add(9'000'000, 9'001'000);  // hours later
  active.Add(9'500, 9'800);          // out of order, joins the first
  EXPECT_DOUBLE_EQ(*active.Seconds(), 4.5 + 1);
}

TEST(WorstSamples, KeepsTheWorstInOrder) {
  WorstSamples worst(3, true);
  for (int id = 0; id < 100; ++id) {
    Sample sample;
    sample.id = id;
    sample.value = id % 50;
    if (worst.Wants(*sample.value, id)) worst.Add(sample);
  }
  std::vector<int64_t> ids;
  for (const Sample& sample : worst.Take()) ids.push_back(sample.id);
  EXPECT_THAT(ids, ElementsAre(49, 99, 48));
}

TEST(WorstSamples, OfNoneIsNone) {
  WorstSamples worst(0, false);
  EXPECT_FALSE(worst.Wants(0, 1));
  EXPECT_TRUE(worst.Take().empty());
}

TEST(AxisScale, HasRoundTicks) {
  const AxisScale scale = AxisScale::Linear(0, 0.343, 5);
  EXPECT_THAT(scale.ticks(),
              ElementsAre(0, testing::DoubleNear(0.1, 1e-9), testing::DoubleNear(0.2, 1e-9),
                          testing::DoubleNear(0.3, 1e-9), testing::DoubleNear(0.4, 1e-9)));
  EXPECT_NEAR(scale.Position(0.2), 0.5, 1e-9);
  EXPECT_EQ(scale.Position(-5), 0);
  EXPECT_EQ(scale.Position(5), 1);
}

TEST(AxisScale, SurvivesDegenerateRanges) {
  for (const auto& [low, high] : {std::pair{0.0, 0.0},
                                  {5.0, 5.0},
                                  {-3.0, -3.0},
                                  {1e-300, 1e-300},
                                  {1e300, 1e300},
                                  {-1e9, 1e9}}) {
    const AxisScale scale = AxisScale::Linear(low, high, 5);
    EXPECT_GE(scale.ticks().size(), 2u) << low;
    EXPECT_LE(scale.ticks().size(), 20u) << low;
    EXPECT_TRUE(std::isfinite(scale.Position(low))) << low;
  }
  for (const auto& [low, high] : {std::pair{1.0, 1.0}, {0.003, 0.003}, {1e-9, 1e9}, {2.0, 2.1}}) {
    const AxisScale scale = AxisScale::Logarithmic(low, high);
    EXPECT_GE(scale.ticks().size(), 2u) << low;
    EXPECT_LT(scale.Position(low), scale.Position(high * 2)) << low;
  }
}

TEST(SvgChart, DrawsMarksWithShapesWhiskersAndText) {
  const IntervalChart chart{
      "q",
      "CER by model",
      "CER, %",
      [](double value) { return FormatMetricTick(kCer, value); },
      {{"<b>", "1.0 %", {{3, 0.01, Interval{0.005, 0.02}, "tip \" <"}}}, {"absent", "", {}}}};
  const std::string svg = RenderIntervalChart(chart);
  EXPECT_EQ(CheckHtml(svg), "");
  EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-labelledby=\"q-t q-d\""));
  EXPECT_THAT(svg, HasSubstr("href=\"#m3\""));
  EXPECT_THAT(svg, HasSubstr("class=\"whisker c3\" x1=\"25.75%\" x2=\"98.50%\""));
  EXPECT_THAT(svg, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(svg, HasSubstr("not measured"));
  EXPECT_THAT(svg, Not(HasSubstr("<b>")));
}

TEST(SvgChart, OfNothingIsEmpty) {
  EXPECT_EQ(RenderIntervalChart({"a", "", "", FormatMillisTick, {{"x", "", {}}}}), "");
  EXPECT_EQ(RenderQuantileChart({"a", "", "", FormatMillisTick, FormatMillisTick, {}}), "");
  EXPECT_EQ(RenderScatterChart({"a", "", "", "", FormatMillisTick, FormatMillisTick, {}}), "");
}

}  // namespace
}  // namespace vlmhb::report
