#pragma once
// One plug-in process: started, greeted, loaded, asked as many requests at a time as it takes,
// killed when it breaks the rules (docs/formats/plugin-protocol.md). Lives on one executor.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/signal.h"
#include "worker/protocol.h"
#include "wrapper/api_error.h"
#include "wrapper/event.h"
#include "wrapper/log.h"
#include "wrapper/plugin_process.h"

namespace vlmhb::wrapper {

struct PluginCommand {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  json::object load_params;
  Millis hello_timeout{10'000};
  Millis load_timeout{600'000};
  Millis idle_timeout{0};      // between two deltas, and before the first; 0: no limit
  Millis cancel_grace{2'000};  // to obey `cancel` or `shutdown` before being killed
};

// Takes the next piece of the answer. False: nobody wants it any more; the request is cancelled.
using OnDelta = std::function<asio::awaitable<bool>(std::string_view text)>;

// One request, and what comes of it. Times are CLOCK_MONOTONIC, taken right after the read.
struct Generation {
  json::array messages;
  json::object params;
  Millis timeout{0};
  OnDelta on_delta;

  worker::FinishReason finish_reason = worker::FinishReason::kStop;
  std::optional<worker::Usage> usage;
  std::optional<int64_t> gpu_memory_bytes;
  size_t deltas = 0;  // those with text
  Nanos first_delta_at{};
  Nanos last_delta_at{};
  Nanos done_at{};
  // The process ended while it had other requests, too: any of them may have ended it.
  bool broken_in_company = false;
};

// Owned by shared_ptr: its coroutines keep it until the process has been reaped.
class PluginHost : public std::enable_shared_from_this<PluginHost> {
 public:
  // `command` and `log` outlive it.
  PluginHost(asio::any_io_executor executor, const PluginCommand& command, Log& log);

  // Starts the process and loads the model. On an error the process is dead or dying; the error is
  // retryable if another process may have more luck.
  asio::awaitable<std::optional<ApiError>> Start();

  // Runs one request, beside others. The process is usable afterwards if alive(); an error with
  // code timeout, crashed, protocol_error means that it is not. After Cancel the code may be
  // `cancelled`. `generation` outlives it. REQUIRES: Start succeeded, and less than capacity()
  // requests run.
  asio::awaitable<std::optional<ApiError>> Generate(Generation& generation);

  // Asks the running Generate of `generation` to end, and kills the process if it does not within
  // the grace.
  void Cancel(const Generation& generation);
  void Kill();
  // Asks the process to exit, kills it after the grace, and returns when it has ended.
  asio::awaitable<void> Shutdown();
  // Returns when the process has ended (at once if there never was one).
  asio::awaitable<void> WaitUntilEnded() { return process_->WaitUntilEnded(); }

  // Requests that it takes at a time.
  int64_t capacity() const { return capacity_; }
  bool alive() const { return process_->alive(); }
  // Of its process tree, so far; nullopt if not known.
  std::optional<int64_t> PeakMemoryBytes() const { return process_->PeakMemoryBytes(); }

 private:
  struct Call;

  asio::awaitable<void> SendAndForget(std::string frame);
  asio::awaitable<Result<worker::Reply>> Ask(std::string frame);
  std::optional<ApiError> Loaded(const worker::Reply& reply);
  asio::awaitable<ApiError> Failed(Error error, std::string doing);
  ApiError Broken(std::string_view why);

  // While it is loaded: gives each reply to the call that it belongs to.
  asio::awaitable<void> ReadReplies();
  // Why the reply breaks the protocol; empty: it does not.
  std::string Dispatch(worker::Reply reply);
  Call* Find(int64_t id);
  void End(Call& call, std::optional<ApiError> error);
  // The process gave no more replies because of `error`.
  asio::awaitable<void> EndAll(Error error);
  void MarkLate();
  ApiError Unanswered(const Call& call, bool timed_out) const;
  bool HasBacklog() const;
  void CancelCall(Call& call);
  // Lets the plug-in wait as long as the idle timeout and the requests' own deadlines allow.
  void UpdateDeadline();

  asio::any_io_executor executor_;
  const PluginCommand& command_;
  Log& log_;
  const std::shared_ptr<PluginProcess> process_;

  int64_t capacity_ = 1;
  int64_t next_id_ = 1;
  std::vector<Call*> calls_;  // that run; each lives in its Generate
  Nanos progress_at_{};       // when a message came, or the first of the calls began
  http::Signal taken_;        // a call has taken its deltas
};

}  // namespace vlmhb::wrapper
