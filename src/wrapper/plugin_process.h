#pragma once
// A plug-in's process and the pipe to it: started, written to, read from, killed and reaped. What
// is said, and in which order, is PluginHost's. Lives on one executor.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/signal.h"
#include "http/stream.h"
#include "os/process.h"
#include "worker/error_tail.h"
#include "worker/protocol.h"
#include "wrapper/event.h"
#include "wrapper/log.h"

namespace vlmhb::wrapper {

// Owned by shared_ptr: its coroutines keep it until the process has been reaped.
class PluginProcess : public std::enable_shared_from_this<PluginProcess> {
 public:
  // `log` outlives it.
  PluginProcess(asio::any_io_executor executor, Log& log);

  Result<void> Start(const std::vector<std::string>& argv,
                     const std::map<std::string, std::string>& env);
  bool alive() const { return stream_ != nullptr && !killed_ && !ended_.is_set(); }
  bool killed() const { return killed_; }
  int pid() const { return process_.pid(); }

  void Kill();
  // Unless it has ended by then.
  void KillAfter(Millis grace);
  // For one whose pipe has ended, and which so is about to end by itself: kills it if it does not.
  void LetEnd();
  // Returns when the process has ended (at once if there never was one).
  asio::awaitable<void> WaitUntilEnded();
  // "signal 6 (Aborted)"; "" while it lives.
  const std::string& end_status() const { return end_status_; }
  // "; its last messages: ..." of its standard error, or "".
  std::string LastMessages() const { return error_tail_.Summary(); }
  // Of its process tree, so far; nullopt if not known.
  std::optional<int64_t> PeakMemoryBytes() const;

  // Writes one frame after those before it. From any number of coroutines.
  asio::awaitable<Result<void>> Send(std::string frame);
  // The next reply. kTimeout after the deadline, kCorrupt if it breaks the protocol; the process is
  // of no use after an error. From one coroutine at a time.
  asio::awaitable<Result<worker::Reply>> Receive();
  // CLOCK_MONOTONIC right after the read that completed what Receive returned last.
  Nanos received_at() const { return received_at_; }
  // For Send and Receive, those in progress too. 0: none.
  void SetDeadline(Millis from_now) { stream_->SetDeadline(from_now); }

 private:
  asio::awaitable<void> ReadErrors();
  asio::awaitable<void> ReapWhenEnded(os::Fd pidfd);

  asio::any_io_executor executor_;
  Log& log_;
  os::Process process_;
  std::shared_ptr<http::Stream> stream_;  // the plug-in's standard input and output
  boost::beast::flat_buffer buffer_;
  worker::FrameDecoder decoder_;
  Nanos received_at_{};
  bool sending_ = false;
  http::Signal sent_;

  std::optional<asio::posix::stream_descriptor> errors_;  // its standard error
  worker::ErrorTail error_tail_;

  bool killed_ = false;
  Event ended_;
  std::string end_status_;
  asio::steady_timer kill_timer_;
};

}  // namespace vlmhb::wrapper
