#pragma once
// Internal to http/: one client's connection on the server's side.

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "http/parser.h"
#include "http/server.h"
#include "http/stream.h"

namespace vlmhb::http {

// Owned by the coroutine that runs it.
class Session final : public ResponseWriter, public std::enable_shared_from_this<Session> {
 public:
  Session(Stream::Socket socket, const ServerOptions& options, const Handler& handler);

  // Serves requests until the connection ends. Never throws.
  static asio::awaitable<void> Run(std::shared_ptr<Session> self);

  // No further request is taken; an idle connection is closed at once.
  void StopAfterRequest();
  // Cuts the client off; the handler learns it as if the client had gone.
  void Abort();

  asio::awaitable<Result<void>> Respond(int status, const Headers& headers,
                                        std::string_view body) override;
  void StartEvents(const Headers& headers) override;
  asio::awaitable<Result<void>> SendEvent(std::string_view data) override;
  asio::awaitable<Result<void>> Finish() override;
  void OnDisconnect(std::function<void()> callback) override;
  bool client_gone() const override { return gone_; }

 private:
  enum class Answer { kNone, kEvents, kComplete };
  struct Refusal {
    int status;
    std::string why;
  };

  asio::awaitable<void> Serve();
  asio::awaitable<bool> ReadRequest(IncomingRequest& request);
  asio::awaitable<bool> ReadParts(Parser<true>& parser, IncomingRequest& request);
  bool Parse(Parser<true>& parser);
  asio::awaitable<void> Refuse(const Refusal& refusal);
  asio::awaitable<void> Handle(const IncomingRequest& request);
  asio::awaitable<Result<void>> Write(std::string_view first, std::string_view second = {});
  void WatchForDisconnect();
  void ClientGone();
  std::string Head(int status, const Headers& headers, std::string_view framing) const;

  const std::shared_ptr<Stream> stream_;
  const ServerOptions options_;
  const Handler& handler_;  // the server's, which outlives its sessions
  boost::beast::flat_buffer buffer_;

  bool keep_alive_ = true;
  bool stopping_ = false;
  bool handling_ = false;
  bool gone_ = false;
  Answer answer_ = Answer::kNone;
  std::string pending_head_;  // of an event stream, until its first event
  std::string event_;         // reused for framing
  std::function<void()> on_disconnect_;
  std::optional<Refusal> refusal_;
};

}  // namespace vlmhb::http
