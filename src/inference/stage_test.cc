// The stage as a whole, against an API wrapper that does what each sample's question says
// (testing/fake_wrapper.cc).

#include "inference/stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <fstream>
#include <future>
#include <map>
#include <thread>

#include "base/csv.h"
#include "store/answers.h"

namespace vlmhb::inference {
namespace {

using store::Outcome;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{30};

using Record = std::map<std::string, std::string>;

std::vector<Record> ReadCsv(const os::Path& path) {
  std::ifstream in(path, std::ios::binary);
  CsvReader reader(in, {});
  std::vector<std::string> header;
  std::vector<std::string> cells;
  EXPECT_TRUE(reader.Next(header).ok());
  std::vector<Record> records;
  while (*reader.Next(cells)) {
    Record& record = records.emplace_back();
    for (size_t i = 0; i < header.size(); ++i) record[header[i]] = cells.at(i);
  }
  return records;
}

class StageTest : public testing::Test {
 protected:
  StageTest() {
    std::filesystem::create_directories(data());
    std::ofstream(data() / "a.png") << "image";
    SetRows({});
  }

  os::Path data() const { return folder_.path() / "data"; }
  os::Path output() const { return folder_.path() / "out"; }
  os::Path ask_log() const { return folder_.path() / "asked"; }
  std::string Marker(const std::string& name) const { return (folder_.path() / name).string(); }

  // Whole lines of annotation.csv.
  void SetRows(const std::vector<std::string>& rows) {
    std::ofstream file(data() / "annotation.csv", std::ios::trunc);
    file << "image_path;question\n";
    for (const std::string& row : rows) file << row << "\n";
  }
  void SetQuestions(const std::vector<std::string>& questions) {
    std::vector<std::string> rows;
    for (const std::string& question : questions) rows.push_back("a.png;" + question);
    SetRows(rows);
  }

  Result<store::StageResult> Run() {
    const json::object stage{
        {"schema", "vlmhb.stage/1"},
        {"stage", "infer"},
        {"run", "r"},
        {"identity", identity_},
        {"output", output().string()},
        {"infer",
         {{"model",
           {{"name", "m"},
            {"version", "1"},
            {"command", {"none"}},
            {"params", params_},
            {"processes", 1}}},
          {"dataset",
           {{"root", data().string()}, {"annotation", (data() / "annotation.csv").string()}}},
          {"prompt", json::object()},
          {"sampling", json::object()},
          {"concurrency", concurrency_},
          {"timeout_ms", 60'000},
          {"attempts", attempts_},
          {"image_transport", transport_},
          {"retry_failed", retry_failed_},
          {"wrapper", wrapper_}}}};
    const RunContext context{clock_, stop_, {}, folder_.path()};
    return RunInferStage(stage, context);
  }
  store::StageResult RunToEnd() {
    Result<store::StageResult> result = Run();
    EXPECT_TRUE(result.ok()) << result.error().ToString();
    return result.ok() ? *result : store::StageResult();
  }

  std::vector<Record> Answers() { return ReadCsv(output() / "answers.csv"); }
  std::vector<Record> Requests() { return ReadCsv(output() / "requests.csv"); }
  std::vector<store::StageEvent> Events() {
    return *store::EventReader(output() / store::kEventsFile).Poll();
  }
  std::map<std::string, int> Asked() {
    std::map<std::string, int> counts;
    std::ifstream in(ask_log());
    for (std::string line; std::getline(in, line);) ++counts[line];
    return counts;
  }
  // Waits until a running stage has told that so many samples are acknowledged.
  void WaitForDone(uint64_t done) {
    store::EventReader reader(output() / store::kEventsFile);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      const std::vector<store::StageEvent> events = *reader.Poll();
      for (const store::StageEvent& event : events)
        if (event.done >= done) return;
      std::this_thread::sleep_for(Millis(2));
    }
    FAIL() << "not so many samples were done in time";
  }

