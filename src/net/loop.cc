#include "net/loop.h"

#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace vlmhb::net {
namespace {

constexpr Nanos kLongestWait{50'000'000};  // a stop is noticed within it
constexpr size_t kEventsOfBatch = 256;

}  // namespace

Nanos Now() { return SystemClock().Steady(); }

Timer::~Timer() {
  if (loop_ != nullptr) loop_->Disarm(*this);
}

Loop::Loop(Nanos spin) : spin_(spin) {}

Result<void> Loop::Open() {
  epoll_ = os::Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return ErrnoError(errno, "cannot watch descriptors");
  return {};
}

Result<void> Loop::Add(int fd, uint32_t epoll_events, Watcher& watcher) {
  epoll_event event{.events = epoll_events, .data = {.ptr = &watcher}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return ErrnoError(errno, "cannot watch a descriptor");
  return {};
}

void Loop::Change(int fd, uint32_t epoll_events, Watcher& watcher) {
  epoll_event event{.events = epoll_events, .data = {.ptr = &watcher}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::Remove(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

// --- Times ---

void Loop::Put(size_t place, const Entry& entry) {
  heap_[place] = entry;
  entry.timer->place_ = place;
}

void Loop::MoveUp(size_t place) {
  const Entry entry = heap_[place];
  while (place > 0 && entry.at < heap_[(place - 1) / 2].at) {
    Put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  Put(place, entry);
}

void Loop::MoveDown(size_t place) {
  const Entry entry = heap_[place];
  while (true) {
    size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].at < heap_[child].at) ++child;
    if (heap_[child].at >= entry.at) break;
    Put(place, heap_[child]);
    place = child;
  }
  Put(place, entry);
}

void Loop::Arm(Timer& timer, Nanos at) {
  if (timer.armed()) {
    heap_[timer.place_].at = at;
  } else {
    timer.loop_ = this;
    heap_.push_back({at, &timer});
    timer.place_ = heap_.size() - 1;
  }
  MoveUp(timer.place_);
  MoveDown(timer.place_);
}

void Loop::Disarm(Timer& timer) {
  if (!timer.armed()) return;
  timer.loop_ = nullptr;
  const size_t place = timer.place_;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.timer == &timer) return;
  Put(place, last);
  MoveUp(place);
  MoveDown(last.timer->place_);
}

void Loop::FireDue() {
  if (heap_.empty()) return;
  const Nanos now = Now();
  while (!heap_.empty() && heap_.front().at <= now) {
    Timer& timer = *heap_.front().timer;
    Disarm(timer);
    timer.OnTime(now);
  }
}

Nanos Loop::Wait() const {
  if (heap_.empty()) return kLongestWait;
  const Nanos left = heap_.front().at - Now();
  return std::clamp(left - spin_, Nanos(0), kLongestWait);
}

// --- Running ---

Result<void> Loop::Run(const std::atomic<bool>& stop) {
  std::array<epoll_event, kEventsOfBatch> events;
  while (!stop.load(std::memory_order_relaxed)) {
    const timespec wait{.tv_sec = 0, .tv_nsec = Wait().count()};
    const int count = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                     &wait, nullptr);
    if (count < 0 && errno != EINTR) return ErrnoError(errno, "cannot wait for descriptors");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      static_cast<Watcher*>(event.data.ptr)->OnEvents(event.events);
    }
    FireDue();
    if (after_batch_) after_batch_();
  }
  return {};
}

}  // namespace vlmhb::net
