#include "mock/options.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/splitmix.h"
#include "base/text.h"

namespace vlmhb::mock {
namespace {

constexpr std::array<std::string_view, 9> kNames = {
    "429", "500", "reset", "stall-before", "stall-after", "cut", "garbage", "slow-body", "empty"};

constexpr Nanos kLongest = std::chrono::hours(1);
constexpr int64_t kMostTokens = 100'000;

// A number in [0, 1) that looks random.
double Draw(uint64_t seed, uint64_t index) {
  return static_cast<double>(SplitMix(seed + (index + 1) * kSplitMixStep) >> 11) * 0x1.0p-53;
}

Error Wrong(std::string message) { return Error(ErrorCode::kInvalidConfig, std::move(message)); }

Result<void> CheckTime(std::string_view name, Nanos time) {
  if (time >= Nanos(0) && time <= kLongest) return {};
  return Wrong(fmt::format("{} must be from 0 to an hour", name));
}

}  // namespace

std::string_view FaultName(FaultKind kind) { return kNames.at(static_cast<size_t>(kind)); }

Result<Fault> ParseFault(std::string_view text) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string_view name = text.substr(0, equals);
  const auto known = std::find(kNames.begin(), kNames.end(), name);
  if (known == kNames.end()) {
    const std::vector<std::string> names(kNames.begin(), kNames.end());
    return Wrong(fmt::format("there is no fault '{}'; there are {}.{}",
                             Truncate(SanitizeUtf8(name), 60), Join(names, ", "),
                             DidYouMean(name, names)));
  }
  Fault fault{static_cast<FaultKind>(known - kNames.begin())};
  const std::string_view share = text.substr(std::min(equals + 1, text.size()));
  const auto read = std::from_chars(share.data(), share.data() + share.size(), fault.share);
  const bool whole = read.ec == std::errc() && read.ptr == share.data() + share.size();
  if (!whole || !(fault.share >= 0 && fault.share <= 1))
    return Wrong(
        fmt::format("the share of fault '{}' is '{}': give a number from 0 to 1, for "
                    "instance {}=0.1",
                    name, Truncate(SanitizeUtf8(share), 60), name));
  return fault;
}

Result<void> Check(const Options& options) {
  VLMHB_TRY(CheckTime("--ttft-ms", options.ttft));
  VLMHB_TRY(CheckTime("--gap-ms", options.gap));
  VLMHB_TRY(CheckTime("--latency-ms", options.latency.value_or(Nanos(0))));
  VLMHB_TRY(CheckTime("--spin-us", options.spin));
  if (options.tokens < 1 || options.tokens > kMostTokens)
    return Wrong(fmt::format("--tokens must be from 1 to {}", kMostTokens));
  if (options.tokens_per_event < 1 || options.tokens_per_event > options.tokens)
    return Wrong("--tokens-per-event must be from 1 to --tokens");
  if (options.latency.has_value() && (options.ttft.count() > 0 || options.gap.count() > 0))
    return Wrong("--latency-ms stands instead of --ttft-ms and --gap-ms: give one or the other");
  double sum = 0;
  for (const Fault& fault : options.faults) sum += fault.share;
  if (sum > 1 + 1e-9)
    return Wrong(fmt::format("the shares of all faults together are {}, more than 1", sum));
  return {};
}

std::optional<FaultKind> FaultOf(const Options& options, uint64_t index) {
  if (options.faults.empty()) return std::nullopt;
  double left = Draw(options.seed, index);
  for (const Fault& fault : options.faults) {
    if (left < fault.share) return fault.kind;
    left -= fault.share;
  }
  return std::nullopt;
}

}  // namespace vlmhb::mock
