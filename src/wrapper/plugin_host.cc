#include "wrapper/plugin_host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/text.h"
#include "wrapper/memory.h"

namespace vlmhb::wrapper {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = 64u << 10;
// How long a process whose output has ended may take to end itself, so that its status is its own.
constexpr Millis kEndGrace{1'000};

std::string CommandText(const std::vector<std::string>& argv) { return Join(argv, " "); }

ApiError FromPlugin(const worker::ErrorReply& reply) {
  const std::string message = SanitizeUtf8(reply.message);
  switch (reply.code) {
    case worker::PluginErrorCode::kBadRequest:
      return BadRequest(message);
    case worker::PluginErrorCode::kBadImage:
      return BadImage(message);
    default:
      return {500, std::string(worker::PluginErrorCodeName(reply.code)), message, reply.retryable};
  }
}

}  // namespace

PluginHost::PluginHost(asio::any_io_executor executor, const PluginCommand& command, Log& log)
    : executor_(executor),
      command_(command),
      log_(log),
      error_tail_([this](std::string_view line) {
        log_.Write(fmt::format("plug-in {}: {}", process_.pid(), line));
      }),
      ended_(executor),
      kill_timer_(executor) {}

// --- The process ---

std::optional<ApiError> PluginHost::Spawn() {
  const auto failed = [&](const Error& error) {
    return ApiError{503, "unavailable", "cannot start the plug-in: " + error.ToString(),
                    IsRetryable(error.code())};
  };
  Result<worker::Child> child = worker::StartChild({.argv = command_.argv, .env = command_.env});
  if (!child.ok()) return failed(child.error());
  process_ = std::move(child->process);
  os::Fd pidfd(::fcntl(process_.pidfd(), F_DUPFD_CLOEXEC, 0));
  if (!pidfd.valid()) return failed(ErrnoError(errno, "cannot watch the process"));

  const asio::generic::stream_protocol protocol(AF_UNIX, 0);
  stream_ = std::make_shared<http::Stream>(
      http::Stream::Socket(executor_, protocol, child->stream.Release()));
  errors_.emplace(executor_, child->errors.Release());
  boost::system::error_code ignored;
  errors_->native_non_blocking(true, ignored);
  const auto self = shared_from_this();
  asio::co_spawn(
      executor_, [self] { return self->ReadErrors(); }, asio::detached);
  auto shared_pidfd = std::make_shared<os::Fd>(std::move(pidfd));
  asio::co_spawn(
      executor_, [self, shared_pidfd] { return self->ReapWhenEnded(std::move(*shared_pidfd)); },
      asio::detached);
  log_.Write(fmt::format("plug-in {} started: {}", process_.pid(), CommandText(command_.argv)));
  return std::nullopt;
}

asio::awaitable<void> PluginHost::ReapWhenEnded(os::Fd pidfd) {
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

void PluginHost::Kill() {
  killed_ = true;
  process_.Signal(SIGKILL);
  if (stream_) stream_->Close();
}

void PluginHost::KillAfter(Millis grace) {
  kill_timer_.expires_after(grace);
  kill_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->ended_.is_set()) self->Kill();
  });
}

asio::awaitable<void> PluginHost::WaitUntilEnded() {
  if (stream_ == nullptr) co_return;
  co_await ended_.Wait();
}

asio::awaitable<void> PluginHost::Shutdown() {
  if (!alive()) co_return co_await WaitUntilEnded();
  KillAfter(command_.cancel_grace);
  const json::object message = worker::ToMessage(worker::ShutdownRequest{});
  const Result<void> sent = co_await Send(message);
  if (!sent.ok()) Kill();
  co_await ended_.Wait();
}

std::optional<int64_t> PluginHost::PeakMemoryBytes() const {
  return PeakMemoryOfTree(process_.pid());
}

// --- Standard error ---

asio::awaitable<void> PluginHost::ReadErrors() {
  const auto self = shared_from_this();
  std::array<char, 4096> chunk;
  while (true) {
    const auto [error, bytes] = co_await errors_->async_read_some(asio::buffer(chunk), kAwait);
    if (error) co_return;
    error_tail_.Take(std::string_view(chunk.data(), bytes));
  }
}

// --- The conversation ---

asio::awaitable<Result<void>> PluginHost::Send(const json::object& message) {
  const Result<std::string> frame = worker::EncodeFrame(message);
  if (!frame.ok()) co_return frame.error();
  const std::shared_ptr<http::Stream> stream = stream_;
  co_return co_await stream->Write(*frame);
}

asio::awaitable<void> PluginHost::SendAndForget(json::object message) {
  const auto self = shared_from_this();
  [[maybe_unused]] const Result<void> sent = co_await Send(message);
}

