#pragma once
// Lets coroutines of one io_context wait until something has changed. Not thread-safe.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.h"

namespace vlmhb::http {

namespace asio = boost::asio;

class Signal {
 public:
  explicit Signal(asio::any_io_executor executor)
      : timer_(executor, asio::steady_timer::time_point::max()) {}

  // Returns after the next Notify(). Check the condition, wait, check again.
  asio::awaitable<void> Wait() { co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable)); }
  void Notify() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

inline asio::awaitable<void> SleepFor(asio::any_io_executor executor, Millis duration) {
  asio::steady_timer timer(executor, duration);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace vlmhb::http
