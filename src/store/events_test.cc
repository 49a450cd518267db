#include "store/events.h"

#include <gtest/gtest.h>

#include <fstream>

#include "store/result.h"

namespace vlmhb::store {
namespace {

TEST(Events, AreFollowedWhileTheyAreWritten) {
  const os::TempFolder folder;
  FakeClock clock;
  EventReader reader(folder.path() / kEventsFile);
  EXPECT_TRUE(reader.Poll()->empty()) << "no file yet";

  EventWriter writer = std::move(EventWriter::Open(folder.path(), clock)).value();
  writer.Started(96, 12);
  auto events = *reader.Poll();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, "started");
  EXPECT_EQ(events[0].total, 96u);
  EXPECT_EQ(events[0].done, 12u);
  EXPECT_TRUE(reader.Poll()->empty());

  writer.Log("warning", "careful\nnow");
  writer.Failed(Error(ErrorCode::kNoSpace, "full"));
  events = *reader.Poll();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].level, "warning");
  EXPECT_EQ(events[0].message, "careful\nnow");
  EXPECT_EQ(events[1].code, "no_space");
}

TEST(Events, ProgressIsRateLimitedAndItsLastStateIsKept) {
  const os::TempFolder folder;
  FakeClock clock;
  EventWriter writer = std::move(EventWriter::Open(folder.path(), clock)).value();
  for (uint64_t done = 1; done <= 1000; ++done) {
    writer.Progress(done, 1);
    clock.Advance(Millis(1));
  }
  writer.Finished("some_failed");
  EventReader reader(folder.path() / kEventsFile);
  const auto events = *reader.Poll();
  ASSERT_EQ(events.size(), 12u);
  EXPECT_EQ(events[0].done, 1u);
  EXPECT_EQ(events[1].done, 101u);
  EXPECT_EQ(events[10].done, 1000u);
  EXPECT_EQ(events[10].failed, 1u);
  EXPECT_EQ(events[11].status, "some_failed");
}

TEST(Events, AProgressHeldBackIsWrittenOnceItsTimeHasCome) {
  const os::TempFolder folder;
  FakeClock clock;
  EventWriter writer = std::move(EventWriter::Open(folder.path(), clock)).value();
  EventReader reader(folder.path() / kEventsFile);
  writer.Progress(1, 0);
  writer.Progress(2, 0);
  writer.Tick();
  EXPECT_EQ(reader.Poll()->size(), 1u);
  clock.Advance(Millis(100));
  writer.Tick();
  writer.Tick();
  const auto events = *reader.Poll();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].done, 2u);
}

TEST(Events, ACutLineSpoilsItselfOnly) {
  const os::TempFolder folder;
  const os::Path path = folder.path() / kEventsFile;
  std::ofstream(path) << "{\"type\":\"started\",\"to";
  FakeClock clock;
  EventReader reader(path);
  EXPECT_TRUE(reader.Poll()->empty());
  EventWriter writer = std::move(EventWriter::Open(folder.path(), clock)).value();
  writer.Started(3, 0);
  std::ofstream(path, std::ios::app) << "[1]\nnull\n";
  writer.Finished("ok");
  const auto events = *reader.Poll();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].total, 3u);
  EXPECT_EQ(events[1].type, "finished");
}

TEST(Events, AFileThatBecameShorterIsReadAnew) {
  const os::TempFolder folder;
  const os::Path path = folder.path() / kEventsFile;
  std::ofstream(path) << "{\"type\":\"finished\",\"status\":\"ok\"}\n";
  EventReader reader(path);
  EXPECT_EQ(reader.Poll()->size(), 1u);
  std::ofstream(path, std::ios::trunc) << "{\"type\":\"started\"}\n";
  const auto events = *reader.Poll();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, "started");
}

TEST(StageResult, ComesBackWithTheDigestsOfItsFiles) {
  const os::TempFolder folder;
  EXPECT_FALSE(ReadResult(folder.path())->has_value());
  ASSERT_TRUE(os::WriteFileAtomic(folder.path() / "answers.csv", "abc").ok());
  StageResult result{.identity = "id", .total = 3, .ok = 2, .failed = 1, .started_at = "then"};
  ASSERT_TRUE(WriteResult(folder.path(), result, {"answers.csv"}).ok());
  const auto back = ReadResult(folder.path());
  ASSERT_TRUE(back.ok() && back->has_value());
  EXPECT_EQ((*back)->identity, "id");
  EXPECT_EQ((*back)->total, 3u);
  EXPECT_EQ((*back)->ok, 2u);
  EXPECT_EQ((*back)->failed, 1u);
  EXPECT_EQ((*back)->status(), "some_failed");
  EXPECT_EQ((*back)->started_at, "then");
  EXPECT_EQ((*back)->files.at("answers.csv"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(StageResult, ADamagedOneIsAnError) {
  const os::TempFolder folder;
  for (const char* bad :
       {"", "[]", "{\"schema\":\"vlmhb.result/1\"}", "{\"schema\":\"other/1\"}",
        "{\"schema\":\"vlmhb.result/1\",\"identity\":\"i\",\"counts\":{\"total\":-1,"
        "\"ok\":0,\"failed\":0},\"files\":{}}"}) {
    ASSERT_TRUE(os::WriteFileAtomic(folder.path() / kResultFile, bad).ok());
    EXPECT_FALSE(ReadResult(folder.path()).ok()) << bad;
  }
}

TEST(StageResult, AMissingOutputFileIsAnError) {
  const os::TempFolder folder;
  EXPECT_EQ(WriteResult(folder.path(), {}, {"answers.csv"}).error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(ReadResult(folder.path())->has_value());
}

}  // namespace
}  // namespace vlmhb::store
