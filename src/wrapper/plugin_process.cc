#include "wrapper/plugin_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/text.h"
#include "worker/child.h"
#include "wrapper/memory.h"

namespace vlmhb::wrapper {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = 64u << 10;
// How long a process whose output has ended may take to end itself, so that its status is its own.
constexpr Millis kEndGrace{1'000};

}  // namespace

PluginProcess::PluginProcess(asio::any_io_executor executor, Log& log)
    : executor_(executor),
      log_(log),
      sent_(executor),
      error_tail_([this](std::string_view line) {
        log_.Write(fmt::format("plug-in {}: {}", process_.pid(), line));
      }),
      ended_(executor),
      kill_timer_(executor) {}

// --- The process ---

Result<void> PluginProcess::Start(const std::vector<std::string>& argv,
                                  const std::map<std::string, std::string>& env) {
  VLMHB_ASSIGN(worker::Child child, worker::StartChild({.argv = argv, .env = env}));
  process_ = std::move(child.process);
  os::Fd pidfd(::fcntl(process_.pidfd(), F_DUPFD_CLOEXEC, 0));
  if (!pidfd.valid()) return ErrnoError(errno, "cannot watch the process");

  const asio::generic::stream_protocol protocol(AF_UNIX, 0);
  stream_ = std::make_shared<http::Stream>(
      http::Stream::Socket(executor_, protocol, child.stream.Release()));
  errors_.emplace(executor_, child.errors.Release());
  boost::system::error_code ignored;
  errors_->native_non_blocking(true, ignored);
  const auto self = shared_from_this();
  asio::co_spawn(
      executor_, [self] { return self->ReadErrors(); }, asio::detached);
  auto shared_pidfd = std::make_shared<os::Fd>(std::move(pidfd));
  asio::co_spawn(
      executor_, [self, shared_pidfd] { return self->ReapWhenEnded(std::move(*shared_pidfd)); },
      asio::detached);
  log_.Write(fmt::format("plug-in {} started: {}", process_.pid(), Join(argv, " ")));
  return {};
}

asio::awaitable<void> PluginProcess::ReapWhenEnded(os::Fd pidfd) {
  asio::posix::stream_descriptor watch(executor_, pidfd.Release());
  co_await watch.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
  process_.Signal(SIGKILL);  // what it left behind in its group, while its number is still taken
  const auto status = process_.Wait(kEndGrace);
  end_status_ = status.has_value() ? status->ToString() : "unknown status";
  error_tail_.Drain(errors_->native_handle());
  kill_timer_.cancel();
  boost::system::error_code ignored;
  errors_->close(ignored);
  stream_->Close();
  log_.Write(fmt::format("plug-in {} ended: {}", process_.pid(), end_status_));
  ended_.Set();
}

void PluginProcess::Kill() {
  killed_ = true;
  process_.Signal(SIGKILL);
  if (stream_) stream_->Close();
}

void PluginProcess::KillAfter(Millis grace) {
  kill_timer_.expires_after(grace);
  kill_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->ended_.is_set()) self->Kill();
  });
}

void PluginProcess::LetEnd() { KillAfter(kEndGrace); }

asio::awaitable<void> PluginProcess::WaitUntilEnded() {
  if (stream_ == nullptr) co_return;
  co_await ended_.Wait();
}

std::optional<int64_t> PluginProcess::PeakMemoryBytes() const {
  return PeakMemoryOfTree(process_.pid());
}

asio::awaitable<void> PluginProcess::ReadErrors() {
  const auto self = shared_from_this();
  std::array<char, 4096> chunk;
  while (true) {
    const auto [error, bytes] = co_await errors_->async_read_some(asio::buffer(chunk), kAwait);
    if (error) co_return;
    error_tail_.Take(std::string_view(chunk.data(), bytes));
  }
}

// --- The pipe ---

asio::awaitable<Result<void>> PluginProcess::Send(std::string frame) {
  while (sending_) co_await sent_.Wait();
  sending_ = true;
  const std::shared_ptr<http::Stream> stream = stream_;
  Result<void> sent = co_await stream->Write(frame);
  sending_ = false;
  sent_.Notify();
  co_return sent;
}

asio::awaitable<Result<worker::Reply>> PluginProcess::Receive() {
  while (true) {
    Result<std::optional<json::object>> message = decoder_.Next();
    if (!message.ok()) co_return message.error();
    if (message->has_value()) co_return worker::ParseReply(**message);
    const std::shared_ptr<http::Stream> stream = stream_;
    const Result<size_t> read = co_await stream->ReadSome(buffer_, kReadBytes);
    if (!read.ok()) co_return read.error();
    if (*read == 0) co_return Error(ErrorCode::kIo, "its output ended");
    received_at_ = http::SteadyNow();
    decoder_.Feed({static_cast<const char*>(buffer_.data().data()), buffer_.size()});
    buffer_.consume(buffer_.size());
  }
}

}  // namespace vlmhb::wrapper
