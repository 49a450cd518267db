#include "docker/container_facts.h"

#include <algorithm>
#include <charconv>

namespace vlmhb::docker {
namespace {

using std::chrono::nanoseconds;

std::optional<int> Digits(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || text[0] == '-' || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

// "Z", "+02:00".
std::optional<std::chrono::minutes> ParseOffset(std::string_view text) {
  if (text == "Z") return std::chrono::minutes(0);
  if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto hours = Digits(text.substr(1, 2));
  const auto minutes = Digits(text.substr(4, 2));
  if (!hours.has_value() || !minutes.has_value()) return std::nullopt;
  return std::chrono::minutes((text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes));
}

// A limit that was asked for and is there, perhaps tighter.
bool InForce(const json::object* host, const char* name, int64_t asked) {
  if (asked <= 0) return true;
  const int64_t actual = host == nullptr ? 0 : FindInt(*host, name, 0);
  return actual > 0 && actual <= asked;
}

}  // namespace

std::optional<nanoseconds> ParseTimestamp(std::string_view text) {
  constexpr size_t kSeconds = 19;  // "2026-11-24T11:30:19"
  if (text.size() <= kSeconds || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto year = Digits(text.substr(0, 4)), month = Digits(text.substr(5, 2)),
             day = Digits(text.substr(8, 2)), hour = Digits(text.substr(11, 2)),
             minute = Digits(text.substr(14, 2)), second = Digits(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1971 || *year > 2200) return std::nullopt;
  text.remove_prefix(kSeconds);
  int64_t nanos = 0;
  if (text[0] == '.') {
    const size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    std::string fraction(text.substr(1, std::min<size_t>(end - 1, 9)));
    fraction.resize(9, '0');
    nanos = Digits(fraction).value_or(0);
    text.remove_prefix(end);
  }
  const auto offset = ParseOffset(text);
  if (!offset.has_value()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) - *offset +
         nanoseconds(nanos);
}

std::vector<env::Mount> MountsOf(const json::object& inspected) {
  constexpr std::string_view kData = "/data/";
  std::vector<env::Mount> mounts;
  const json::array* const array = FindArray(inspected, "Mounts");
  if (array == nullptr) return mounts;
  for (const json::value& value : *array) {
    if (!value.is_object()) continue;
    const json::object& mount = value.get_object();
    const std::string guest = FindString(mount, "Destination");
    if (!guest.starts_with(kData)) continue;
    mounts.push_back({.name = guest.substr(kData.size()),
                      .host = FindString(mount, "Source"),
                      .guest = guest,
                      .access = FindBool(mount, "RW", false) ? env::Access::kReadWrite
                                                             : env::Access::kReadOnly});
  }
  std::sort(mounts.begin(), mounts.end(),
            [](const env::Mount& a, const env::Mount& b) { return a.name < b.name; });
  return mounts;
}

LimitsInForce LimitsOf(const json::object& inspected, const env::EnvSpec& spec) {
  const json::object* const host = FindObject(inspected, "HostConfig");
  return {.memory = InForce(host, "Memory", spec.memory_bytes),
          .processes = InForce(host, "PidsLimit", spec.max_processes),
          .cpus = InForce(host, "NanoCpus", spec.cpus * 1'000'000'000)};
}

std::optional<int64_t> PeakMemoryOf(const json::object& stats) {
  const json::object* const memory = FindObject(stats, "memory_stats");
  if (memory == nullptr) return std::nullopt;
  const int64_t peak = std::max(FindInt(*memory, "max_usage", 0), FindInt(*memory, "usage", 0));
  return peak > 0 ? std::optional(peak) : std::nullopt;
}

}  // namespace vlmhb::docker
