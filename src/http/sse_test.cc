#include "http/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "http/endpoint.h"

namespace vlmhb::http {
namespace {

using testing::ElementsAre;

std::vector<std::string> ParseInPieces(std::string_view stream, size_t piece) {
  std::vector<std::string> events;
  SseParser parser([&](const SseEvent& event) {
    events.push_back(std::string(event.name) + "|" + std::string(event.data));
  });
  for (size_t i = 0; i < stream.size(); i += piece)
    EXPECT_TRUE(parser.Feed(stream.substr(i, piece)).ok());
  return events;
}

constexpr std::string_view kStream =
    "\xEF\xBB\xBF"
    "data: one\n\n"
    ": a comment\r\n"
    "event: named\r\ndata:two\r\ndata: lines\r\n\r\n"
    "data:  kept space\r\r"
    "id: 7\nretry: 10\nunknown\n\n"
    "data\n\n"
    "event: without data\n\n"
    "data: {\"a\":\"\xD0\xB9\"}\n\n"
    "data: unfinished";

TEST(SseParser, GivesTheSameEventsWhereverChunksEnd) {
  for (size_t piece = 1; piece <= kStream.size(); ++piece)
    EXPECT_THAT(
        ParseInPieces(kStream, piece),
        ElementsAre("|one", "named|two\nlines", "| kept space", "|", "|{\"a\":\"\xD0\xB9\"}"))
        << "pieces of " << piece;
}

TEST(SseParser, RefusesWhatWouldGrowWithoutBound) {
  for (const std::string_view repeated : {"x", "data: x\n"}) {
    SseParser parser([](const SseEvent&) { FAIL() << "no event is complete"; }, 1000);
    Result<void> fed;
    for (int i = 0; i < 2000 && fed.ok(); ++i) fed = parser.Feed(repeated);
    ASSERT_FALSE(fed.ok());
    EXPECT_EQ(fed.error().code(), ErrorCode::kCorrupt);
  }
}

TEST(SseParser, ReadsWhatTheWriterWrote) {
  for (const char* text : {"", "a", "a\nb", "a\n", "\n", " leading", "data: x"}) {
    std::string stream;
    AppendSseEvent(stream, text);
    AppendSseEvent(stream, "last");
    EXPECT_THAT(ParseInPieces(stream, 3), ElementsAre(std::string("|") + text, "|last"));
  }
}

TEST(Endpoint, ReadsSocketsAndLoopbackPorts) {
  for (const char* text : {"unix:/run/a b.sock", "127.0.0.1:80", "127.1.2.3:0", "[::1]:65535"}) {
    const Result<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.error().ToString();
    EXPECT_EQ(endpoint->ToString(), text);
  }
  EXPECT_EQ(Endpoint::Parse("localhost:8000")->ToString(), "127.0.0.1:8000");
}

TEST(Endpoint, RefusesOthersAndSaysWhy) {
  for (const char* text :
       {"", "8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x",
        "0.0.0.0:80", "192.168.0.1:80", "example.org:80", "unix:", "unix:relative", "[::]:80"}) {
    const Result<Endpoint> endpoint = Endpoint::Parse(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().code(), ErrorCode::kInvalidConfig);
    EXPECT_NE(endpoint.error().message().find(text), std::string::npos);
  }
  EXPECT_FALSE(Endpoint::Parse("unix:/" + std::string(107, 'x')).ok());
  EXPECT_TRUE(Endpoint::Parse("unix:/" + std::string(106, 'x')).ok());
}

}  // namespace
}  // namespace vlmhb::http
