#include "store/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace vlmhb::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<AnswersReader> Read(std::string text) {
  return AnswersReader::FromStream(std::make_unique<std::istringstream>(std::move(text)),
                                   "answers.csv");
}

SampleRecord Record(uint64_t id, std::string answer) {
  SampleRecord record;
  record.answer.id = id;
  record.answer.model_answer = std::move(answer);
  record.answer.attempts = 1;
  record.requests.emplace_back().started_at = "2026-01-02T03:04:05.678Z";
  return record;
}

TEST(AnswerRow, APayloadComesBackAsItWas) {
  SampleRecord record = Record(12, "line\n\"quoted\"; и");
  record.answer.ttft_ms = 1.5;
  record.answer.completion_tokens = 0;
  record.requests[0].http_status = 200;
  const Result<SampleRecord> back = ParsePayload(ToPayload(record));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->answer.id, 12u);
  EXPECT_EQ(back->answer.model_answer, record.answer.model_answer);
  EXPECT_EQ(back->answer.ttft_ms, 1.5);
  EXPECT_EQ(back->answer.completion_tokens, 0) << "zero was measured";
  EXPECT_FALSE(back->answer.prompt_tokens.has_value());
  EXPECT_EQ(back->requests.at(0).http_status, 200);
  EXPECT_TRUE(ToPayload(record).starts_with("{\"id\":12,"));
  EXPECT_EQ(ToPayload(*back), ToPayload(record));
}

TEST(AnswerRow, RefusesADamagedPayload) {
  for (const char* bad :
       {"[]", "{\"id\":1}", "{\"id\":1,\"answer\":{\"id\":1,\"outcome\":\"fine\"},\"requests\":[]}",
        "{\"id\":1,\"answer\":{\"id\":1,\"attempts\":\"x\"},\"requests\":[]}",
        "{\"id\":1,\"answer\":{\"id\":1},\"requests\":[3]}",
        "{\"id\":1,\"answer\":{\"id\":2},\"requests\":[]}"})
    EXPECT_EQ(ParsePayload(bad).error().code(), ErrorCode::kCorrupt) << bad;
}

TEST(Outcome, NamesComeBack) {
  for (int i = 0; i <= static_cast<int>(Outcome::kInternal); ++i)
    EXPECT_EQ(OutcomeFromName(OutcomeName(static_cast<Outcome>(i))), static_cast<Outcome>(i));
  EXPECT_FALSE(OutcomeFromName("fine").has_value());
}

TEST(Answers, ArePublishedByIdAndRequestsByCompletion) {
  const os::TempFolder folder;
  Journal journal = std::move(Journal::Open(folder.path(), "abc")).value();
  SampleRecord failure = Record(1, "");
  failure.answer.outcome = Outcome::kTimeout;
  failure.answer.error = "no answer within 5 ms";
  failure.answer.attempts = 2;
  failure.requests[0].outcome = Outcome::kTimeout;
  failure.requests.push_back(failure.requests[0]);
  failure.requests[1].attempt = 2;
  SampleRecord answer = Record(0, "a;b");
  answer.answer.ttft_ms = 1.23456;
  answer.answer.peak_memory_mb = 12;
  answer.answer.gpu_memory_mb = 3.5;
  ASSERT_TRUE(journal.Append(std::vector{ToPayload(failure), ToPayload(answer)}).ok());

  const Result<AnswerCounts> counts = PublishAnswers(journal, folder.path());
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->total, 2u);
  EXPECT_EQ(counts->ok, 1u);
  EXPECT_EQ(counts->failed, 1u);
  EXPECT_EQ(
      *os::ReadFile(folder.path() / kAnswersFile),
      "\xEF\xBB\xBFid;model_answer;outcome;error;attempts;ttft_ms;tpot_ms;latency_ms;queue_ms;"
      "prompt_tokens;completion_tokens;finish_reason;peak_memory_mb;gpu_memory_mb\n"
      "0;\"a;b\";ok;;1;1.235;;;;;;;12.000;3.500\n"
      "1;;timeout;no answer within 5 ms;2;;;;;;;;;\n");
  EXPECT_EQ(
      *os::ReadFile(folder.path() / kRequestsFile),
      "\xEF\xBB\xBFid;attempt;started_at;outcome;http_status;error;upload_ms;ttft_ms;latency_ms;"
      "queue_ms;wrapper_ttft_ms;wrapper_latency_ms;events;completion_tokens\n"
      "1;1;2026-01-02T03:04:05.678Z;timeout;;;;;;;;;;\n"
      "1;2;2026-01-02T03:04:05.678Z;timeout;;;;;;;;;;\n"
      "0;1;2026-01-02T03:04:05.678Z;ok;;;;;;;;;;\n");
}

