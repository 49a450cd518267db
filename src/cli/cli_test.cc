#include <gtest/gtest.h>

#include "cli/environments.h"
#include "cli/progress.h"
#include "cli/terminal.h"

namespace vlmhb::cli {
namespace {

using orchestrator::StageReport;
using plan::StageState;

const Terminal kPlain{.interactive = true, .colour = false, .width = 100};
const Terminal kColour{.interactive = true, .colour = true, .width = 100};

plan::Stage Infer(std::string id = "tesseract__demo/infer") {
  plan::Stage stage;
  stage.id = std::move(id);
  stage.run = 0;
  return stage;
}

StageReport Running(int64_t done, int64_t total) {
  StageReport report;
  report.state = StageState::kRunning;
  report.done = done;
  report.total = total;
  report.started = std::chrono::seconds(100);
  return report;
}

TEST(Terminal, FitsToColumnsNotBytes) {
  EXPECT_EQ(Fit("привет", 8), "привет  ");
  EXPECT_EQ(Fit("привет", 6), "привет");
  EXPECT_EQ(Fit("привет", 4), "при…");
  EXPECT_EQ(Fit("x", 0), "");
}

TEST(Terminal, FormatsForPeople) {
  EXPECT_EQ(FormatSeconds(0.4), "0:00");
  EXPECT_EQ(FormatSeconds(59.6), "1:00");
  EXPECT_EQ(FormatSeconds(3 * 3600 + 4 * 60 + 5), "3:04:05");
  EXPECT_EQ(FormatSeconds(-1), "0:00");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCount(-1234), "-1,234");
}

TEST(Terminal, HostileTextCannotMoveTheCursor) {
  EXPECT_EQ(Printable("a\x1b[2Jb\nc\x7f"), "a?[2Jb c?");
  EXPECT_EQ(Printable("Ё👋"), "Ё👋");
}

TEST(Terminal, ColoursOnlyWhereAsked) {
  EXPECT_EQ(Tinted(kPlain, Tint::kRed, "x"), "x");
  EXPECT_EQ(Tinted(kColour, Tint::kRed, "x"), "\x1b[31mx\x1b[0m");
}

TEST(Progress, ShowsShareRateTimeLeftAndFailures) {
  StageReport report = Running(30, 100);
  report.done_before = 10;  // the rate is that of this attempt
  report.failed = 2;
  const std::string line = ProgressLine(Infer(), report, kPlain, std::chrono::seconds(110));
  for (const char* part :
       {"tesseract__demo/infer", " 30%", "30/100", "2.0/s", "ETA 0:35", "2 failed"})
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
}

TEST(Progress, NeverIsWiderThanTheTerminal) {
  for (const int width : {40, 60, 80, 200}) {
    const Terminal terminal{.interactive = true, .colour = false, .width = width};
    const std::string line = ProgressLine(Infer(std::string(200, 'n')), Running(1234567, 9999999),
                                          terminal, std::chrono::seconds(200));
    EXPECT_LE(DisplayWidth(line), static_cast<size_t>(std::max(width, 72))) << line;
  }
}

TEST(Progress, SaysHowAStageEnded) {
  StageReport report = Running(5, 5);
  report.ended = report.started + std::chrono::milliseconds(2500);
  report.state = StageState::kDone;
  EXPECT_NE(ProgressLine(Infer(), report, kPlain, report.ended).find("done  5 samples in 2.5 s"),
            std::string::npos);
  report.reused = true;
  EXPECT_NE(ProgressLine(Infer(), report, kPlain, report.ended).find("reused  5 samples"),
            std::string::npos);
  report.state = StageState::kFailed;
  report.message = "no space\x1b[2J";
  EXPECT_NE(ProgressLine(Infer(), report, kPlain, report.ended).find("failed  no space?[2J"),
            std::string::npos);
  report.state = StageState::kStopped;
  report.done = 3;
  EXPECT_NE(ProgressLine(Infer(), report, kPlain, report.ended).find("3 of 5 kept"),
            std::string::npos);
}

TEST(Progress, OfAnUnknownTotalDividesByNothing) {
  EXPECT_NE(ProgressLine(Infer(), Running(0, 0), kPlain, std::chrono::seconds(107)).find("0:07"),
            std::string::npos);
}

TEST(Environments, AnUnknownNameListsTheKnownOnes) {
  const auto environment = MakeEnvironment("proces", SandboxChoice::kOn, "/tmp");
  ASSERT_FALSE(environment.ok());
  EXPECT_NE(environment.error().message().find("Did you mean 'process'?"), std::string::npos);
}

}  // namespace
}  // namespace vlmhb::cli
