// From folders to the three files: what is collected, compared and shown, and what happens when
// pieces are missing, damaged or hostile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/collect.h"
#include "report/compare.h"
#include "report/fixture_test.h"
#include "report/report_stage.h"
#include "store/result.h"

namespace vlmhb::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// `count` samples on as many images, of which sample i has i % 3 + `extra` errors in 10 characters.
std::vector<FixtureSample> Samples(int count, double extra) {
  std::vector<FixtureSample> samples;
  for (int i = 0; i < count; ++i) {
    FixtureSample sample;
    sample.errors = i % 3 + extra;
    sample.image = "image" + std::to_string(i) + ".png";
    sample.group = i % 2 == 0 ? "invoice" : "receipt";
    sample.answer = "abd";
    sample.latency_ms = 100 + i;
    samples.push_back(sample);
  }
  return samples;
}

class ReportTest : public testing::Test {
 protected:
  os::Path root() const { return folder_.path(); }
  os::Path output() const { return root() / "report"; }

  Report Make(json::array runs, int worst_samples = 10) {
    const json::object stage = StageSpec(output(), std::move(runs), worst_samples);
    auto spec = ParseReportSpec(stage.at("report").get_object());
    EXPECT_TRUE(spec.ok());
    Report report = Collect(*spec, "demo", "2026-11-24T06:40:52.123Z");
    CompareRuns(*spec, report);
    return report;
  }

  Result<void> RunStage(json::array runs) {
    return RunReportStage(StageSpec(output(), std::move(runs)), FakeClock());
  }

  std::string Read(const std::string& name) {
    auto text = os::ReadFile(output() / name);
    EXPECT_TRUE(text.ok()) << name;
    return text.ok() ? *text : "";
  }

  // What every report.html must be, whatever was put in.
  void ExpectSafeHtml(const std::string& html) {
    EXPECT_EQ(CheckHtml(html), "");
    EXPECT_TRUE(IsValidUtf8(html));
    EXPECT_EQ(html.find('\0'), std::string::npos);
    EXPECT_THAT(html, HasSubstr("Content-Security-Policy"));
    for (const char* forbidden : {"<script", " src=", "href=\"http", "url(", "@import", "<link",
                                  "<iframe", " onload", "javascript:"})
      EXPECT_THAT(html, Not(HasSubstr(forbidden))) << forbidden;
  }

 private:
  os::TempFolder folder_;
};

TEST_F(ReportTest, CollectsWhatTheStagesLeft) {
  auto samples = Samples(10, 0);
  samples[4].outcome = "timeout";
  samples[5].outcome = "truncated";
  const RunFixture fixture(root(), "a");
  fixture.Write(samples);
  const Report report = Make({fixture.Spec("model-a", root())});

  ASSERT_EQ(report.runs.size(), 1u);
  const RunReport& run = report.runs[0];
  EXPECT_EQ(run.expected, 10);
  EXPECT_EQ(run.answered, 9);
  EXPECT_EQ(run.failed, 1);
  EXPECT_EQ(run.images, 10);
  // Errors 0 1 2 0 (1) 2 0 1 2 0 without sample 4: 8 of 90 characters.
  EXPECT_DOUBLE_EQ(*run.General("cer")->value, 8.0 / 90);
  EXPECT_EQ(run.groups.size(), 3u);
  EXPECT_EQ(run.speed.latency.count, 9);
  EXPECT_DOUBLE_EQ(*run.speed.latency.p50, 105);
  EXPECT_EQ(run.speed.ttft.count, 0) << "not measured";
  EXPECT_DOUBLE_EQ(*run.speed.peak_memory_mb, 109);
  // Requests start every second, so that no gap is longer: from 0 s to 9.109 s.
  EXPECT_NEAR(*run.speed.active_seconds, 9.109, 1e-9);
  EXPECT_NEAR(*run.speed.answers_per_second, 9 / 9.109, 1e-9);
  EXPECT_NEAR(*run.speed.tokens_per_second, 45 / 9.109, 1e-9);
  ASSERT_EQ(run.failures.size(), 1u);
  EXPECT_EQ(run.failures[0].outcome, "timeout");
  EXPECT_EQ(run.failures[0].count, 1);
  ASSERT_EQ(run.failures[0].examples.size(), 1u);
  EXPECT_EQ(run.failures[0].examples[0].id, 4);
  EXPECT_EQ(run.failures[0].examples[0].image, "image4.png");
  EXPECT_THAT(run.notes, ElementsAre(HasSubstr("1 of 9 answers were cut by max_tokens")));
}

