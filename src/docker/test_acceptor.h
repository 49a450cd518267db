#pragma once
// For tests only: accepts connections, each served by a thread of its own, until destruction.

#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <list>
#include <thread>

#include "base/check.h"
#include "http/listen.h"
#include "os/fd.h"
#include "os/process.h"

namespace vlmhb::docker {

class TestAcceptor {
 public:
  // `at` gets the port that the system chose. `serve` must return once `fd` or StopFd() says so.
  using Serve = std::function<void(os::Fd client)>;
  TestAcceptor(http::Endpoint& at, Serve serve) : serve_(std::move(serve)) {
    Result<os::Fd> listener = http::OpenListener(at);
    CHECK(listener.ok(), "the test's server listens");
    listener_ = *std::move(listener);
    Result<os::Pipe> stop = os::MakePipe();
    CHECK(stop.ok(), "a pipe");
    stop_ = *std::move(stop);
    thread_ = std::thread([this] { Accept(); });
  }
  // Waits for all that it serves.
  ~TestAcceptor() {
    stop_.write.Reset();
    thread_.join();
    for (std::thread& client : clients_) client.join();
  }
  TestAcceptor(const TestAcceptor&) = delete;
  TestAcceptor& operator=(const TestAcceptor&) = delete;

  // Readable once the test ends.
  int StopFd() const { return stop_.read.get(); }
  // Waits until `fd` is; false: the test ends.
  bool Readable(int fd) const {
    pollfd waiting[2] = {{fd, POLLIN, 0}, {StopFd(), POLLIN, 0}};
    return ::poll(waiting, 2, -1) > 0 && waiting[1].revents == 0;
  }

 private:
  void Accept() {
    while (Readable(listener_.get())) {
      os::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.valid())
        clients_.emplace_back([this, fd = std::move(client)]() mutable { serve_(std::move(fd)); });
    }
  }

  Serve serve_;
  os::Fd listener_;
  os::Pipe stop_;
  std::list<std::thread> clients_;
  std::thread thread_;
};

}  // namespace vlmhb::docker
