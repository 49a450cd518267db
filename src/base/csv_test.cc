#include "base/csv.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

namespace vlmhb {
namespace {

using Record = std::vector<std::string>;

std::vector<Record> ReadAll(const std::string& text, CsvOptions options = {}) {
  std::istringstream in(text);
  CsvReader reader(in, options);
  std::vector<Record> records;
  Record cells;
  while (true) {
    const Result<bool> more = reader.Next(cells);
    EXPECT_TRUE(more.ok()) << more.error().ToString();
    if (!more.ok() || !*more) return records;
    records.push_back(cells);
  }
}

TEST(Csv, ReadsThePredecessorsFiles) {
  EXPECT_EQ(ReadAll("\xEF\xBB\xBF"
                    "a;b\r\n1;\"x;\"\"y\"\"\"\r\n\r\n;last"),
            (std::vector<Record>{{"a", "b"}, {"1", "x;\"y\""}, {"", "last"}}));
}

TEST(Csv, OnlyAWholeByteOrderMarkIsSkipped) {
  // U+FF21 and U+FEC0 begin with the first byte and the first two bytes of the mark.
  for (const std::string first : {"\xEF\xBC\xA1", "\xEF\xBB\x80", "\xEF\xBB", "\xEF"}) {
    EXPECT_EQ(ReadAll(first + ";b\n"), (std::vector<Record>{{first, "b"}}));
    EXPECT_EQ(ReadAll(std::string(kUtf8Bom) + first + ";b\n"), (std::vector<Record>{{first, "b"}}));
  }
}

TEST(Csv, KeepsLineBreaksInsideQuotes) {
  EXPECT_EQ(ReadAll("a;\"b\r\nc\nd\"\n"), (std::vector<Record>{{"a", "b\r\nc\nd"}}));
}

TEST(Csv, ReportsLineAndOffsetOfEachRecord) {
  std::istringstream in("h;h\n\"1\n2\";x\n3;4\n");
  CsvReader reader(in, {});
  Record cells;
  ASSERT_TRUE(*reader.Next(cells));
  ASSERT_TRUE(*reader.Next(cells));
  EXPECT_EQ(reader.line(), 2u);
  EXPECT_EQ(reader.offset(), 4u);
  ASSERT_TRUE(*reader.Next(cells));
  EXPECT_EQ(reader.line(), 4u);
  EXPECT_EQ(cells, (Record{"3", "4"}));
}

TEST(Csv, AnOpenQuoteIsAnErrorWithItsLine) {
  std::istringstream in("a;b\n1;\"never closed\n");
  CsvReader reader(in, {});
  Record cells;
  ASSERT_TRUE(*reader.Next(cells));
  const Result<bool> more = reader.Next(cells);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(more.error().message().find("line 2"), std::string::npos);
}

TEST(Csv, ARecordOverTheLimitIsAnError) {
  std::istringstream in("\"" + std::string(1000, 'x'));
  CsvReader reader(in, {.delimiter = ';', .max_record_bytes = 100});
  Record cells;
  EXPECT_FALSE(reader.Next(cells).ok());
}

TEST(Csv, TextInMemoryIsReadAsAStreamIs) {
  const std::string text = "\xEF\xBB\xBFh;\"q\n;\"\"\"\r\n" + std::string(200'000, 'x') + ";\"" +
                           std::string(200'000, '\n') + "\"\nlast;";
  std::istringstream in(text);
  CsvReader stream(in, {});
  CsvReader memory(text, {});
  std::vector<std::string> a;
  std::vector<std::string> b;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(*stream.Next(a));
    ASSERT_TRUE(*memory.Next(b));
    EXPECT_EQ(a, b);
    EXPECT_EQ(stream.offset(), memory.offset());
    EXPECT_EQ(stream.line(), memory.line());
  }
  EXPECT_EQ(a, (std::vector<std::string>{"last", ""}));
  EXPECT_EQ(memory.line(), 200'004u);
  EXPECT_FALSE(*stream.Next(a));
  EXPECT_FALSE(*memory.Next(b));
}

TEST(Csv, GuessesTheDelimiter) {
  EXPECT_EQ(GuessCsvDelimiter("a;b;c"), ';');
  EXPECT_EQ(GuessCsvDelimiter("a,b,c"), ',');
  EXPECT_EQ(GuessCsvDelimiter("\"a;b\",c"), ',');
  EXPECT_EQ(GuessCsvDelimiter("single"), ';');
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  std::mt19937 random(7);
  constexpr std::string_view kAlphabet = "a;,\"\n\r \tя";
  for (int round = 0; round < 2000; ++round) {
    Record record(1 + random() % 4);
    for (std::string& cell : record)
      for (size_t n = random() % 6; n > 0; --n) cell += kAlphabet[random() % kAlphabet.size()];
    std::string text;
    AppendCsvRecord(text, record);
    EXPECT_EQ(ReadAll(text), std::vector<Record>{record}) << text;
  }
}

TEST(Csv, TheDelimiterOfAFileIsItsFirstLines) {
  std::istringstream in("id,answer\n1,a;b;c;d\n");
  EXPECT_EQ(GuessCsvDelimiter(in), ',');
  CsvReader reader(in, {.delimiter = ','});
  std::vector<std::string> cells;
  ASSERT_TRUE(*reader.Next(cells));
  EXPECT_EQ(cells, (std::vector<std::string>{"id", "answer"}));
}

}  // namespace
}  // namespace vlmhb