TEST_F(ReportTest, WorstSamplesAreTheWorstAndNeverPerfect) {
  const RunFixture fixture(root(), "a");
  fixture.Write(Samples(6, 0));  // errors 0 1 2 0 1 2
  const Report report = Make({fixture.Spec("model-a", root())});
  std::vector<int64_t> ids;
  for (const Sample& sample : report.runs[0].worst) ids.push_back(sample.id);
  EXPECT_THAT(ids, ElementsAre(2, 5, 1, 4));
  EXPECT_THAT(report.runs[0].worst[0].picture_note, HasSubstr("no such file"));
}

TEST_F(ReportTest, ASteadyDifferenceIsSignificant) {
  const RunFixture good(root(), "good"), bad(root(), "bad");
  good.Write(Samples(40, 0));
  bad.Write(Samples(40, 1));
  const Report report = Make({bad.Spec("bad", root()), good.Spec("good", root())});
  ASSERT_EQ(report.sections.size(), 1u);
  const Comparison& cer = report.sections[0].comparisons.at(0);
  EXPECT_EQ(cer.best, 1u);
  EXPECT_TRUE(cer.best_is_significant);
  ASSERT_EQ(cer.runs.size(), 2u);
  EXPECT_EQ(cer.runs[0].verdict, Verdict::kBest);
  EXPECT_EQ(cer.runs[1].verdict, Verdict::kWorse);
  // One more error in ten characters on every image: no resample can give another difference.
  EXPECT_NEAR(*cer.runs[1].difference, 0.1, 1e-12);
  EXPECT_NEAR(cer.runs[1].ci->low, 0.1, 1e-9);
  EXPECT_NEAR(cer.runs[1].ci->high, 0.1, 1e-9);
  EXPECT_EQ(cer.runs[1].samples, 40);
}

TEST_F(ReportTest, NoiseIsNotSignificant) {
  const RunFixture a(root(), "a"), b(root(), "b");
  auto samples = Samples(40, 0);
  a.Write(samples);
  samples[3].errors += 1;  // one error more here,
  samples[7].errors -= 1;  // one less there,
  samples[9].errors += 1;  // and one more
  b.Write(samples);
  const Report report = Make({a.Spec("a", root()), b.Spec("b", root())});
  const Comparison& cer = report.sections[0].comparisons.at(0);
  EXPECT_EQ(cer.best, 0u);
  EXPECT_FALSE(cer.best_is_significant);
  EXPECT_EQ(cer.runs[1].verdict, Verdict::kNoSignificantDifference);
}

// Failing on everything hard must not look like winning.
TEST_F(ReportTest, RunsAreComparedWhereBothAnswered) {
  const RunFixture picky(root(), "picky"), steady(root(), "steady");
  auto samples = Samples(40, 1);
  for (size_t i = 20; i < 40; ++i) samples[i].errors = 9;
  steady.Write(samples);
  for (size_t i = 0; i < 20; ++i) samples[i].errors += 1;
  for (size_t i = 20; i < 40; ++i) samples[i].outcome = "timeout";
  picky.Write(samples);
  const Report report = Make({picky.Spec("picky", root()), steady.Spec("steady", root())});
  const Comparison& cer = report.sections[0].comparisons.at(0);
  EXPECT_EQ(cer.best, 0u) << "by its own value";
  EXPECT_FALSE(cer.best_is_significant);
  EXPECT_EQ(cer.runs[1].verdict, Verdict::kBetterOnCommon);
  EXPECT_EQ(cer.runs[1].samples, 20);
  ASSERT_TRUE(RunStage({picky.Spec("picky", root()), steady.Spec("steady", root())}).ok());
  EXPECT_THAT(Read("report.md"), HasSubstr("on the samples that both scored steady is better"));
}

