#pragma once
// For tests only: a server on a Unix socket that answers as the test says, also in ways in which
// no engine should.

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docker/engine.h"
#include "docker/test_acceptor.h"
#include "os/file.h"

namespace vlmhb::docker {

struct FakeRequest {
  std::string method;
  std::string target;
  std::string head;  // all of the header section
  std::string body;
};

class FakeEngine {
 public:
  // Sends raw bytes; the connection is closed when the handler returns false.
  using Send = std::function<void(std::string_view)>;
  using Handler = std::function<bool(const FakeRequest&, const Send&)>;

  explicit FakeEngine(Handler handler) : handler_(std::move(handler)) {
    endpoint_.unix_path = (folder_.path() / "e.sock").string();
    acceptor_.emplace(endpoint_, [this](os::Fd client) { Serve(client.get()); });
  }

  Engine::Options Options() const {
    return {.address = {.unix_socket = endpoint_.unix_path},
            .call_timeout = std::chrono::milliseconds(20'000)};
  }
  // "POST /containers/x/start", without the version and the query, in order.
  std::vector<std::string> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  // Readable once the test ends: handlers that wait for ever wait for this.
  int stop_fd() const { return acceptor_->StopFd(); }
  bool stopping() const {
    pollfd waiting{stop_fd(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) != 0;
  }

  static std::string Json(int status, std::string_view body, std::string_view headers = "") {
    return fmt::format("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\n\r\n{}", status, headers,
                       body.size(), body);
  }
  static constexpr std::string_view kChunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  static std::string Chunk(std::string_view bytes) {
    return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
  }

 private:
  // Reads until `enough`; false: the client has gone.
  bool Read(int fd, std::string& into, const std::function<bool()>& enough) const {
    while (!enough()) {
      char bytes[65536];
      if (!acceptor_->Readable(fd)) return false;
      const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
      if (n <= 0) return false;
      into.append(bytes, static_cast<size_t>(n));
    }
    return true;
  }
  void Serve(int fd) {
    std::string seen;
    size_t end = 0;
    while (Read(fd, seen, [&] { return (end = seen.find("\r\n\r\n")) != std::string::npos; })) {
      FakeRequest request;
      request.head = seen.substr(0, end);
      seen.erase(0, end + 4);
      size_t length = 0;
      if (const size_t at = request.head.find("Content-Length: "); at != std::string::npos)
        length = std::stoul(request.head.substr(at + 16));
      if (!Read(fd, seen, [&] { return seen.size() >= length; })) return;
      request.body = seen.substr(0, length);
      seen.erase(0, length);
      const size_t space = request.head.find(' ');
      request.method = request.head.substr(0, space);
      request.target =
          request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
      Note(request);
      if (!handler_(request, [fd](std::string_view bytes) { SendAll(fd, bytes); })) return;
    }
  }
  void Note(FakeRequest& request) {
    if (request.target.starts_with("/v1.")) request.target.erase(0, request.target.find('/', 1));
    const std::lock_guard lock(mutex_);
    calls_.push_back(request.method + " " + request.target.substr(0, request.target.find('?')));
  }
  static void SendAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }

  os::TempFolder folder_;
  http::Endpoint endpoint_;
  Handler handler_;
  std::mutex mutex_;
  std::vector<std::string> calls_;
  std::optional<TestAcceptor> acceptor_;  // last: its threads use the others
};

}  // namespace vlmhb::docker
