#pragma once
// What one event of a chat stream says, without parsing it into values: whether it carries a token
// and of which kind, whether it ends the answer. Millions a second, nothing allocated per event.

#include <string>
#include <string_view>

namespace vlmhb::load {

// A token event has one of the first three (docs/formats/answers.md).
struct EventFacts {
  bool content = false;    // a non-empty delta.content, or choices[].text of the older API
  bool reasoning = false;  // a non-empty delta.reasoning_content or delta.reasoning
  bool tool_call = false;  // delta.tool_calls is there and not empty
  bool finish = false;     // a finish_reason that is not null
  bool error = false;      // a member `error` that is not null
  // The JSON text of a usage object; "" without one. Points into the event.
  std::string_view usage;
  // False: no JSON object. Strings and the balance of brackets are looked at, not more.
  bool ok = true;

  bool token() const { return content || reasoning || tool_call; }
};

// Remembers the last event, since one event of an answer differs from the next in its text only.
// One thread; one for each connection, or for all.
class EventScanner {
 public:
  // `data`: of a server-sent event. "[DONE]" is not one.
  EventFacts Scan(std::string_view data);

 private:
  bool LikeLast(std::string_view data, EventFacts& facts) const;

  std::string last_;       // "" : nothing is remembered
  size_t text_begin_ = 0;  // of the only text in it, behind the quote
  size_t text_end_ = 0;    // at the closing quote
  EventFacts facts_;
};

}  // namespace vlmhb::load