  os::TempFolder folder_;
  SystemClock clock_;
  std::atomic<bool> stop_ = false;
  std::string identity_ = "id";
  json::object params_{{"ask_log", ask_log().string()}};
  json::array wrapper_{VLMHB_FAKE_WRAPPER};
  int concurrency_ = 4;
  int attempts_ = 2;
  std::string transport_ = "file";
  bool retry_failed_ = false;
};

TEST_F(StageTest, AnswersEverySampleOnceAndMeasures) {
  std::vector<std::string> questions;
  for (int i = 0; i < 50; ++i) questions.push_back("ok" + std::to_string(i));
  SetQuestions(questions);
  const store::StageResult result = RunToEnd();
  EXPECT_EQ(result.total, 50u);
  EXPECT_EQ(result.ok, 50u);
  EXPECT_EQ(result.status(), "ok");

  const auto answers = Answers();
  ASSERT_EQ(answers.size(), 50u);
  for (size_t i = 0; i < answers.size(); ++i) {
    Record answer = answers[i];
    EXPECT_EQ(answer["id"], std::to_string(i));
    EXPECT_EQ(answer["model_answer"], "abc");
    EXPECT_EQ(answer["outcome"], "ok");
    EXPECT_EQ(answer["attempts"], "1");
    EXPECT_EQ(answer["prompt_tokens"], "2");
    EXPECT_EQ(answer["completion_tokens"], "3");
    EXPECT_EQ(answer["finish_reason"], "stop");
    EXPECT_EQ(answer["queue_ms"], "0.250");
    EXPECT_EQ(answer["peak_memory_mb"], "12.500");
    EXPECT_EQ(answer["gpu_memory_mb"], "3.500");
    EXPECT_GT(std::stod(answer["ttft_ms"]), 0);
    EXPECT_GE(std::stod(answer["latency_ms"]), std::stod(answer["ttft_ms"]));
    EXPECT_GE(std::stod(answer["tpot_ms"]), 0);
  }
  const auto requests = Requests();
  ASSERT_EQ(requests.size(), 50u);
  Record request = requests[0];
  EXPECT_EQ(request["http_status"], "200");
  EXPECT_EQ(request["events"], "3");
  EXPECT_EQ(request["wrapper_ttft_ms"], "1.500");
  EXPECT_EQ(request["wrapper_latency_ms"], "2.500");
  EXPECT_GE(std::stod(request["upload_ms"]), 0);
  EXPECT_EQ(Asked().size(), 50u);
  EXPECT_EQ((*store::ReadResult(output()))->identity, "id");

  const auto events = Events();
  EXPECT_EQ(events.front().type, "started");
  EXPECT_EQ(events.front().total, 50u);
  EXPECT_EQ(events.at(events.size() - 2).done, 50u);
  EXPECT_EQ(events.back().type, "finished");
}

TEST_F(StageTest, WhatIsNotMeasuredIsEmpty) {
  SetQuestions({"plain", "empty"});
  RunToEnd();
  auto answers = Answers();
  EXPECT_EQ(answers.at(0)["model_answer"], "a.png");
  EXPECT_NE(answers[0]["ttft_ms"], "");
  EXPECT_EQ(answers[0]["tpot_ms"], "");
  EXPECT_EQ(answers[0]["completion_tokens"], "");
  EXPECT_EQ(answers.at(1)["outcome"], "ok") << "an empty answer is an answer";
  EXPECT_EQ(answers[1]["model_answer"], "");
  EXPECT_EQ(answers[1]["ttft_ms"], "");
  EXPECT_NE(answers[1]["latency_ms"], "");
}

TEST_F(StageTest, ASampleOfSeveralImagesSendsThemInOrder) {
  std::ofstream(data() / "b.png") << "image";
  SetRows({R"("[""b.png"",""a.png"",""b.png""]";plain)", R"("[""a.png"",""none.png""]";plain)",
           R"("[""a.png"",""../out""]";plain)", "[a].png;plain"});
  RunToEnd();
  auto answers = Answers();
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0]["model_answer"], "b.png,a.png,b.png");
  EXPECT_EQ(answers[1]["outcome"], "missing_image");
  EXPECT_EQ(answers[2]["outcome"], "bad_row");
  EXPECT_EQ(answers[3]["outcome"], "missing_image") << "a path, though it begins as a list does";
}

