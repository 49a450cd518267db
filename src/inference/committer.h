#pragma once
// Journals finished samples on a thread of its own, so that the event loop never waits for the
// disk: whatever has gathered while one sync ran shares the next one. All members are called on the
// event loop's thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "http/signal.h"
#include "store/answer_row.h"
#include "store/journal.h"

namespace vlmhb::inference {

namespace asio = boost::asio;

class Committer {
 public:
  struct Acknowledged {
    uint64_t samples = 0;
    uint64_t failed = 0;
  };
  struct Callbacks {
    std::function<void(Acknowledged)> on_acknowledged;  // these are on the disk
    std::function<void(const Error&)> on_error;         // at most once; nothing is written after it
  };

  // `journal` must outlive it; nobody else appends to it meanwhile.
  Committer(store::Journal& journal, asio::any_io_executor executor, Callbacks callbacks);
  ~Committer();  // waits for the sync in progress; what has not begun is dropped

  void Submit(const store::SampleRecord& record);
  // Returns once few enough samples wait for the disk (or after an error).
  asio::awaitable<void> WaitForRoom();
  // Returns once everything submitted is acknowledged (or after an error).
  asio::awaitable<void> Drain();

 private:
  struct Batch {
    std::vector<std::string> payloads;
    size_t bytes = 0;
    uint64_t failed = 0;
  };

  void Work();
  void Finish(const Batch& batch, const Result<void>& result);

  store::Journal& journal_;
  asio::any_io_executor executor_;
  Callbacks callbacks_;

  // On the event loop's thread.
  http::Signal changed_;
  size_t waiting_samples_ = 0;
  size_t waiting_bytes_ = 0;
  bool failed_ = false;

  std::mutex mutex_;  // guards the following
  std::condition_variable work_;
  Batch next_;
  bool stop_ = false;

  std::thread thread_;  // last: uses all of the above
};

}  // namespace vlmhb::inference