TEST_F(ReportTest, OneImageGivesNoVerdict) {
  const RunFixture a(root(), "a"), b(root(), "b");
  a.Write(Samples(1, 0));
  b.Write(Samples(1, 1));
  const Report report = Make({a.Spec("a", root()), b.Spec("b", root())});
  const Difference& second = report.sections[0].comparisons.at(0).runs.at(1);
  EXPECT_EQ(second.verdict, Verdict::kNotComparable);
  EXPECT_THAT(second.note, HasSubstr("one image"));
}

TEST_F(ReportTest, WritesAllThreeFormsAndAResult) {
  const RunFixture good(root(), "good"), bad(root(), "bad");
  good.Write(Samples(70, 0));
  bad.Write(Samples(70, 1));
  ASSERT_TRUE(os::WriteFileAtomic(root() / "image2.png", FakePng(30, 20)).ok());
  ASSERT_TRUE(RunStage({good.Spec("good-model", root()), bad.Spec("bad-model", root())}).ok());

  const std::string markdown = Read("report.md");
  EXPECT_THAT(markdown, HasSubstr("# Демо &amp; demo\n"));
  EXPECT_THAT(markdown, HasSubstr("2 runs on ocr · demo: 70 samples, 70 images"));
  EXPECT_THAT(markdown,
              HasSubstr("good-model is best: CER 9.86 % [8.87, 10.84]; the difference to "
                        "the second, bad-model (+10.0 pp [+10.0, +10.0]), is significant."));
  EXPECT_THAT(markdown, HasSubstr("| good-model | **9.86 % [8.87, 10.84]** | 70 | 100 % | 0 |"));
  EXPECT_THAT(markdown,
              HasSubstr("| bad-model | +10.0 pp | [+10.0, +10.0] | 70 | worse, significant |"));
  EXPECT_THAT(markdown, HasSubstr("| good | latency | 134 ms | 162 ms | 168 ms\\* | 70 |"));
  EXPECT_THAT(markdown, HasSubstr("](images/"));

  const std::string html = Read("report.html");
  ExpectSafeHtml(html);
  EXPECT_THAT(html, HasSubstr("<title>Демо &amp; demo</title>"));
  EXPECT_THAT(html, HasSubstr("★ best"));
  EXPECT_THAT(html, HasSubstr("ab<del>c</del>"));
  EXPECT_THAT(html, HasSubstr("ab<ins>d</ins>"));
  EXPECT_THAT(html, HasSubstr("href=\"data:image/png;base64,"));

  const auto json = ParseJson(Read("report.json"));
  ASSERT_TRUE(json.ok());
  const json::object& object = json->get_object();
  EXPECT_EQ(FindString(object, "schema"), "vlmhb.report/1");
  EXPECT_EQ(object.at("runs").get_array().size(), 2u);
  EXPECT_EQ(object.at("sections").at(0).at("comparisons").at(0).at("best").get_string(), "good");
  EXPECT_TRUE(object.at("runs").at(0).at("speed").at("ttft_ms").at("p50").is_null());
  const std::string picture(
      object.at("runs").at(0).at("worst_samples").at(0).at("picture").get_string());
  EXPECT_EQ(Read(picture), FakePng(30, 20));

  const auto result = store::ReadResult(output());
  ASSERT_TRUE(result.ok() && result->has_value());
  EXPECT_EQ((*result)->identity, std::string(64, 'a'));
  EXPECT_TRUE((*result)->files.contains("report.html"));
  EXPECT_THAT(Read("events.jsonl"), HasSubstr("\"finished\""));
}

