#pragma once
// The API wrapper: an OpenAI-compatible server (/v1/chat/completions, /v1/models, /health) before a
// pool of plug-in processes, which measures what it serves.

#include <atomic>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "wrapper/options.h"

namespace vlmhb::wrapper {

// Serves until `stop` becomes true; then ends the plug-ins and returns within about two seconds.
// `on_listening` is called once with the address (the port chosen, if 0 was asked for), before the
// model is loaded: /health tells when it is. A plug-in that cannot be started does not end the
// wrapper; it answers 503 with the reason. Blocks; one thread, which must live as long as the
// plug-ins. kUnavailable and the like if it cannot listen or write its log.
Result<void> RunWrapper(const WrapperOptions& options, const std::atomic<bool>& stop,
                        const std::function<void(std::string_view address)>& on_listening);

}  // namespace vlmhb::wrapper
