#include "load/stream_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vlmhb::load {
namespace {

using testing::ElementsAre;

struct Seen : StreamScanner::Sink {
  void OnData(std::string_view data) override { events.emplace_back(data); }
  std::vector<std::string> events;
};

std::vector<std::string> Read(std::string_view stream, size_t piece) {
  Seen seen;
  StreamScanner scanner(seen);
  for (size_t at = 0; at < stream.size(); at += piece)
    EXPECT_TRUE(scanner.Feed(stream.substr(at, piece)).ok());
  return seen.events;
}

TEST(StreamScanner, HoweverItIsCut) {
  const std::string_view stream =
      "data: first\n\n: comment\n\ndata:second\n\ndata: a\ndata: b\n\nevent: x\ndata: named\n\n"
      "data: crlf\r\n\r\ndata: cr\rdata: two\r\rdata: \n\nid: 7\n\ndata: last\n\ndata: not whole\n";
  for (size_t piece = 1; piece <= stream.size(); ++piece)
    EXPECT_THAT(Read(stream, piece),
                ElementsAre("first", "second", "a\nb", "named", "crlf", "cr\ntwo", "", "last"))
        << piece;
}

TEST(StreamScanner, AByteOrderMarkIsOneAtTheBeginOnly) {
  EXPECT_THAT(Read("\xEF\xBB\xBF"
                   "data: a\n\ndata: b\n\n\xEF\xBB\xBF"
                   "data: c\n\ndata: d\n\n",
                   100),
              ElementsAre("a", "b", "d"));
}

TEST(StreamScanner, KnowsWhetherAnEventHasBegun) {
  Seen seen;
  StreamScanner scanner(seen);
  EXPECT_TRUE(scanner.between_events());
  ASSERT_TRUE(scanner.Feed("data: a").ok());
  EXPECT_FALSE(scanner.between_events());
  ASSERT_TRUE(scanner.Feed("\n").ok());
  EXPECT_FALSE(scanner.between_events());
  ASSERT_TRUE(scanner.Feed("\n").ok());
  EXPECT_TRUE(scanner.between_events());
}

}  // namespace
}  // namespace vlmhb::load
