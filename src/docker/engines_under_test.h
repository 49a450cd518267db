#pragma once
// For tests only: the engines that are there to be tried.

#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "docker/engine.h"
#include "os/process.h"

namespace vlmhb::docker {

struct EngineUnderTest {
  std::string kind;  // "docker", "podman"
  EngineAddress address;
};

// VLMHB_TEST_ENGINES="docker=unix:///path,docker=tcp://127.0.0.1:2376,podman=unix:///path"; the
// certificates for tcp addresses are in the folder VLMHB_TEST_CERTS. CHECK-fails if it is something
// else: a mistake there must not look like engines that pass.
inline std::vector<EngineUnderTest> EnginesUnderTest() {
  std::vector<EngineUnderTest> engines;
  const std::string all = os::GetEnv("VLMHB_TEST_ENGINES").value_or("");
  for (const std::string_view entry : Split(all, ',')) {
    if (Trim(entry).empty()) continue;
    const size_t equals = entry.find('=');
    CHECK(equals != entry.npos, "VLMHB_TEST_ENGINES is kind=address,...");
    auto address =
        EngineAddress::Parse(entry.substr(equals + 1), os::GetEnv("VLMHB_TEST_CERTS").value_or(""));
    CHECK(address.ok(), "VLMHB_TEST_ENGINES has an address that is none");
    engines.push_back({std::string(Trim(entry.substr(0, equals))), *std::move(address)});
  }
  return engines;
}

// What commands run in there: an image with sh, coreutils and util-linux; "" if it is not named.
inline std::string ImageUnderTest() { return os::GetEnv("VLMHB_TEST_IMAGE").value_or(""); }

}  // namespace vlmhb::docker
