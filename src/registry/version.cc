#include "registry/version.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>

#include "base/text.h"

namespace vlmhb::registry {
namespace {

// The numbers that `text` begins with; they are cut off it.
std::vector<uint64_t> TakeNumbers(std::string_view& text) {
  std::vector<uint64_t> numbers;
  while (true) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return numbers;
    numbers.push_back(number);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const bool more = text.size() > 1 && text[0] == '.' && text[1] >= '0' && text[1] <= '9';
    if (!more) return numbers;
    text.remove_prefix(1);
  }
}

// "2.1" -> "3", "2.1.4" -> "2.2": where what ~= allows ends.
std::string NextSeries(std::string_view text) {
  std::vector<uint64_t> numbers = TakeNumbers(text);
  if (numbers.size() > 1) numbers.pop_back();
  ++numbers.back();
  std::string next;
  for (const uint64_t number : numbers) next += (next.empty() ? "" : ".") + std::to_string(number);
  return next;
}

}  // namespace

Version::Version(std::string_view text) : numbers_(TakeNumbers(text)) {
  while (!numbers_.empty() && numbers_.back() == 0) numbers_.pop_back();
  rest_ = text.substr(0, text.find('+'));
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = numbers_ <=> other.numbers_; order != 0) return order;
  // Nothing comes after everything: 2.0rc1 < 2.0.
  if (rest_.empty() != other.rest_.empty())
    return rest_.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  return rest_ <=> other.rest_;
}

Result<VersionRange> VersionRange::Parse(std::string_view text) {
  struct Spelling {
    std::string_view text;
    Op op;
  };
  // The longer ones first.
  static constexpr std::array kSpellings = {
      Spelling{"==", Op::kEqual},  Spelling{"!=", Op::kNotEqual}, Spelling{">=", Op::kAtLeast},
      Spelling{"<=", Op::kAtMost}, Spelling{">", Op::kAbove},     Spelling{"<", Op::kBelow}};
  VersionRange range;
  for (std::string_view part : Split(text, ',')) {
    part = Trim(part);
    Op op = Op::kEqual;
    const bool series = part.starts_with("~=");
    if (series) part = Trim(part.substr(2));
    const auto spelling = std::find_if(kSpellings.begin(), kSpellings.end(),
                                       [&](const Spelling& s) { return part.starts_with(s.text); });
    if (spelling != kSpellings.end()) {
      op = spelling->op;
      part = Trim(part.substr(spelling->text.size()));
    }
    if (part.empty() || part[0] < '0' || part[0] > '9')
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("'{}' is no range of versions; write for instance @2.0, @>=2 or "
                               "@>=1.5,<3",
                               Truncate(text, 80)));
    range.conditions_.push_back({series ? Op::kAtLeast : op, Version(part)});
    if (series) range.conditions_.push_back({Op::kBelow, Version(NextSeries(part))});
  }
  return range;
}

bool VersionRange::Contains(const Version& version) const {
  return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
    const auto order = version <=> condition.version;
    switch (condition.op) {
      case Op::kEqual:
        return order == 0;
      case Op::kNotEqual:
        return order != 0;
      case Op::kAtLeast:
        return order >= 0;
      case Op::kAtMost:
        return order <= 0;
      case Op::kAbove:
        return order > 0;
      case Op::kBelow:
        return order < 0;
    }
    return false;
  });
}

Reference SplitReference(std::string_view text) {
  const size_t at = text.find('@');
  if (at == text.npos || at == 0) return {text, ""};
  return {Trim(text.substr(0, at)), text.substr(at + 1)};
}

}  // namespace vlmhb::registry
