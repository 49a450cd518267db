#include "report/throughput.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <iterator>

namespace vlmhb::report {

std::optional<int64_t> ParseUtcMillis(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  std::array<int, 7> fields{};
  size_t field = 0;
  for (size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] == '0') {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      fields[field] = fields[field] * 10 + (text[i] - '0');
    } else {
      if (text[i] != kForm[i]) return std::nullopt;
      ++field;
    }
  }
  const auto [year, month, day, hour, minute, second, milli] = fields;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli;
}

void ActiveTime::Add(int64_t start_ms, int64_t end_ms) {
  if (end_ms < start_ms || overflowed_) return;
  // Swallow every piece that touches [start - gap, end + gap].
  auto piece = pieces_.upper_bound(start_ms);
  if (piece != pieces_.begin() && std::prev(piece)->second + kGapMs >= start_ms) --piece;
  while (piece != pieces_.end() && piece->first <= end_ms + kGapMs) {
    start_ms = std::min(start_ms, piece->first);
    end_ms = std::max(end_ms, piece->second);
    piece = pieces_.erase(piece);
  }
  pieces_.emplace(start_ms, end_ms);
  overflowed_ = pieces_.size() > kMostPieces;
}

std::optional<double> ActiveTime::Seconds() const {
  if (pieces_.empty() || overflowed_) return std::nullopt;
  int64_t total_ms = 0;
  for (const auto& [start, end] : pieces_) total_ms += end - start;
  return static_cast<double>(total_ms) / 1000;
}

}  // namespace vlmhb::report
