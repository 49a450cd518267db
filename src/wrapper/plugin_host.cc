#include "wrapper/plugin_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>

#include "base/text.h"

namespace vlmhb::wrapper {
namespace {

// What of one answer may wait here before the plug-in has to wait.
constexpr size_t kMaxBacklogBytes = 1u << 20;

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

ApiError TimedOut(std::string_view doing, const PluginProcess& process) {
  return {504, "timeout",
          fmt::format("the plug-in did not end {} in time and was killed{}", doing,
                      process.LastMessages()),
          true};
}

ApiError Crashed(std::string_view doing, const PluginProcess& process) {
  return {502, "crashed",
          fmt::format("the plug-in ended while {}: {}{}", doing, process.end_status(),
                      process.LastMessages()),
          true};
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
  http::Signal changed;
};

PluginHost::PluginHost(asio::any_io_executor executor, const PluginCommand& command, Log& log)
    : executor_(executor),
      command_(command),
      log_(log),
      process_(std::make_shared<PluginProcess>(executor, log)),
      taken_(executor) {}

// --- The process ---

void PluginHost::Kill() {
  process_->Kill();
  taken_.Notify();
}

asio::awaitable<void> PluginHost::Shutdown() {
  if (!alive()) co_return co_await process_->WaitUntilEnded();
  process_->KillAfter(command_.cancel_grace);
  Result<std::string> frame = worker::EncodeFrame(worker::ToMessage(worker::ShutdownRequest{}));
  const Result<void> sent = co_await process_->Send(*std::move(frame));
  if (!sent.ok()) Kill();
  co_await process_->WaitUntilEnded();
}

// --- The conversation ---

asio::awaitable<void> PluginHost::SendAndForget(std::string frame) {
  const auto self = shared_from_this();
  [[maybe_unused]] const Result<void> sent = co_await process_->Send(std::move(frame));
}

ApiError PluginHost::Broken(std::string_view why) {
  log_.Write(fmt::format("plug-in {} broke the protocol: {}", process_->pid(), why));
  Kill();
  return {502, "protocol_error",
          fmt::format("the plug-in broke the protocol and was killed: {}{}", why,
                      process_->LastMessages()),
          true};
}

// Turns an error of Ask into why it did not start. The process is dead afterwards.
asio::awaitable<ApiError> PluginHost::Failed(Error error, std::string doing) {
  if (error.code() == ErrorCode::kCorrupt) co_return Broken(error.message());
  const bool timed_out = error.code() == ErrorCode::kTimeout;
  // Killed by ourselves, or about to end by itself: then its status tells why.
  if (timed_out || process_->killed())
    Kill();
  else
    process_->LetEnd();
  co_await process_->WaitUntilEnded();
  co_return timed_out ? TimedOut(doing, *process_) : Crashed(doing, *process_);
}

asio::awaitable<Result<worker::Reply>> PluginHost::Ask(std::string frame) {
  const Result<void> sent = co_await process_->Send(std::move(frame));
  if (!sent.ok()) co_return sent.error();
  co_return co_await process_->Receive();
}

asio::awaitable<std::optional<ApiError>> PluginHost::Start() {
  const auto self = shared_from_this();
  const Result<std::string> hello = worker::EncodeFrame(worker::ToMessage(worker::HelloRequest{}));
  const Result<std::string> load =
      worker::EncodeFrame(worker::ToMessage(worker::LoadRequest{command_.load_params}));
  if (!load.ok()) co_return ApiError{503, "unavailable", load.error().message(), false};
  const Result<void> started = process_->Start(command_.argv, command_.env);
  if (!started.ok())
    co_return ApiError{503, "unavailable",
                       "cannot start the plug-in: " + started.error().ToString(),
                       IsRetryable(started.error().code())};

  process_->SetDeadline(command_.hello_timeout);
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

  process_->SetDeadline(command_.load_timeout);
  const Result<worker::Reply> loaded = co_await Ask(*load);
  if (!loaded.ok()) {
    ApiError error = co_await Failed(loaded.error(), "loading");
    if (error.code == "timeout") error.retryable = false;  // the limit is generous already
    co_return error;
  }
  process_->SetDeadline(Millis(0));
  if (std::optional<ApiError> error = Loaded(*loaded)) co_return error;
  log_.Write(
      fmt::format("plug-in {} loaded: {} {}", process_->pid(), identity->name, identity->version));
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
  if (!alive()) co_return Crashed("taking the request", *process_);
  call.deadline = http::SteadyNow() + generation.timeout;
  if (calls_.empty()) progress_at_ = http::SteadyNow();
  calls_.push_back(&call);
  UpdateDeadline();
  const Result<void> sent = co_await process_->Send(*frame);
  call.sent = true;
  if (!sent.ok()) process_->LetEnd();  // the reader learns why, and ends the call
  if (call.cancelled && !call.ended) CancelCall(call);

  while (!call.ended || !call.deltas.empty()) {
    if (call.deltas.empty()) {
      co_await call.changed.Wait();
      continue;
    }
    const Call::Delta delta = std::move(call.deltas.front());
    call.deltas.pop_front();
    call.backlog_bytes -= delta.text.size();
    taken_.Notify();
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
  taken_.Notify();  // nobody waits for its deltas any more
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
  if (calls_.empty()) return process_->SetDeadline(Millis(0));
  Nanos first = Nanos::max();
  for (const Call* call : calls_) {
    first = std::min(first, call->deadline);
    if (!call->cancelled && command_.idle_timeout.count() > 0)
      first = std::min<Nanos>(first, progress_at_ + command_.idle_timeout);
  }
  const auto left = std::chrono::ceil<Millis>(first - http::SteadyNow());
  process_->SetDeadline(std::max(Millis(1), left));
}

// --- Replies ---

asio::awaitable<void> PluginHost::ReadReplies() {
  const auto self = shared_from_this();
  while (true) {
    Result<worker::Reply> reply = co_await process_->Receive();
    if (!reply.ok()) co_return co_await EndAll(reply.error());
    const std::string wrong = Dispatch(*std::move(reply));
    if (!wrong.empty()) co_return co_await EndAll(Error(ErrorCode::kCorrupt, wrong));
    progress_at_ = process_->received_at();
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
    call->deltas.push_back({std::move(delta->text), process_->received_at()});
    call->changed.Notify();
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
  call.generation.done_at = process_->received_at();
  call.ended = true;
  call.error = std::move(error);
  std::erase(calls_, &call);
  UpdateDeadline();
  call.changed.Notify();
}

asio::awaitable<void> PluginHost::EndAll(Error error) {
  const bool timed_out = error.code() == ErrorCode::kTimeout;
  std::optional<ApiError> broken;
  if (error.code() == ErrorCode::kCorrupt)
    broken = Broken(error.message());
  else if (timed_out || process_->killed())
    Kill();
  else
    process_->LetEnd();  // about to end by itself: then its status tells why
  if (timed_out) MarkLate();
  if (!broken.has_value()) co_await process_->WaitUntilEnded();
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
  if (call.late) return TimedOut("answering the request", *process_);
  if (!timed_out) return Crashed("answering the request", *process_);
  return {502, "crashed", "the plug-in was killed: another request to it did not end in time",
          true};
}

}  // namespace vlmhb::wrapper