asio::awaitable<Result<worker::Reply>> PluginHost::Receive() {
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

ApiError PluginHost::Broken(std::string_view why) {
  log_.Write(fmt::format("plug-in {} broke the protocol: {}", process_.pid(), why));
  Kill();
  return {502, "protocol_error",
          fmt::format("the plug-in broke the protocol and was killed: {}{}", why,
                      error_tail_.Summary()),
          true};
}

// Turns an error of Send or Receive into what a client is told. The process is dead afterwards.
asio::awaitable<ApiError> PluginHost::Failed(Error error, std::string doing) {
  if (error.code() == ErrorCode::kCorrupt) co_return Broken(error.message());
  const bool timed_out = error.code() == ErrorCode::kTimeout;
  // Killed by ourselves, or about to end by itself: then its status tells why.
  if (timed_out || killed_)
    Kill();
  else
    KillAfter(kEndGrace);
  co_await ended_.Wait();
  if (cancelled_) co_return ApiError{499, "cancelled", "the request was cancelled", false};
  if (timed_out)
    co_return ApiError{504, "timeout",
                       fmt::format("the plug-in did not end {} in time and was killed{}", doing,
                                   error_tail_.Summary()),
                       true};
  co_return ApiError{
      502, "crashed",
      fmt::format("the plug-in ended while {}: {}{}", doing, end_status_, error_tail_.Summary()),
      true};
}

asio::awaitable<std::optional<ApiError>> PluginHost::Start() {
  if (std::optional<ApiError> error = Spawn()) co_return error;
  const json::object hello = worker::ToMessage(worker::HelloRequest{});
  const json::object load = worker::ToMessage(worker::LoadRequest{command_.load_params});

  stream_->SetDeadline(command_.hello_timeout);
  const Result<void> greeted = co_await Send(hello);
  if (!greeted.ok()) co_return co_await Failed(greeted.error(), "greeting");
  const Result<worker::Reply> answer = co_await Receive();
  if (!answer.ok()) co_return co_await Failed(answer.error(), "greeting");
  const auto* identity = std::get_if<worker::HelloReply>(&*answer);
  if (identity == nullptr) co_return Broken("its first message is not `hello`");
  if (identity->protocol != worker::kProtocolVersion || identity->kind != "model") {
    Kill();
    co_return ApiError{
        503, "unsupported",
        fmt::format("the plug-in is a '{}' of protocol {}; a 'model' of protocol {} "
                    "is needed",
                    SanitizeUtf8(identity->kind), identity->protocol, worker::kProtocolVersion),
        false};
  }

  stream_->SetDeadline(command_.load_timeout);
  const Result<void> asked = co_await Send(load);
  if (!asked.ok()) co_return co_await Failed(asked.error(), "loading");
  const Result<worker::Reply> loaded = co_await Receive();
  if (!loaded.ok()) {
    ApiError error = co_await Failed(loaded.error(), "loading");
    if (error.code == "timeout") error.retryable = false;  // the limit is generous already
    co_return error;
  }
  stream_->SetDeadline(Millis(0));
  if (const auto* error = std::get_if<worker::ErrorReply>(&*loaded)) {
    ApiError refused = FromPlugin(*error);
    Kill();
    co_return refused;
  }
  if (!std::holds_alternative<worker::LoadedReply>(*loaded))
    co_return Broken("its answer to `load` is neither `loaded` nor `error`");
  log_.Write(
      fmt::format("plug-in {} loaded: {} {}", process_.pid(), identity->name, identity->version));
  co_return std::nullopt;
}

void PluginHost::AwaitNext(Nanos deadline) {
  if (cancelled_ || command_.idle_timeout.count() == 0) return;
  const auto left = std::chrono::ceil<Millis>(deadline - http::SteadyNow());
  stream_->SetDeadline(std::max(Millis(1), std::min(left, command_.idle_timeout)));
}

void PluginHost::Cancel() {
  if (cancelled_ || !alive()) return;
  cancelled_ = true;
  stream_->SetDeadline(command_.cancel_grace);
  if (running_id_ == 0) return;  // a message cannot be put into the middle of another
  json::object message = worker::ToMessage(worker::CancelRequest{running_id_});
  asio::co_spawn(executor_, SendAndForget(std::move(message)), asio::detached);
}

asio::awaitable<std::optional<ApiError>> PluginHost::Generate(json::array messages,
                                                              json::object params, Millis timeout,
                                                              const OnDelta& on_delta,
                                                              Generated& generated) {
  const auto self = shared_from_this();
  const int64_t id = next_id_++;
  cancelled_ = false;
  running_id_ = 0;
  worker::GenerateRequest request{id, std::move(messages), std::move(params)};
  const json::object message = worker::ToMessage(request);
  const Nanos deadline = http::SteadyNow() + timeout;
  stream_->SetDeadline(timeout);
  const Result<void> sent = co_await Send(message);
  if (!sent.ok() && sent.error().code() == ErrorCode::kInvalidConfig) {
    stream_->SetDeadline(Millis(0));
    co_return BadRequest(sent.error().message());  // larger than a frame; nothing was sent
  }
  if (!sent.ok()) co_return co_await Failed(sent.error(), "taking the request");
  running_id_ = id;

  while (true) {
    AwaitNext(deadline);
    const Result<worker::Reply> reply = co_await Receive();
    if (!reply.ok()) co_return co_await Failed(reply.error(), "answering the request");
    if (const auto* delta = std::get_if<worker::DeltaReply>(&*reply)) {
      if (delta->id != id) co_return Broken("a delta for a request that is not running");
      if (delta->text.empty() || cancelled_) continue;
      if (generated.deltas++ == 0) generated.first_delta_at = received_at_;
      generated.last_delta_at = received_at_;
      const bool wanted = co_await on_delta(delta->text);
      if (!wanted) Cancel();
      continue;
    }
    const auto* done = std::get_if<worker::DoneReply>(&*reply);
    const auto* error = std::get_if<worker::ErrorReply>(&*reply);
    // An error without an id answers whatever was sent last: the request, or the `cancel`.
    if (error != nullptr && !error->id.has_value() && cancelled_) continue;
    const bool ours =
        (done != nullptr && done->id == id) || (error != nullptr && error->id.value_or(id) == id);
    if (!ours) co_return Broken("a message that does not belong to the running request");
    running_id_ = 0;
    stream_->SetDeadline(Millis(0));
    generated.done_at = received_at_;
    if (error != nullptr) co_return FromPlugin(*error);
    if (done->finish_reason == worker::FinishReason::kCancelled)
      co_return ApiError{499, "cancelled", "the request was cancelled", false};
    generated.finish_reason = done->finish_reason;
    generated.usage = done->usage;
    co_return std::nullopt;
  }
}

}  // namespace vlmhb::wrapper
