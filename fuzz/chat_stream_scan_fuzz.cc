// The load client's scanners against those that parse everything: the same events, and the same
// facts of each.

#include "base/json.h"
#include "fuzz.h"
#include "http/sse.h"
#include "load/event_facts.h"
#include "load/stream_scanner.h"

namespace vlmhb::fuzz {
namespace {

struct Scanned : load::StreamScanner::Sink {
  void OnData(std::string_view data) override {
    all.append(data).push_back('\x1e');
    Compare(data);
  }

  void Compare(std::string_view data) {
    const load::EventFacts facts = remembering.Scan(data);
    load::EventScanner fresh;
    const load::EventFacts alone = fresh.Scan(data);
    CHECK(facts.ok == alone.ok && facts.content == alone.content &&
              facts.reasoning == alone.reasoning && facts.tool_call == alone.tool_call &&
              facts.finish == alone.finish && facts.error == alone.error &&
              facts.usage == alone.usage,
          "what came before does not matter");
    const Result<json::value> parsed = ParseJson(data);
    if (!parsed.ok() || !parsed->is_object()) return;
    CHECK(facts.ok, "what is JSON is read");
    const json::object& event = parsed->get_object();
    const json::array* choices = FindArray(event, "choices");
    if (event.size() != 1 || choices == nullptr || choices->size() != 1) return;
    const json::object* choice = choices->front().if_object();
    if (choice == nullptr || choice->size() != 1) return;
    const json::object* delta = FindObject(*choice, "delta");
    if (delta == nullptr || delta->size() != 1) return;
    if (data.find('\\') != std::string_view::npos ||
        data.find(delta->begin()->key()) != data.rfind(delta->begin()->key()))
      return;
    CHECK(facts.content == !FindString(*delta, "content").empty(),
          "content is what the parser finds");
  }

  std::string all;
  load::EventScanner remembering;
};

}  // namespace

void Test(std::string_view input) {
  std::string expected;
  http::SseParser parser(
      [&](const http::SseEvent& event) { expected.append(event.data).push_back('\x1e'); });
  const bool ok = parser.Feed(input).ok();
  for (const size_t piece : {std::max<size_t>(input.size(), 1), size_t{1}, size_t{7}}) {
    Scanned scanned;
    load::StreamScanner scanner(scanned);
    bool fed = true;
    InPieces(input, piece, [&](std::string_view part) { return fed = scanner.Feed(part).ok(); });
    CHECK(fed == ok, "the same streams are refused");
    CHECK(scanned.all == expected, "the same events are seen");
  }
}

}  // namespace vlmhb::fuzz