TEST(Answers, OursComeBack) {
  const os::TempFolder folder;
  Journal journal = std::move(Journal::Open(folder.path(), "abc")).value();
  SampleRecord record = Record(4, " spaced \r\nanswer");
  record.answer.outcome = Outcome::kTruncated;
  record.answer.tpot_ms = 2.5;
  record.answer.completion_tokens = 17;
  ASSERT_TRUE(journal.Append(std::vector{ToPayload(record)}).ok());
  ASSERT_TRUE(PublishAnswers(journal, folder.path()).ok());

  Result<AnswersReader> reader = AnswersReader::Open(folder.path() / kAnswersFile);
  ASSERT_TRUE(reader.ok());
  AnswerRow row;
  ASSERT_TRUE(*reader->Next(row));
  EXPECT_EQ(row.id, 4u);
  EXPECT_EQ(row.model_answer, " spaced \r\nanswer");
  EXPECT_EQ(row.outcome, Outcome::kTruncated);
  EXPECT_EQ(row.tpot_ms, 2.5);
  EXPECT_EQ(row.completion_tokens, 17);
  EXPECT_FALSE(row.ttft_ms.has_value());
  EXPECT_FALSE(*reader->Next(row));
}

TEST(Answers, ThePredecessorsFilesAreRead) {
  for (const char* text :
       {"\xEF\xBB\xBFid;model_answer\n3;0044\n5;\n", "id,model_answer\r\n3,0044\r\n5,",
        "model_answer;extra;sample_id\n0044;x;3\n;y;5\n"}) {
    Result<AnswersReader> reader = Read(text);
    ASSERT_TRUE(reader.ok()) << text;
    AnswerRow row;
    ASSERT_TRUE(*reader->Next(row));
    EXPECT_EQ(row.id, 3u);
    EXPECT_EQ(row.model_answer, "0044") << "text stays text";
    EXPECT_EQ(row.outcome, Outcome::kOk);
    ASSERT_TRUE(*reader->Next(row)) << text;
    EXPECT_EQ(row.id, 5u);
    EXPECT_EQ(row.model_answer, "");
    EXPECT_FALSE(*reader->Next(row));
  }
}

TEST(Answers, ARowIsFoundAgainByItsOffset) {
  Result<AnswersReader> reader = Read("\xEF\xBB\xBFid,model_answer\r\n3,\"a\r\nb\"\r\n5,c\r\n4,d");
  ASSERT_TRUE(reader.ok());
  AnswerRow row;
  std::vector<uint64_t> offsets;
  while (*reader->Next(row)) offsets.push_back(reader->offset());
  ASSERT_EQ(offsets.size(), 3u);
  for (const auto& [index, id, answer] :
       {std::tuple{2, 4u, "d"}, std::tuple{0, 3u, "a\r\nb"}, std::tuple{1, 5u, "c"}}) {
    ASSERT_TRUE(reader->Seek(offsets[static_cast<size_t>(index)]).ok());
    ASSERT_TRUE(*reader->Next(row));
    EXPECT_EQ(row.id, id);
    EXPECT_EQ(row.model_answer, answer);
    EXPECT_EQ(reader->offset(), offsets[static_cast<size_t>(index)]);
  }
  ASSERT_TRUE(*reader->Next(row)) << "goes on from there";
  EXPECT_EQ(row.id, 4u);
}

TEST(Answers, AWrongHeaderSaysWhatIsMissing) {
  EXPECT_THAT(Read("id;model_anwser\n").error().message(),
              HasSubstr("no column 'model_answer'. Did you mean 'model_anwser'?"));
  EXPECT_THAT(Read("").error().message(), HasSubstr("answers.csv: there is no column 'id'"));
  EXPECT_THAT(Read("id;id;model_answer\n").error().message(),
              HasSubstr("more than one column 'id'"));
}

TEST(Answers, AWrongRowNamesLineAndColumn) {
  const std::string header = "id;model_answer;outcome;ttft_ms\n0;a;ok;1\n";
  for (const auto& [row, message] : std::vector<std::pair<std::string, std::string>>{
           {"x;a;ok;1", "line 3: column id cannot be 'x'"},
           {"-1;a;ok;1", "line 3: column id"},
           {"1;a;fine;1", "line 3: column outcome cannot be 'fine'"},
           {"1;a;ok;nan", "line 3: column ttft_ms"},
           {"1;a;ok", "line 3: 3 cells, but 4 columns"},
           {"1;\xFF;ok;1", "line 3: column model_answer is not UTF-8"},
           {"1;\"a;ok;1", "line 3: a quoted cell is never closed"}}) {
    Result<AnswersReader> reader = Read(header + row);
    AnswerRow read;
    ASSERT_TRUE(*reader->Next(read));
    const Result<bool> bad = reader->Next(read);
    ASSERT_FALSE(bad.ok()) << row;
    EXPECT_EQ(bad.error().code(), ErrorCode::kCorrupt);
    EXPECT_THAT(bad.error().message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace vlmhb::store
