#include "base/json_members.h"

#include <cstring>

namespace vlmhb {

size_t EndOfJsonString(std::string_view text, size_t begin) {
  for (size_t from = begin; from < text.size();) {
    const void* found = std::memchr(text.data() + from, '"', text.size() - from);
    if (found == nullptr) break;
    const auto quote = static_cast<size_t>(static_cast<const char*>(found) - text.data());
    size_t backslashes = 0;
    while (quote - backslashes > begin && text[quote - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote;
    from = quote + 1;
  }
  return std::string_view::npos;
}

JsonMembers::JsonMembers(std::string_view object) : text_(object) {
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != '{') {
    Bad();
    return;
  }
  ++at_;
}

bool JsonMembers::Bad() {
  state_ = State::kBad;
  return false;
}

void JsonMembers::SkipSpace() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

// REQUIRES: at_ is at the opening quote. Afterwards at_ is behind the closing one.
bool JsonMembers::SkipString() {
  const size_t end = EndOfJsonString(text_, at_ + 1);
  if (end == std::string_view::npos) return Bad();
  at_ = end + 1;
  return true;
}

bool JsonMembers::SkipValue() {
  const size_t begin = at_;
  size_t depth = 0;
  while (at_ < text_.size()) {
    switch (text_[at_]) {
      case '"':
        if (!SkipString()) return false;
        if (depth == 0) return true;
        break;
      case '{':
      case '[':
        ++depth;
        ++at_;
        break;
      case '}':
      case ']':
        if (depth == 0) return at_ > begin || Bad();  // the end of the object itself
        ++at_;
        if (--depth == 0) return true;
        break;
      case ',':
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        if (depth == 0) return at_ > begin || Bad();
        ++at_;
        break;
      default:
        ++at_;
    }
  }
  return Bad();
}

bool JsonMembers::Next(Member& member) {
  if (state_ == State::kEnd || state_ == State::kBad) return false;
  SkipSpace();
  if (at_ < text_.size() && text_[at_] == '}' && state_ == State::kFirst) {
    ++at_;
    SkipSpace();
    state_ = at_ == text_.size() ? State::kEnd : State::kBad;
    return false;
  }
  if (at_ >= text_.size() || text_[at_] != '"') return Bad();
  const size_t key = at_ + 1;
  if (!SkipString()) return false;
  member.key = text_.substr(key, at_ - key - 1);
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != ':') return Bad();
  ++at_;
  SkipSpace();
  const size_t value = at_;
  if (!SkipValue()) return false;
  member.value = text_.substr(value, at_ - value);
  SkipSpace();
  if (at_ >= text_.size()) return Bad();
  if (text_[at_] == ',') {
    ++at_;
    state_ = State::kMore;
    return true;
  }
  if (text_[at_] != '}') return Bad();
  // The closing brace is left to the next call, which finds it as after "{".
  state_ = State::kFirst;
  return true;
}

}  // namespace vlmhb
