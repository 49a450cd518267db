#pragma once
// For authors of plug-ins in C++: write a Plugin, and main() is `return RunPlugin(plugin, ...)`.
// The library speaks the protocol, keeps standard output clean and turns exceptions into errors, so
// that one bad request never ends the plug-in.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "worker/protocol.h"

namespace vlmhb::worker {

// Sends the next piece of the answer. Ill-formed UTF-8 is replaced by U+FFFD. An error means that
// the host is gone: return it.
using Emit = std::function<Result<void>(std::string_view text)>;

struct Finish {
  FinishReason reason = FinishReason::kStop;
  std::optional<Usage> usage;
};

// All calls come from one thread, one after another. Exceptions are allowed: std::bad_alloc becomes
// `out_of_memory`, any other `internal`.
class Plugin {
 public:
  virtual ~Plugin() = default;

  // Loads the model, once. Any error becomes `load_failed` (kNoSpace: `out_of_memory`). It may be
  // called again after an error, never after a success.
  virtual Result<void> Load(const json::object& params) = 0;

  // Answers one request. REQUIRES: Load succeeded. What an error's code becomes:
  //   kInvalidConfig                          bad_request
  //   kCorrupt, kNotFound, kPermission, kIo   bad_image
  //   kNoSpace                                out_of_memory
  //   kUnsupported                            unsupported
  //   others                                  internal
  virtual Result<Finish> Generate(const GenerateRequest& request, const Emit& emit) = 0;
};

// Serves the host on standard input and output until it sends `shutdown` or goes away; then returns
// the exit status for main(): 0, or 1 when the host broke the protocol or the output was lost (the
// reason is on standard error). Standard output is moved out of the way first, so that what a
// library prints goes to standard error.
int RunPlugin(Plugin& plugin, std::string_view name, std::string_view version);

// The same on any two descriptors, without touching standard output. For tests.
Result<void> ServePlugin(Plugin& plugin, std::string_view name, std::string_view version,
                         int input_fd, int output_fd);

// The encoded image: the file's content or the decoded base64. kCorrupt if it has more than
// `max_bytes` or is not base64; errors of the file system as they are.
Result<std::string> ReadImageBytes(const ImagePart& image, size_t max_bytes);

}  // namespace vlmhb::worker
