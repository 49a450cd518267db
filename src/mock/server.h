#pragma once
// `vlmhb mock`: a server of the OpenAI chat API whose answers, times and faults are known
// beforehand. For tests of clients, and as the truth that a load generator is compared with
// (docs/mock.md).

#include <atomic>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "mock/options.h"

namespace vlmhb::mock {

// Serves on this thread until `stop` is true; then clients are cut off. `on_listening` is called
// with the address, its port the one that the system chose. kUnavailable if the address is in use.
Result<void> RunMock(const Options& options, const std::atomic<bool>& stop,
                     const std::function<void(std::string_view address)>& on_listening);

}  // namespace vlmhb::mock