TEST_F(StageTest, EveryFailureIsAnOutcomeOfItsSampleOnly) {
  std::filesystem::create_symlink("/etc/passwd", data() / "link.png");
  struct Case {
    std::string row;
    std::string outcome;
    std::string attempts;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"a.png;ok", "ok", "1", ""},
      {"a.png", "bad_row", "0", "annotation.csv, line 3: 1 cells"},
      {"none.png;ok", "missing_image", "0", "there is no image 'none.png'"},
      {"../out;ok", "bad_row", "0", "leads outside"},
      {"link.png;ok", "bad_row", "0", "leads outside"},
      {";ok", "bad_row", "0", "no image"},
      {"a.png;", "bad_row", "0", "no prompt"},
      {"a.png;length", "truncated", "1", ""},
      {"a.png;error:bad_image", "bad_image", "1", "scripted bad_image"},
      {"a.png;error:bad_request", "bad_request", "1", "scripted bad_request"},
      {"a.png;retry:timeout", "timeout", "2", "scripted timeout"},
      {"a.png;retry:crashed", "crashed", "2", "scripted crashed"},
      {"a.png;retry:unavailable", "unavailable", "2", "scripted unavailable"},
      {"a.png;midway:internal", "internal", "1", "scripted internal"},
      {"a.png;unfinished", "incomplete", "2", "without a finish reason"},
      {"a.png;garbage", "incomplete", "2", "no JSON object"},
      {"a.png;cut", "incomplete", "2", ""},
      {"a.png;status:500", "http_error", "1", "HTTP status 500: scripted status"},
      {"a.png;status:429", "http_error", "2", "HTTP status 429"},
      {"a.png;ok", "ok", "1", ""},
  };
  std::vector<std::string> rows;
  for (const Case& c : cases) rows.push_back(c.row);
  SetRows(rows);
  const store::StageResult result = RunToEnd();
  EXPECT_EQ(result.ok, 3u);
  EXPECT_EQ(result.failed, cases.size() - 3);
  EXPECT_EQ(result.status(), "some_failed");
  auto answers = Answers();
  ASSERT_EQ(answers.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(answers[i]["outcome"], cases[i].outcome) << cases[i].row;
    EXPECT_EQ(answers[i]["attempts"], cases[i].attempts) << cases[i].row;
    EXPECT_THAT(answers[i]["error"], HasSubstr(cases[i].error)) << cases[i].row;
    if (cases[i].outcome != "ok" && cases[i].outcome != "truncated") {
      EXPECT_EQ(answers[i]["model_answer"], "") << "a failure is never an answer";
      EXPECT_EQ(answers[i]["latency_ms"], "");
    }
  }
  EXPECT_EQ(answers[0]["error"], "");
  EXPECT_EQ(Events().back().status, "some_failed");
}

TEST_F(StageTest, AStoppedRunContinuesAndAsksNothingTwice) {
  std::vector<std::string> questions = {"hang_once:" + Marker("m")};
  for (int i = 0; i < 30; ++i) questions.push_back("ok" + std::to_string(i));
  SetQuestions(questions);
  auto running = std::async(std::launch::async, [this] { return Run(); });
  WaitForDone(30);
  const auto stopped_at = std::chrono::steady_clock::now();
  stop_ = true;
  const Result<store::StageResult> stopped = running.get();
  EXPECT_LT(std::chrono::steady_clock::now() - stopped_at, std::chrono::seconds(2));
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(output() / "answers.csv"));
  EXPECT_NE(Events().back().type, "error");

  stop_ = false;
  EXPECT_EQ(RunToEnd().ok, 31u);
  for (const auto& [question, times] : Asked())
    EXPECT_EQ(times, question.starts_with("hang") ? 2 : 1) << question;
  std::vector<uint64_t> done_at_start;
  for (const store::StageEvent& event : Events())
    if (event.type == "started") done_at_start.push_back(event.done);
  EXPECT_THAT(done_at_start, ElementsAre(0, 30));
}