TEST_F(ReportTest, SaysSoWhenThereIsNoWinner) {
  const RunFixture a(root(), "a"), b(root(), "b");
  auto samples = Samples(40, 0);
  a.Write(samples);
  samples[3].errors += 1;
  b.Write(samples);
  ASSERT_TRUE(RunStage({a.Spec("a", root()), b.Spec("b", root())}).ok());
  const std::string markdown = Read("report.md");
  EXPECT_THAT(markdown, HasSubstr("No significant winner: a has CER"));
  EXPECT_THAT(markdown, HasSubstr("No significant difference in CER between the first two."));
  EXPECT_THAT(markdown, Not(HasSubstr("**")));
  EXPECT_THAT(Read("report.html"), Not(HasSubstr("★ best")));
}

TEST_F(ReportTest, MemoryOfGpusIsShownWhereItWasCounted) {
  std::vector<FixtureSample> samples = Samples(3, 1);
  const RunFixture without(root(), "cpu");
  without.Write(samples);
  ASSERT_TRUE(RunStage({without.Spec("on-cpu", root())}).ok());
  EXPECT_THAT(Read("report.md"), Not(HasSubstr("GPU")));
  EXPECT_THAT(Read("report.html"), Not(HasSubstr("tensors on GPUs")));

  samples[0].gpu_memory_mb = 700;
  samples[1].gpu_memory_mb = 1500;
  const RunFixture with(root(), "gpu");
  with.Write(samples);
  ASSERT_TRUE(RunStage({without.Spec("on-cpu", root()), with.Spec("on-gpu", root())}).ok());
  EXPECT_THAT(Read("report.md"), HasSubstr("| gpu | 102 MB | 1.50 GB |"));
  EXPECT_THAT(Read("report.md"), HasSubstr("| cpu | 102 MB | – |"));
  EXPECT_THAT(Read("report.html"), HasSubstr("tensors on GPUs"));
  EXPECT_THAT(Read("report.json"), HasSubstr("\"gpu_memory_mb\": 1.5E3"));
}

TEST_F(ReportTest, MissingPiecesAreToldNotInvented) {
  const RunFixture fixture(root(), "good");
  fixture.Write(Samples(10, 1));
  json::object failed = RunFixture(root(), "failed").Spec("broken", root());
  failed["inference"] = nullptr;
  failed["evaluation"] = nullptr;
  failed["failure"] = "setup failed: no space left on /data";
  json::object evaluate_only = fixture.Spec("given-answers", root());
  evaluate_only["run"] = "evaluate-only";
  evaluate_only["inference"] = nullptr;
  json::object nothing_there = RunFixture(root(), "nowhere").Spec("gone", root());

  const Report report = Make({failed, evaluate_only, nothing_there});
  EXPECT_FALSE(report.runs[0].expected);
  EXPECT_EQ(report.runs[0].General("cer"), nullptr);
  EXPECT_FALSE(report.runs[1].speed.peak_memory_mb);
  EXPECT_FALSE(report.runs[1].speed.answers_per_second);
  EXPECT_THAT(report.runs[1].notes, ElementsAre(HasSubstr("only evaluated")));
  EXPECT_THAT(report.runs[2].notes,
              ElementsAre(HasSubstr("answers.csv"), HasSubstr("statistics.json")));

  ASSERT_TRUE(RunStage({failed, evaluate_only, nothing_there}).ok());
  const std::string html = Read("report.html");
  ExpectSafeHtml(html);
  EXPECT_THAT(html, HasSubstr("no space left on /data"));
  EXPECT_THAT(Read("report.md"), HasSubstr("| broken | – | – | – | – |"));
}

