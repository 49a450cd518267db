#include "metrics/page_order.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "metrics/find_json.h"

namespace vlmhb::metrics {
namespace {

using Numbers = std::vector<int64_t>;

constexpr size_t kMostNumbers = 1'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// nullopt for what is no whole number.
std::optional<int64_t> ParseNumber(std::string_view text) {
  text = Trim(text);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int64_t> NumberOf(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_string()) return ParseNumber(value.get_string());
  return std::nullopt;
}

std::optional<Numbers> FromJson(std::string_view text) {
  std::optional<Numbers> found;
  FindJson(text, "[", [&](const json::value& value) {
    Numbers numbers;
    for (const json::value& item : value.get_array()) {
      const auto number = NumberOf(item);
      if (!number) return false;
      numbers.push_back(*number);
    }
    if (numbers.empty()) return false;
    found = std::move(numbers);
    return true;
  });
  return found;
}

// Whether `text` may stand between two numbers of a run.
bool Separates(std::string_view text) {
  while (!text.empty()) {
    if (text.starts_with("→")) {
      text.remove_prefix(std::string_view("→").size());
    } else if (text.starts_with("->")) {
      text.remove_prefix(2);
    } else if (std::string_view(" \t\r\n,;>").find(text[0]) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return true;
}

// The last run of at least two numbers.
std::optional<Numbers> FromRun(std::string_view text) {
  Numbers found, run;
  const auto keep_run = [&] {
    if (run.size() >= 2) found = std::move(run);
    run.clear();
  };
  size_t end = 0;  // of the number before
  for (size_t begin = 0; begin < text.size(); ++begin) {
    if (!IsDigit(text[begin])) continue;
    size_t next = begin;
    while (next < text.size() && IsDigit(text[next])) ++next;
    const auto number = ParseNumber(text.substr(begin, next - begin));
    if (!number || !Separates(text.substr(end, begin - end))) keep_run();
    if (number) run.push_back(*number);
    end = begin = next;
  }
  keep_run();
  return found.empty() ? std::nullopt : std::optional<Numbers>(std::move(found));
}

std::optional<Numbers> FromDigits(std::string_view text) {
  text = Trim(text);
  if (text.empty() || text.size() > kMostNumbers || !std::all_of(text.begin(), text.end(), IsDigit))
    return std::nullopt;
  Numbers numbers;
  for (const char c : text) numbers.push_back(c - '0');
  return numbers;
}

int Sign(int64_t a, int64_t b) { return int(a > b) - int(a < b); }

// nullopt where one of them is constant. REQUIRES: equal lengths.
std::optional<double> TauB(const Numbers& a, const Numbers& b) {
  int64_t agreement = 0, different_a = 0, different_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const int of_a = Sign(a[i], a[j]), of_b = Sign(b[i], b[j]);
      agreement += of_a * of_b;
      different_a += of_a != 0;
      different_b += of_b != 0;
    }
  }
  if (different_a == 0 || different_b == 0) return std::nullopt;
  // Exact where both have the same ties, so that equal lists give 1.
  const double pairs = different_a == different_b
                           ? double(different_a)
                           : std::sqrt(double(different_a)) * std::sqrt(double(different_b));
  return std::clamp(double(agreement) / pairs, -1.0, 1.0);
}

}  // namespace

std::optional<Numbers> ReadNumbers(std::string_view text) {
  std::optional<Numbers> numbers = FromJson(text);
  if (!numbers) numbers = FromRun(text);
  if (!numbers) numbers = FromDigits(text);
  if (numbers && numbers->size() > kMostNumbers) return std::nullopt;
  return numbers;
}

std::optional<Score> KendallTau(std::string_view reference, std::string_view answer) {
  const auto expected = ReadNumbers(reference);
  if (!expected || !TauB(*expected, *expected)) return std::nullopt;
  const auto got = ReadNumbers(answer);
  if (!got || got->size() != expected->size()) return Score{0, 1};
  return Score{TauB(*expected, *got).value_or(0), 1};
}

std::optional<Score> PositionAccuracy(std::string_view reference, std::string_view answer) {
  const auto expected = ReadNumbers(reference);
  if (!expected) return std::nullopt;
  const Numbers got = ReadNumbers(answer).value_or(Numbers{});
  size_t hits = 0;
  for (size_t i = 0; i < std::min(expected->size(), got.size()); ++i)
    hits += (*expected)[i] == got[i];
  return Score{double(hits), double(expected->size())};
}

}  // namespace vlmhb::metrics
