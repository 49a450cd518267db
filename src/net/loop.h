#pragma once
// A thread's event loop, for servers and load clients whose own cost must not show in what they
// measure: descriptors by epoll, times in nanoseconds by a heap, nothing allocated per event. What
// is not measured to the microsecond uses Asio (http/).

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/fd.h"

namespace vlmhb::net {

// CLOCK_MONOTONIC.
Nanos Now();

// Told of a descriptor. Outlives the batch in which it was removed (Loop::AfterBatch).
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void OnEvents(uint32_t epoll_events) = 0;
};

// Told of a time. Disarms itself when it is destroyed.
class Timer {
 public:
  virtual ~Timer();
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual void OnTime(Nanos now) = 0;
  bool armed() const { return loop_ != nullptr; }

 private:
  friend class Loop;
  class Loop* loop_ = nullptr;
  size_t place_ = 0;  // in the loop's heap
};

// One thread. Not movable: timers point to it.
class Loop {
 public:
  // `spin`: a time that is so near is waited for without sleeping, since a sleep ends late by more
  // than it is worth (0: never; a core of one's own is needed else).
  explicit Loop(Nanos spin = Nanos(0));
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // kIo if the system has no descriptors left.
  Result<void> Open();
  Result<void> Add(int fd, uint32_t epoll_events, Watcher& watcher);
  void Change(int fd, uint32_t epoll_events, Watcher& watcher);
  void Remove(int fd);

  // Replaces an earlier time of the same timer.
  void Arm(Timer& timer, Nanos at);
  void Disarm(Timer& timer);

  // Runs after each batch of events and times: the place to destroy what they have ended.
  void AfterBatch(std::function<void()> run) { after_batch_ = std::move(run); }

  // Until `stop` is true, which is noticed within 50 ms, or at once after a signal.
  Result<void> Run(const std::atomic<bool>& stop);

 private:
  struct Entry {
    Nanos at;
    Timer* timer;
  };

  void FireDue();
  Nanos Wait() const;  // for epoll
  void Put(size_t place, const Entry& entry);
  void MoveUp(size_t place);
  void MoveDown(size_t place);

  const Nanos spin_;
  os::Fd epoll_;
  std::vector<Entry> heap_;  // binary, the earliest first
  std::function<void()> after_batch_;
};

}  // namespace vlmhb::net
