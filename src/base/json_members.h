#pragma once
// The members of a JSON object as they are written, without parsing their values: to look at a
// request of megabytes, whose images are nobody's business, at the speed of memchr.

#include <string_view>

namespace vlmhb {

// The place of the quote that ends the JSON string whose text begins at `begin`; npos without one.
size_t EndOfJsonString(std::string_view text, size_t begin);

class JsonMembers {
 public:
  // `object` is a JSON text that outlives it and everything it returns.
  explicit JsonMembers(std::string_view object);

  struct Member {
    std::string_view key;    // between its quotes, escapes as they are
    std::string_view value;  // the JSON text of the value
  };
  // False at the end, or where the text is no JSON object: ok() tells which. Of a value only its
  // strings and the balance of its brackets are looked at.
  bool Next(Member& member);
  bool ok() const { return state_ == State::kEnd; }

 private:
  enum class State { kFirst, kMore, kEnd, kBad };

  bool Bad();
  void SkipSpace();
  bool SkipString();
  bool SkipValue();

  std::string_view text_;
  size_t at_ = 0;
  State state_ = State::kFirst;
};

}  // namespace vlmhb
