#include "mock/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>

namespace vlmhb::mock {
namespace {

// What a client may send ahead while it is being answered.
constexpr size_t kMostAhead = 1u << 20;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kRefusal =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

}  // namespace

Result<void> Connection::Open() {
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on Unix sockets
  return loop_.Add(socket_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

void Connection::OnEvents(uint32_t events) {
  if (closed()) return;
  const bool open = Read();
  if (closed()) return;
  if (!open || (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
    GiveUp();
    return Close(/*reset=*/false);
  }
  if ((events & EPOLLOUT) != 0 && script_ != nullptr) Advance(net::Now());
  TakeRequests();
}

void Connection::OnTime(Nanos now) {
  Advance(now);
  TakeRequests();
}

bool Connection::Read() {
  const std::span<char> scratch = host_.Scratch();
  while (in_.size() < kMostAhead) {
    const ssize_t n = ::recv(socket_.get(), scratch.data(), scratch.size(), 0);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    received_at_ = net::Now();
    TakeRequests({scratch.data(), static_cast<size_t>(n)});
    if (closed() || static_cast<size_t>(n) < scratch.size()) return true;  // no more for now
  }
  return false;  // it sends more ahead than anybody needs
}

void Connection::TakeRequests(std::string_view data) {
  if (in_.empty()) {
    Parse(data);
    in_.append(data);
    return;
  }
  in_.append(data);
  std::string_view all = in_;
  Parse(all);
  in_.erase(0, in_.size() - all.size());
}

void Connection::Parse(std::string_view& data) {
  while (!closed() && script_ == nullptr && !data.empty()) {
    if (!request_.has_value()) request_.emplace(text_);
    boost::beast::error_code error;
    data.remove_prefix(request_->put(boost::asio::buffer(data), error));
    if (error && error != boost::beast::http::error::need_more) return Refuse();
    if (!request_->is_done()) {
      if (request_->is_header_done() && std::exchange(request_->wants_continue, false))
        (void)::send(socket_.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
      return;
    }
    Begin(host_.Choose(text_));
  }
}

void Connection::Begin(const Host::Answer& answer) {
  script_ = answer.script;
  outcome_ = answer.outcome;
  served_ = Served{.index = answer.index, .received = received_at_};
  head_ = script_->head;
  if (!head_.empty()) head_ += std::to_string(answer.index);
  step_ = due_ = written_ = 0;
  Advance(received_at_);
}

void Connection::Advance(Nanos now) {
  while (step_ < script_->steps.size() && served_.received + script_->steps[step_].after <= now)
    due_ = script_->steps[step_++].end;
  if (step_ > 0 && !WriteDue()) return;
  if (closed()) return;
  if (step_ == script_->steps.size()) return Finish();
  loop_.Arm(*this, served_.received + script_->steps[step_].after);
}

// False: the client takes no more for now, or the connection is broken and closed.
bool Connection::WriteDue() {
  const size_t total = head_.size() + due_;
  while (written_ < total) {
    const size_t head_left = head_.size() - std::min(written_, head_.size());
    const size_t from = written_ - (head_.size() - head_left);
    std::array<iovec, 2> parts = {
        iovec{head_.data() + (head_.size() - head_left), head_left},
        iovec{const_cast<char*>(script_->bytes.data()) + from, due_ - from}};
    served_.last = net::Now();
    if (served_.first.count() == 0 && script_->first_event_end > 0 &&
        due_ >= script_->first_event_end)
      served_.first = served_.last;
    msghdr message{};
    message.msg_iov = parts.data() + (head_left == 0 ? 1 : 0);
    message.msg_iovlen = head_left == 0 ? 1 : 2;
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return false;  // EPOLLOUT comes
    if (n < 0) {
      GiveUp();
      Close(/*reset=*/false);
      return false;
    }
    written_ += static_cast<size_t>(n);
  }
  return true;
}

void Connection::Finish() {
  if (script_->then == Script::Then::kStall) return;  // until the client leaves
  const Script& script = *std::exchange(script_, nullptr);
  served_.end = net::Now();
  served_.outcome = outcome_;
  served_.events = script.events;
  served_.tokens = script.tokens;
  if (!outcome_.empty()) host_.Done(served_);
  const bool keep = request_->keep_alive();
  request_.reset();
  if (script.then == Script::Then::kKeep && keep) return;
  Close(script.then == Script::Then::kReset);
}

void Connection::GiveUp() {
  if (script_ == nullptr || outcome_.empty()) return;
  served_.end = net::Now();
  served_.outcome = script_->then == Script::Then::kStall ? outcome_ : "left";
  host_.Done(served_);
}

// What is no HTTP has no request that could be recorded.
void Connection::Refuse() {
  (void)::send(socket_.get(), kRefusal.data(), kRefusal.size(), MSG_NOSIGNAL);
  Close(/*reset=*/false);
}

void Connection::Close(bool reset) {
  if (closed()) return;
  if (reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  loop_.Disarm(*this);
  loop_.Remove(socket_.get());
  socket_.Reset();
  script_ = nullptr;
  host_.Retire(*this);
}

}  // namespace vlmhb::mock
