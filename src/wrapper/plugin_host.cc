#include "wrapper/plugin_host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>

#include "base/text.h"
#include "wrapper/memory.h"

namespace vlmhb::wrapper {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = 64u << 10;
// How long a process whose output has ended may take to end itself, so that its status is its own.
constexpr Millis kEndGrace{1'000};
// What of one answer may wait here before the plug-in has to wait.
constexpr size_t kMaxBacklogBytes = 1u << 20;

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

ApiError Cancelled() { return {499, "cancelled", "the request was cancelled", false}; }

ApiError TimedOut(std::string_view doing, const worker::ErrorTail& tail) {
  return {504, "timeout",
          fmt::format("the plug-in did not end {} in time and was killed{}", doing, tail.Summary()),
          true};
}

ApiError Crashed(std::string_view doing, std::string_view status, const worker::ErrorTail& tail) {
  return {502, "crashed",
          fmt::format("the plug-in ended while {}: {}{}", doing, status, tail.Summary()), true};
}

}  // namespace

// A request that runs. Lives in the frame of Generate; the reader fills it.
struct PluginHost::Call {
  struct Delta {
    std::string text;
    Nanos received_at{};
  };

  Call(const asio::any_io_executor& executor, Generation& of, int64_t its_id)
      : generation(of), id(its_id), changed(executor) {}