TEST_F(StageTest, ACompleteStageAsksNothing) {
  SetQuestions({"ok", "ok"});
  RunToEnd();
  const std::string answers = *os::ReadFile(output() / "answers.csv");
  wrapper_ = {"/nonexistent/wrapper"};
  std::ofstream(output() / "answers.csv.1.tmp") << "left by a killed run";
  EXPECT_EQ(RunToEnd().ok, 2u);
  EXPECT_FALSE(std::filesystem::exists(output() / "answers.csv.1.tmp"));
  EXPECT_EQ(*os::ReadFile(output() / "answers.csv"), answers);
}

TEST_F(StageTest, FailuresAreAskedAgainWhenTheUserSaysSo) {
  SetRows({"a.png;ok", "late.png;ok2"});
  EXPECT_EQ(RunToEnd().failed, 1u);
  std::ofstream(data() / "late.png") << "image";
  EXPECT_EQ(RunToEnd().failed, 1u) << "it is not asked again by itself";
  retry_failed_ = true;
  EXPECT_EQ(RunToEnd().failed, 0u);
  EXPECT_EQ(Asked()["ok"], 1);
  EXPECT_EQ(Asked()["ok2"], 1);
}

TEST_F(StageTest, AWrapperThatDiesIsStartedAgain) {
  attempts_ = 1;
  std::vector<std::string> questions = {"die_once:" + Marker("m")};
  for (int i = 0; i < 20; ++i) questions.push_back("ok" + std::to_string(i));
  SetQuestions(questions);
  EXPECT_EQ(RunToEnd().ok, 21u);
  std::vector<std::string> messages;
  for (const store::StageEvent& event : Events()) messages.push_back(event.message);
  EXPECT_THAT(messages, Contains(HasSubstr("died and was started again")));
  std::vector<std::string> crashed;
  for (Record& request : Requests())
    if (request["outcome"] == "crashed") crashed.push_back(request["id"]);
  EXPECT_THAT(crashed, Contains("0"));
}

TEST_F(StageTest, ASampleThatKillsTheWrapperCostsItselfOnly) {
  concurrency_ = 1;
  SetQuestions({"ok", "die", "ok"});
  EXPECT_EQ(RunToEnd().failed, 1u);
  EXPECT_EQ(Answers().at(1)["outcome"], "crashed");
  EXPECT_EQ(Answers().at(1)["attempts"], "3");
}

TEST_F(StageTest, AWrapperThatOnlyDiesEndsTheRun) {
  concurrency_ = 1;
  SetQuestions({"die", "die", "die"});
  const auto result = Run();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("killed by signal 9"));
  EXPECT_THAT(result.error().message(), HasSubstr("no sample was answered in between"));
  EXPECT_EQ(Events().back().code, "unavailable");
}

TEST_F(StageTest, AWrapperThatCannotStartIsExplained) {
  SetQuestions({"ok"});
  params_["die_at_start"] = "no such library";
  auto result = Run();
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("exit code 3"));
  EXPECT_THAT(result.error().message(), HasSubstr("no such library"));

  params_ = {{"health", "unavailable"}};
  result = Run();
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("the model cannot be served: scripted"));

  wrapper_ = {"/nonexistent/wrapper"};
  result = Run();
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message(), HasSubstr("/nonexistent/wrapper"));
  EXPECT_FALSE(std::filesystem::exists(output() / store::kResultFile));
}

