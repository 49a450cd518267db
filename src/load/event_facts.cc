#include "load/event_facts.h"

#include <cstring>

#include "base/json_members.h"

namespace vlmhb::load {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// The place of a text in the event, without its quotes.
struct Text {
  size_t begin = 0;
  size_t end = 0;
};

// One pass over a JSON text. Every function leaves `at` behind what it read; false: no JSON.
class Pass {
 public:
  Pass(std::string_view text, EventFacts& facts) : text_(text), facts_(facts) {}

  bool Root() {
    const bool read = Object([this](std::string_view key) {
      if (key == "choices") return Array([this] { return Choice(); });
      if (key == "usage") return Usage();
      if (key == "error") return Present(facts_.error);
      return Skip();
    });
    Space();
    return read && at_ == text_.size();
  }

  // The event's only non-empty text; nullptr without one, or with several.
  const Text* only_text() const { return texts_ == 1 ? &last_text_ : nullptr; }

 private:
  bool Choice() {
    return Object([this](std::string_view key) {
      if (key == "delta") return Delta();
      if (key == "text") return TextValue(facts_.content);
      if (key == "finish_reason") return Present(facts_.finish);
      return Skip();
    });
  }

  bool Delta() {
    if (Peek() != '{') return Skip();
    return Object([this](std::string_view key) {
      if (key == "content") return TextValue(facts_.content);
      if (key == "reasoning_content" || key == "reasoning") return TextValue(facts_.reasoning);
      if (key == "tool_calls" && Peek() == '[')
        return Array([this] {
          facts_.tool_call = true;
          return Skip();
        });
      return Skip();
    });
  }

  bool Usage() {
    const size_t begin = at_;
    if (!Skip()) return false;
    if (text_[begin] == '{') facts_.usage = text_.substr(begin, at_ - begin);
    return true;
  }

  // Any value but null.
  bool Present(bool& there) {
    const size_t begin = at_;
    if (!Skip()) return false;
    if (text_.substr(begin, at_ - begin) != "null") there = true;
    return true;
  }

  bool TextValue(bool& there) {
    if (Peek() != '"') return Skip();
    const size_t begin = at_ + 1;
    if (!String()) return false;
    if (at_ - 1 == begin) return true;
    there = true;
    ++texts_;
    last_text_ = {begin, at_ - 1};
    return true;
  }

  // --- JSON ---

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Space() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(char expected) {
    if (Peek() != expected) return false;
    ++at_;
    return true;
  }

  template <typename OnMember>
  bool Object(OnMember on_member) {
    Space();
    if (!Take('{')) return false;
    Space();
    if (Take('}')) return true;
    while (true) {
      const size_t begin = at_ + 1;
      if (!String()) return false;
      const std::string_view key = text_.substr(begin, at_ - 1 - begin);
      Space();
      if (!Take(':')) return false;
      Space();
      if (!on_member(key)) return false;
      Space();
      if (Take('}')) return true;
      if (!Take(',')) return false;
      Space();
    }
  }

  // Of what is no array nothing is told.
  template <typename OnElement>
  bool Array(OnElement on_element) {
    if (Peek() != '[') return Skip();
    ++at_;
    Space();
    if (Take(']')) return true;
    while (true) {
      if (!on_element()) return false;
      Space();
      if (Take(']')) return true;
      if (!Take(',')) return false;
      Space();
    }
  }

  bool String() {
    if (Peek() != '"') return false;
    const size_t end = EndOfJsonString(text_, at_ + 1);
    if (end == std::string_view::npos) return false;
    at_ = end + 1;
    return true;
  }

  // A value of any kind.
  bool Skip() {
    const size_t begin = at_;
    size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!String()) return false;
        if (depth == 0) return true;
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) return at_ > begin;
        ++at_;
        if (--depth == 0) return true;
      } else if (depth == 0 && (c == ',' || IsSpace(c))) {
        return at_ > begin;
      } else {
        ++at_;
      }
    }
    return depth == 0 && at_ > begin;
  }

  std::string_view text_;
  size_t at_ = 0;
  EventFacts& facts_;
  int texts_ = 0;
  Text last_text_;
};

}  // namespace

EventFacts EventScanner::Scan(std::string_view data) {
  EventFacts facts;
  if (LikeLast(data, facts)) return facts;
  Pass pass(data, facts);
  if (!pass.Root()) {
    facts = EventFacts{};
    facts.ok = false;
    return facts;
  }
  const Text* text = pass.only_text();
  last_.clear();
  if (text == nullptr || !facts.usage.empty()) return facts;  // a usage differs in its numbers
  last_ = data;
  text_begin_ = text->begin;
  text_end_ = text->end;
  facts_ = facts;
  return facts;
}

// What is the same up to the text and behind it says the same, whatever the text is.
bool EventScanner::LikeLast(std::string_view data, EventFacts& facts) const {
  if (last_.empty() || data.size() <= text_begin_) return false;
  if (std::memcmp(data.data(), last_.data(), text_begin_) != 0) return false;
  const size_t end = EndOfJsonString(data, text_begin_);
  if (end == std::string_view::npos || end == text_begin_) return false;
  if (data.substr(end) != std::string_view(last_).substr(text_end_)) return false;
  facts = facts_;
  return true;
}

}  // namespace vlmhb::load