TEST_F(ReportTest, DamagedFilesAreToldAndOthersStillShown) {
  const RunFixture fixture(root(), "a");
  fixture.Write(Samples(5, 1));
  ASSERT_TRUE(
      os::WriteFileAtomic(fixture.folder() / "evaluation" / "statistics.json", "{\"metr").ok());
  ASSERT_TRUE(os::WriteFileAtomic(fixture.folder() / "inference" / "requests.csv",
                                  "id;started_at\n1;\"never closed")
                  .ok());
  fixture.WriteManifest("[1]");
  json::object spec = fixture.Spec("m", root());
  spec["manifest"] = (fixture.folder() / "manifest.json").string();
  const Report report = Make({spec});
  EXPECT_THAT(report.runs[0].notes, ElementsAre(HasSubstr("No throughput"), HasSubstr("No quality"),
                                                HasSubstr("No manifest")));
  EXPECT_EQ(report.runs[0].speed.latency.count, 5);
  ASSERT_TRUE(RunStage({spec}).ok());
  ExpectSafeHtml(Read("report.html"));
}

TEST_F(ReportTest, AReportOfNoRunsIsStillAReport) {
  ASSERT_TRUE(RunStage({}).ok());
  ExpectSafeHtml(Read("report.html"));
}

TEST_F(ReportTest, AWrongSpecIsAnErrorThatNamesTheRun) {
  const auto done = RunStage({json::object{{"model", "x"}}});
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().ToString(), HasSubstr("runs[0]"));
  EXPECT_THAT(Read("events.jsonl"), HasSubstr("\"error\""));
  EXPECT_FALSE(std::filesystem::exists(output() / "result.json"));
}

