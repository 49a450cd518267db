#pragma once
// For tests only: the engines that are there to be tried.

#include <string>
#include <vector>

#include "base/text.h"
#include "docker/engine.h"
#include "os/process.h"

namespace vlmhb::docker {

struct RealEngineAddress {
  std::string kind;  // "docker", "podman"
  EngineAddress address;
};

// VLMHB_TEST_ENGINES="docker=unix:///path,podman=unix:///path", also at tcp addresses, with
// certificates in the folder VLMHB_TEST_CERTS.
inline std::vector<RealEngineAddress> RealEngines() {
  std::vector<RealEngineAddress> engines;
  const std::string all = os::GetEnv("VLMHB_TEST_ENGINES").value_or("");
  for (const std::string_view each : Split(all, ',')) {
    const size_t equals = each.find('=');
    if (equals == each.npos) continue;
    auto address =
        EngineAddress::Parse(each.substr(equals + 1), os::GetEnv("VLMHB_TEST_CERTS").value_or(""));
    if (address.ok()) engines.push_back({std::string(each.substr(0, equals)), *address});
  }
  return engines;
}

}  // namespace vlmhb::docker