  Generation& generation;
  const int64_t id;
  Nanos deadline{};
  bool sent = false;
  bool cancelled = false;  // then `deadline` is that of the grace
  bool late = false;       // it let a deadline pass
  std::deque<Delta> deltas;
  size_t backlog_bytes = 0;  // of `deltas`
  bool ended = false;
  std::optional<ApiError> error;
  Signal changed;
};

PluginHost::PluginHost(asio::any_io_executor executor, const PluginCommand& command, Log& log)
    : executor_(executor),
      command_(command),
      log_(log),
      sent_(executor),
      error_tail_([this](std::string_view line) {
        log_.Write(fmt::format("plug-in {}: {}", process_.pid(), line));
      }),
      taken_(executor),
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
  taken_.Raise();
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
  Result<std::string> frame = worker::EncodeFrame(worker::ToMessage(worker::ShutdownRequest{}));
  const Result<void> sent = co_await Send(*std::move(frame));
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

asio::awaitable<Result<void>> PluginHost::Send(std::string frame) {
  while (sending_) co_await sent_.Wait();
  sending_ = true;
  const std::shared_ptr<http::Stream> stream = stream_;
  Result<void> sent = co_await stream->Write(frame);
  sending_ = false;
  sent_.Raise();
  co_return sent;
}

asio::awaitable<void> PluginHost::SendAndForget(std::string frame) {
  const auto self = shared_from_this();
  [[maybe_unused]] const Result<void> sent = co_await Send(std::move(frame));
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

// Turns an error of Ask into why it did not start. The process is dead afterwards.
asio::awaitable<ApiError> PluginHost::Failed(Error error, std::string doing) {
  if (error.code() == ErrorCode::kCorrupt) co_return Broken(error.message());
  const bool timed_out = error.code() == ErrorCode::kTimeout;
  // Killed by ourselves, or about to end by itself: then its status tells why.
  if (timed_out || killed_)
    Kill();
  else
    KillAfter(kEndGrace);
  co_await ended_.Wait();
  co_return timed_out ? TimedOut(doing, error_tail_) : Crashed(doing, end_status_, error_tail_);
}

asio::awaitable<Result<worker::Reply>> PluginHost::Ask(std::string frame) {
  const Result<void> sent = co_await Send(std::move(frame));
  if (!sent.ok()) co_return sent.error();
  co_return co_await Receive();
}

asio::awaitable<std::optional<ApiError>> PluginHost::Start() {
  const auto self = shared_from_this();
  const Result<std::string> hello = worker::EncodeFrame(worker::ToMessage(worker::HelloRequest{}));
  const Result<std::string> load =
      worker::EncodeFrame(worker::ToMessage(worker::LoadRequest{command_.load_params}));
  if (!load.ok()) co_return ApiError{503, "unavailable", load.error().message(), false};
  if (std::optional<ApiError> error = Spawn()) co_return error;

  stream_->SetDeadline(command_.hello_timeout);
  const Result<worker::Reply> answer = co_await Ask(*hello);
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
  const Result<worker::Reply> loaded = co_await Ask(*load);
  if (!loaded.ok()) {
    ApiError error = co_await Failed(loaded.error(), "loading");
    if (error.code == "timeout") error.retryable = false;  // the limit is generous already
    co_return error;
  }
  stream_->SetDeadline(Millis(0));
  if (std::optional<ApiError> error = Loaded(*loaded)) co_return error;
  log_.Write(
      fmt::format("plug-in {} loaded: {} {}", process_.pid(), identity->name, identity->version));
  asio::co_spawn(
      executor_, [self] { return self->ReadReplies(); }, asio::detached);
  co_return std::nullopt;
}

std::optional<ApiError> PluginHost::Loaded(const worker::Reply& reply) {
  if (const auto* error = std::get_if<worker::ErrorReply>(&reply)) {
    ApiError refused = FromPlugin(*error);
    Kill();
    return refused;
  }
  const auto* loaded = std::get_if<worker::LoadedReply>(&reply);
  if (loaded == nullptr) return Broken("its answer to `load` is neither `loaded` nor `error`");
  capacity_ = loaded->requests;
  return std::nullopt;
}

// --- Requests ---

asio::awaitable<std::optional<ApiError>> PluginHost::Generate(Generation& generation) {
  const auto self = shared_from_this();
  Call call(executor_, generation, next_id_++);
  const Result<std::string> frame = worker::EncodeFrame(worker::ToMessage(worker::GenerateRequest{
      call.id, std::move(generation.messages), std::move(generation.params)}));
  if (!frame.ok()) co_return BadRequest(frame.error().message());  // larger than a frame
  if (!alive()) co_return Crashed("taking the request", end_status_, error_tail_);
  call.deadline = http::SteadyNow() + generation.timeout;
  if (calls_.empty()) progress_at_ = http::SteadyNow();
  calls_.push_back(&call);
  UpdateDeadline();
  const Result<void> sent = co_await Send(*frame);
  call.sent = true;
  if (!sent.ok()) KillAfter(kEndGrace);  // the reader learns why, and ends the call
  if (call.cancelled && !call.ended) CancelCall(call);

  while (!call.ended || !call.deltas.empty()) {
    if (call.deltas.empty()) {
      co_await call.changed.Wait();
      continue;
    }
    const Call::Delta delta = std::move(call.deltas.front());
    call.deltas.pop_front();
    call.backlog_bytes -= delta.text.size();
    taken_.Raise();
    if (call.cancelled) continue;
    if (generation.deltas++ == 0) generation.first_delta_at = delta.received_at;
    generation.last_delta_at = delta.received_at;
    const bool wanted = co_await generation.on_delta(delta.text);
    if (!wanted) Cancel(generation);
  }
  co_return std::move(call.error);
}

void PluginHost::Cancel(const Generation& generation) {
  const auto found = std::find_if(calls_.begin(), calls_.end(), [&](const Call* call) {
    return &call->generation == &generation;
  });
  if (found == calls_.end() || (*found)->cancelled || !alive()) return;
  Call& call = **found;
  call.cancelled = true;
  call.deadline = http::SteadyNow() + command_.cancel_grace;
  taken_.Raise();  // nobody waits for its deltas any more
  UpdateDeadline();
  if (call.sent) CancelCall(call);  // else Generate does as soon as it is sent
}

void PluginHost::CancelCall(Call& call) {
  Result<std::string> frame =
      worker::EncodeFrame(worker::ToMessage(worker::CancelRequest{call.id}));
  asio::co_spawn(executor_, SendAndForget(*std::move(frame)), asio::detached);
}

void PluginHost::UpdateDeadline() {
  if (!alive()) return;
  if (calls_.empty()) return stream_->SetDeadline(Millis(0));
  Nanos first = Nanos::max();
  for (const Call* call : calls_) {
    first = std::min(first, call->deadline);
    if (!call->cancelled && command_.idle_timeout.count() > 0)
      first = std::min<Nanos>(first, progress_at_ + command_.idle_timeout);
  }
  const auto left = std::chrono::ceil<Millis>(first - http::SteadyNow());
  stream_->SetDeadline(std::max(Millis(1), left));
}

// --- Replies ---

asio::awaitable<void> PluginHost::ReadReplies() {
  const auto self = shared_from_this();
  while (true) {
    Result<worker::Reply> reply = co_await Receive();
    if (!reply.ok()) co_return co_await EndAll(reply.error());
    const std::string wrong = Dispatch(*std::move(reply));
    if (!wrong.empty()) co_return co_await EndAll(Error(ErrorCode::kCorrupt, wrong));
    progress_at_ = received_at_;
    if (command_.idle_timeout.count() > 0) UpdateDeadline();
    while (HasBacklog() && alive()) co_await taken_.Wait();
  }
}

bool PluginHost::HasBacklog() const {
  return std::any_of(calls_.begin(), calls_.end(), [](const Call* call) {
    return call->backlog_bytes > kMaxBacklogBytes && !call->cancelled;
  });
}

PluginHost::Call* PluginHost::Find(int64_t id) {
  const auto found =
      std::find_if(calls_.begin(), calls_.end(), [id](const Call* call) { return call->id == id; });
  return found == calls_.end() ? nullptr : *found;
}

std::string PluginHost::Dispatch(worker::Reply reply) {
  if (auto* delta = std::get_if<worker::DeltaReply>(&reply)) {
    Call* call = Find(delta->id);
    if (call == nullptr) return "a delta for a request that is not running";
    if (delta->text.empty() || call->cancelled) return "";
    call->backlog_bytes += delta->text.size();
    call->deltas.push_back({std::move(delta->text), received_at_});
    call->changed.Raise();
    return "";
  }
  if (const auto* done = std::get_if<worker::DoneReply>(&reply)) {
    Call* call = Find(done->id);
    if (call == nullptr) return "a message that does not belong to a running request";
    call->generation.finish_reason = done->finish_reason;
    call->generation.usage = done->usage;
    call->generation.gpu_memory_bytes = done->gpu_memory_bytes;
    const bool cancelled = done->finish_reason == worker::FinishReason::kCancelled;
    End(*call, cancelled ? std::optional<ApiError>(Cancelled()) : std::nullopt);
    return "";
  }
  const auto* error = std::get_if<worker::ErrorReply>(&reply);
  if (error == nullptr) return "a message that does not belong to a running request";
  Call* call = error->id.has_value() ? Find(*error->id) : nullptr;
  // An error without an id answers whatever was sent last: the request, or a `cancel`.
  if (!error->id.has_value() && calls_.size() == 1) {
    call = calls_.front();
    if (call->cancelled) return "";
  }
  if (call == nullptr) return "an error that does not belong to a running request";
  End(*call, FromPlugin(*error));
  return "";
}

void PluginHost::End(Call& call, std::optional<ApiError> error) {
  call.generation.done_at = received_at_;
  call.ended = true;
  call.error = std::move(error);
  std::erase(calls_, &call);
  UpdateDeadline();
  call.changed.Raise();
}

asio::awaitable<void> PluginHost::EndAll(Error error) {
  const bool timed_out = error.code() == ErrorCode::kTimeout;
  std::optional<ApiError> broken;
  if (error.code() == ErrorCode::kCorrupt)
    broken = Broken(error.message());
  else if (timed_out || killed_)
    Kill();
  else
    KillAfter(kEndGrace);  // about to end by itself: then its status tells why
  if (timed_out) MarkLate();
  if (!broken.has_value()) co_await ended_.Wait();
  const bool in_company = calls_.size() > 1;
  for (Call* call : std::vector<Call*>(calls_)) {
    call->generation.broken_in_company = in_company;
    End(*call, broken.has_value() ? *broken : Unanswered(*call, timed_out));
  }
}

// Without a deadline of a request that has passed it was the silence of all.
void PluginHost::MarkLate() {
  const Nanos now = http::SteadyNow();
  for (Call* call : calls_) call->late = call->deadline <= now;
  const bool any =
      std::any_of(calls_.begin(), calls_.end(), [](const Call* call) { return call->late; });
  if (any) return;
  for (Call* call : calls_) call->late = true;
}

ApiError PluginHost::Unanswered(const Call& call, bool timed_out) const {
  if (call.cancelled) return Cancelled();
  if (call.late) return TimedOut("answering the request", error_tail_);
  if (!timed_out) return Crashed("answering the request", end_status_, error_tail_);
  return {502, "crashed", "the plug-in was killed: another request to it did not end in time",
          true};
}

}  // namespace vlmhb::wrapper