TEST_F(ReportTest, HostileTextStaysText) {
  const std::string evil = "<script>alert(1)</script>\"' onload=x | `y`\n\u202E";
  const RunFixture fixture(root(), "a"), other(root(), "b");
  auto samples = Samples(4, 1);
  samples[0].expected = evil;
  samples[0].answer = std::string(100'000, 'W') + evil;
  samples[1].answer = std::string("a\0b\xFF\xFE", 5);
  samples[2].group = evil;
  samples[3].image = "\"><img src=x>.png";
  fixture.Write(samples);
  other.Write(samples);
  json::object spec = fixture.Spec(evil, root());
  spec["task"] = evil;
  spec["dataset"] = std::string(100'000, '<');
  json::object second = other.Spec(evil, root());
  second["failure"] = evil;
  fixture.WriteManifest(ToJson(
      json::object{{evil, evil}, {"sandbox", false}, {"nested", {{"warnings", {evil, 7}}}}}));
  spec["manifest"] = (fixture.folder() / "manifest.json").string();
  ASSERT_TRUE(RunStage({spec, second}).ok());

  const std::string html = Read("report.html");
  EXPECT_EQ(CheckHtml(html), "");
  EXPECT_TRUE(IsValidUtf8(html));
  for (const char* forbidden : {"<script", "<img", "\u202E"})
    EXPECT_THAT(html, Not(HasSubstr(forbidden))) << forbidden;
  EXPECT_EQ(html.find('\0'), std::string::npos);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_LT(html.size(), 200'000u) << "texts are cut";

  const std::string markdown = Read("report.md");
  EXPECT_TRUE(IsValidUtf8(markdown));
  EXPECT_THAT(markdown, Not(HasSubstr("<script")));
  EXPECT_THAT(markdown, Not(HasSubstr("<img")));
  EXPECT_LT(markdown.size(), 50'000u);
  EXPECT_TRUE(ParseJson(Read("report.json")).ok());
}

TEST_F(ReportTest, ManifestWarningsComeToTheTop) {
  const RunFixture a(root(), "a"), b(root(), "b");
  a.Write(Samples(3, 1));
  b.Write(Samples(3, 1));
  a.WriteManifest(
      R"({"stages":{"infer":{"environment":{"sandbox":false,"warnings":["no sandbox: beware"]}}},"hardware":{"cores":2}})");
  b.WriteManifest(R"({"sandbox":{"kind":"none"},"hardware":{"cores":4}})");
  json::object spec_a = a.Spec("a", root()), spec_b = b.Spec("b", root());
  spec_a["manifest"] = (a.folder() / "manifest.json").string();
  spec_b["manifest"] = (b.folder() / "manifest.json").string();
  const Report report = Make({spec_a, spec_b});
  EXPECT_THAT(report.warnings,
              ElementsAre("no sandbox: beware (a)", HasSubstr("Ran without a sandbox")));
  ASSERT_TRUE(RunStage({spec_a, spec_b}).ok());
  EXPECT_THAT(Read("report.md"), HasSubstr("| hardware.cores | 2 | 4 |"));
  EXPECT_THAT(Read("report.html"), HasSubstr("no sandbox: beware (a)"));
}

TEST_F(ReportTest, PicturesAreBoundedAndCarriedOnce) {
  const RunFixture a(root(), "a"), b(root(), "b");
  auto samples = Samples(40, 1);
  for (FixtureSample& sample : samples)
    ASSERT_TRUE(os::WriteFileAtomic(root() / sample.image, FakePng(10, 10, 390'000)).ok());
  a.Write(samples);
  b.Write(samples);
  const Report report = Make({a.Spec("a", root()), b.Spec("b", root())}, 40);
  size_t bytes = 0;
  for (const Picture& picture : report.pictures) bytes += picture.bytes.size();
  EXPECT_EQ(report.pictures.size(), kMaxPicturesBytes / 390'000);
  EXPECT_LE(bytes, kMaxPicturesBytes);
  EXPECT_EQ(report.runs[0].worst[0].picture, report.runs[1].worst[0].picture);
  EXPECT_THAT(report.runs[0].worst.back().picture_note, HasSubstr("budget"));
}

TEST_F(ReportTest, OfSeveralImagesTheFirstIsShownAndAllAreCounted) {
  const RunFixture a(root(), "a");
  auto samples = Samples(2, 1);
  ASSERT_TRUE(os::WriteFileAtomic(root() / "p1.png", FakePng(10, 10, 100)).ok());
  samples[0].image = samples[1].image = R"(["p1.png","p2.png","p3.png"])";
  a.Write(samples);
  ASSERT_TRUE(RunStage({a.Spec("a", root())}).ok());
  EXPECT_THAT(Read("report.html"), HasSubstr("p1.png (the first of 3 images)"));
  EXPECT_THAT(Read("report.md"), HasSubstr("(the first of 3 images)"));
  EXPECT_THAT(Read("report.json"), HasSubstr("\"images\": 3"));
  EXPECT_EQ(Make({a.Spec("a", root())}, 10).pictures.size(), 1u);
}

TEST_F(ReportTest, RunsOfOneModelAreToldApart) {
  const RunFixture a(root(), "a"), b(root(), "b");
  a.Write(Samples(3, 1));
  b.Write(Samples(3, 2));
  const Report report = Make({a.Spec("same", root()), b.Spec("same", root())});
  EXPECT_EQ(report.runs[0].label, "a");
  EXPECT_EQ(report.runs[1].label, "b");
}

TEST_F(ReportTest, SectionsFollowTaskAndDataset) {
  const RunFixture a(root(), "a"), b(root(), "b");
  a.Write(Samples(3, 1));
  b.Write(Samples(3, 2));
  json::object other = b.Spec("same", root());
  other["dataset"] = "other";
  const Report report = Make({a.Spec("same", root()), other});
  ASSERT_EQ(report.sections.size(), 2u);
  EXPECT_THAT(report.sections[0].runs, ElementsAre(0u));
  EXPECT_THAT(report.sections[1].runs, ElementsAre(1u));
  EXPECT_EQ(report.runs[1].label, "same");
  EXPECT_THAT(report.warnings, IsEmpty());
}

}  // namespace
}  // namespace vlmhb::report
