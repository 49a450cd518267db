#pragma once
// What `vlmhb mock` is told (docs/mock.md).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/endpoint.h"

namespace vlmhb::mock {

enum class FaultKind {
  kTooManyRequests,  // 429 with Retry-After
  kServerError,      // 500
  kReset,            // the connection is reset once the request has come
  kStallBefore,      // nothing of the answer ever comes
  kStallAfter,       // nothing comes after the first event (of a plain answer: after half of it)
  kCut,       // the connection ends in the middle of an event (of a plain answer: of the body)
  kGarbage,   // what comes is no HTTP
  kSlowBody,  // a few bytes at a time
  kEmpty,     // status 200, and no token
};

// "429", "500", "reset", "stall-before", "stall-after", "cut", "garbage", "slow-body", "empty".
std::string_view FaultName(FaultKind kind);

struct Fault {
  FaultKind kind;
  double share = 0;  // of the requests
};

// "KIND=SHARE". kInvalidConfig, naming what is there.
Result<Fault> ParseFault(std::string_view text);

struct Options {
  http::Endpoint listen;
  std::string model = "mock";
  Nanos ttft{0};  // from the last byte of the request
  Nanos gap{0};   // between two events
  int64_t tokens = 100;
  int64_t tokens_per_event = 1;
  std::optional<Nanos> latency;  // everything comes together after it; instead of ttft and gap
  std::vector<Fault> faults;     // their shares add up to 1 at most
  int64_t retry_after_s = 1;
  uint64_t seed = 0;
  bool early_head = false;  // a stream's status and headers come at once, its role event too
  std::string record;       // file for the times of each request; "": none
  Nanos spin{0};            // see net::Loop
};

// kInvalidConfig where values do not fit together or are out of range.
Result<void> Check(const Options& options);

// The fault of request `index` (from 0), if it has one: the same for the same seed, whatever else
// comes.
std::optional<FaultKind> FaultOf(const Options& options, uint64_t index);

}  // namespace vlmhb::mock
