#pragma once
// The plug-in processes of one model, and the queue before them. Processes that end are started
// again, within limits. Lives on one executor.

#include <deque>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "wrapper/plugin_host.h"

namespace vlmhb::wrapper {

struct PoolOptions {
  PluginCommand command;
  int processes = 1;
  size_t max_queue = 1024;
  // A slot is given up after this many failures to start in a row.
  int start_failures = 5;
  // The pool is given up after this many requests in a row that broke their process. More than a
  // few hopeless samples with all their attempts, fewer than a whole data set.
  int request_failures = 20;
  Millis first_pause{100};  // before a slot tries again; doubles up to 16 times that
};

class PluginPool {
 public:
  enum class Phase { kLoading, kReady, kUnavailable };

  // One request's place in the queue. Shared by the request and the pool.
  struct Ticket {
    explicit Ticket(const asio::any_io_executor& executor) : called(executor) {}
    Event called;
    std::shared_ptr<PluginHost> host;  // set when it is the ticket's turn
    std::optional<ApiError> refused;   // or why that will never be
  };

  // `log` outlives it. It outlives its coroutines: destroy it after Stop, or with the executor.
  PluginPool(asio::any_io_executor executor, PoolOptions options, Log& log);

  // Starts all processes.
  void Start();

  // Waits for a free place in a process, first come first served; then one request to ticket->host
  // is the caller's until Release. Otherwise ticket->refused says why (queue full, nothing can be
  // started, Leave).
  asio::awaitable<void> Acquire(std::shared_ptr<Ticket> ticket);
  // Gives up the place in the queue. No-op if the ticket was called already.
  void Leave(const std::shared_ptr<Ticket>& ticket);
  // How a request left its process.
  enum class Left {
    kAlive,
    kBroken,           // the request ended it
    kBrokenInCompany,  // one of several did
  };
  void Release(const std::shared_ptr<PluginHost>& host, Left left);

  // Refuses who waits, ends all processes (busy ones at once) and returns when they have ended.
  asio::awaitable<void> Stop();

  // Ready: every slot has started once or was given up, and one at least is there.
  Phase phase() const;
  // Why nothing can be started. REQUIRES: phase() is kUnavailable.
  ApiError Unavailable() const;
  size_t queued() const { return waiting_.size(); }
  int processes() const { return static_cast<int>(members_.size()); }

  // Takes a new reading of `host` and returns the highest ever of any process.
  std::optional<int64_t> PeakMemoryBytes(const PluginHost& host);

 private:
  // A loaded process, and how many requests it has.
  struct Member {
    std::shared_ptr<PluginHost> host;
    int64_t taken = 0;
  };

  asio::awaitable<void> RunSlot(size_t slot);
  asio::awaitable<std::shared_ptr<PluginHost>> StartHost(size_t slot);
  // A place in the process with the fewest requests, of those the one used last: its caches are
  // warm. Null: all are taken.
  std::shared_ptr<PluginHost> TakePlace();
  // Gives free places to who waits.
  void Serve();
  void GiveUp(std::string why);
  // Nothing will be served any more: refuses who waits and ends all processes.
  void EndAll();

  asio::any_io_executor executor_;
  const PoolOptions options_;
  Log& log_;

  std::vector<Member> members_;  // the one used last at the end
  std::unordered_set<std::shared_ptr<PluginHost>> starting_;
  std::deque<std::shared_ptr<Ticket>> waiting_;

  int slots_loading_ = 0;  // that have neither started once nor been given up
  int slots_left_ = 0;
  std::vector<asio::steady_timer> pauses_;  // of each slot, between attempts to start
  std::string start_error_;                 // the latest
  int broken_in_a_row_ = 0;
  // Requests that are still served alone, because company has ended a process: the one that did
  // will end its next process by itself.
  int64_t alone_left_ = 0;
  bool stopping_ = false;
  std::string gave_up_;  // why; empty: it did not
  std::optional<int64_t> peak_memory_bytes_;
  Event no_slots_;
};

}  // namespace vlmhb::wrapper