TEST_F(StageTest, AStopWhileTheModelLoadsIsObeyed) {
  SetQuestions({"ok"});
  params_ = {{"health", "loading"}};
  auto running = std::async(std::launch::async, [this] { return Run(); });
  WaitForDone(0);
  stop_ = true;
  ASSERT_EQ(running.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_EQ(running.get().error().code(), ErrorCode::kCancelled);
}

TEST_F(StageTest, ImagesMayTravelInTheRequest) {
  transport_ = "data";
  SetQuestions({"plain"});
  RunToEnd();
  EXPECT_EQ(Answers().at(0)["model_answer"], "octet-stream;base64,aW1hZ2U=");
}

TEST_F(StageTest, AnotherIdentityOrAnotherProcessIsRefused) {
  SetQuestions({"ok"});
  RunToEnd();
  identity_ = "other";
  EXPECT_EQ(Run().error().code(), ErrorCode::kInvalidConfig);
  identity_ = "id";
  const auto held = store::Journal::Open(output(), "id");
  EXPECT_EQ(Run().error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(store::ReadResult(output())->has_value()) << "the other's result is not touched";
}

TEST_F(StageTest, AnAnnotationThatShrankIsNoticed) {
  SetQuestions({"ok", "ok"});
  RunToEnd();
  SetQuestions({"ok"});
  EXPECT_EQ(Run().error().code(), ErrorCode::kCorrupt);
}

TEST_F(StageTest, AMissingColumnIsAnErrorBeforeAnythingStarts) {
  std::ofstream(data() / "annotation.csv") << "image_pth;question\na.png;ok\n";
  const auto result = Run();
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_THAT(result.error().message(), HasSubstr("Did you mean 'image_pth'?"));
  EXPECT_FALSE(std::filesystem::exists(ask_log()));
}

TEST_F(StageTest, AKilledRunLosesNothingAcknowledged) {
  constexpr uint64_t kSamples = 400;
  std::vector<std::string> questions;
  for (uint64_t i = 0; i < kSamples; ++i) questions.push_back("ok" + std::to_string(i));
  SetQuestions(questions);
  std::map<std::string, int> asked_when_acknowledged;
  for (const uint64_t kill_at : {1, 60, 200, 333}) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(Run().ok() ? 0 : 1);
    WaitForDone(kill_at);
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const auto asked = Asked();
    const store::Journal journal = std::move(store::Journal::Open(output(), "id")).value();
    EXPECT_GE(journal.size(), kill_at);
    for (uint64_t id = 0; id < kSamples; ++id) {
      const std::string& question = questions[id];
      if (*journal.Contains(id)) asked_when_acknowledged.try_emplace(question, asked.at(question));
    }
  }
  EXPECT_EQ(RunToEnd().ok, kSamples);
  EXPECT_EQ(Answers().size(), kSamples);
  const auto asked = Asked();
  for (const auto& [question, times] : asked_when_acknowledged)
    EXPECT_EQ(asked.at(question), times) << question;
}

// In a child with a mount namespace of its own; 77: not permitted here.
int FillTheDisk(const os::Path& output, const std::function<Result<store::StageResult>()>& run) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", output.c_str(), "tmpfs", 0, "size=128k") != 0)
    return 77;
  const Result<store::StageResult> full = run();
  if (full.ok()) return 1;
  if (full.error().code() != ErrorCode::kNoSpace) return 2;
  if (full.error().message().find("Free some space") == std::string::npos) return 3;
  if (::mount("tmpfs", output.c_str(), "tmpfs", MS_REMOUNT, "size=64m") != 0) return 77;
  const Result<store::StageResult> continued = run();
  return continued.ok() && continued->failed == 0 ? 0 : 4;
}

TEST_F(StageTest, AFullDiskStopsTheRunWhichThenContinues) {
  std::vector<std::string> questions;
  for (int i = 0; i < 1000; ++i) questions.push_back("ok" + std::to_string(i));
  SetQuestions(questions);
  std::filesystem::create_directories(output());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(FillTheDisk(output(), [this] { return Run(); }));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "a small tmpfs cannot be mounted here";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace vlmhb::inference
