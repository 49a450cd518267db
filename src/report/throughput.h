#pragma once
// How long a run was at work: the time during which at least one request was in flight. A run that
// was stopped and continued next morning does not count the night. Not thread-safe.

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace vlmhb::report {

// "2026-11-24T06:40:52.123Z" as milliseconds since the Unix epoch; nullopt for any other form.
std::optional<int64_t> ParseUtcMillis(std::string_view text);

// The union of request intervals. A gap of at most one second between requests is the runner's own
// work and counts; a longer one is a restart and does not. Memory grows with the restarts only.
class ActiveTime {
 public:
  void Add(int64_t start_ms, int64_t end_ms);
  // nullopt when nothing was added, or when the input is absurd (more pieces than kMostPieces).
  std::optional<double> Seconds() const;

 private:
  static constexpr int64_t kGapMs = 1000;
  static constexpr size_t kMostPieces = 100'000;
  std::map<int64_t, int64_t> pieces_;  // start -> end; disjoint, more than a gap apart
  bool overflowed_ = false;
};

}  // namespace vlmhb::report
