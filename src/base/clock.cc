#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace vlmhb {

Nanos SystemClock::Wall() const { return std::chrono::system_clock::now().time_since_epoch(); }
Nanos SystemClock::Steady() const { return std::chrono::steady_clock::now().time_since_epoch(); }

std::string FormatUtc(Nanos wall) {
  const auto millis = std::chrono::duration_cast<Millis>(wall).count();
  const std::time_t seconds = millis / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     millis % 1000);
}

}  // namespace vlmhb
