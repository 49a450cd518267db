#include "worker/host.h"

#include <fmt/format.h>
#include <signal.h>

#include "base/check.h"
#include "base/text.h"

namespace vlmhb::worker {
namespace {

// How long a process whose output has ended may take to end itself, so that its status is its own.
constexpr Millis kEndGrace{1'000};

ErrorCode CodeOf(PluginErrorCode code) {
  switch (code) {
    case PluginErrorCode::kBadRequest:
      return ErrorCode::kInvalidConfig;
    case PluginErrorCode::kBadImage:
      return ErrorCode::kCorrupt;
    case PluginErrorCode::kOutOfMemory:
      return ErrorCode::kNoSpace;
    case PluginErrorCode::kUnsupported:
      return ErrorCode::kUnsupported;
    default:
      return ErrorCode::kInternal;
  }
}

// What the plug-in itself says went wrong.
Result<void> CheckNoError(const json::object& message) {
  if (FindString(message, "type") != "error") return {};
  VLMHB_ASSIGN(const Reply reply, ParseReply(message));
  const auto& error = std::get<ErrorReply>(reply);
  return Error(CodeOf(error.code), SanitizeUtf8(error.message));
}

Error Broke(std::string why) { return Error(ErrorCode::kCorrupt, std::move(why)); }

}  // namespace

Host::Host(HostOptions options) : options_(std::move(options)), tail_(options_.log) {}

Host::~Host() { Kill(); }

void Host::Kill() {
  if (!channel_.has_value()) return;
  process_.Signal(SIGKILL);
  channel_.reset();
  process_ = os::Process();  // reaps
}

Error Host::Failed(const Error& error, std::string_view doing) {
  // Its own status tells why, where it ended by itself.
  std::optional<os::ExitStatusOf> status;
  if (error.code() == ErrorCode::kIo) status = process_.Wait(kEndGrace);
  channel_->DrainErrors();
  const std::string said = tail_.Summary();
  Kill();
  switch (error.code()) {
    case ErrorCode::kCancelled:
      return error;
    case ErrorCode::kTimeout:
      return Error(error.code(), fmt::format("the plug-in said nothing for too long while {} and "
                                             "was killed{}",
                                             doing, said));
    case ErrorCode::kIo:
      return Error(
          error.code(),
          fmt::format("the plug-in ended while {}: {}{}", doing,
                      status.has_value() ? status->ToString() : "its output closed", said));
    default:
      return Error(ErrorCode::kCorrupt,
                   fmt::format("the plug-in broke the protocol while {} and was killed: {}{}",
                               doing, error.message(), said));
  }
}

Result<void> Host::Converse(const json::object& message, Millis timeout, Message& answer) {
  VLMHB_TRY(channel_->Send(message, timeout));
  VLMHB_ASSIGN(answer, channel_->Receive(timeout));
  return {};
}

Result<HelloReply> Host::Greet() {
  CHECK(!alive(), "it is started once at a time");
  tail_ = ErrorTail(options_.log);
  Result<Child> child = StartChild(options_.command);
  if (!child.ok()) return std::move(child).error().With("starting a plug-in");
  process_ = std::move(child->process);
  channel_.emplace(std::move(child->stream), std::move(child->errors), tail_, options_.stop);
  Message answer;
  const Result<void> greeted = Converse(ToMessage(HelloRequest{}), options_.hello_timeout, answer);
  if (!greeted.ok()) return Failed(greeted.error(), "greeting");
  if (Result<void> refused = CheckNoError(answer.object); !refused.ok()) {
    Kill();
    return std::move(refused).error().With("greeting a plug-in");
  }
  const Result<Reply> reply = ParseReply(answer.object);
  if (!reply.ok()) return Failed(Broke(reply.error().message()), "greeting");
  const auto* hello = std::get_if<HelloReply>(&*reply);
  if (hello == nullptr) return Failed(Broke("its first message is not `hello`"), "greeting");
  if (hello->protocol == kProtocolVersion && hello->kind == options_.kind) return *hello;
  Kill();
  return Error(
      ErrorCode::kUnsupported,
      fmt::format("the plug-in is a '{}' of protocol {}; a '{}' of protocol {} is needed",
                  SanitizeUtf8(hello->kind), hello->protocol, options_.kind, kProtocolVersion));
}

Result<HelloReply> Host::Start() {
  VLMHB_ASSIGN(HelloReply hello, Greet());
  Message answer;
  const Result<void> loaded =
      Converse(ToMessage(LoadRequest{options_.load_params}), options_.load_timeout, answer);
  if (!loaded.ok()) return Failed(loaded.error(), "loading");
  Result<void> fine = CheckNoError(answer.object);
  if (fine.ok() && FindString(answer.object, "type") == "loaded") {
    loaded_ = std::move(answer.object);
    return hello;
  }
  if (fine.ok())
    return Failed(Broke("its answer to `load` is neither `loaded` nor `error`"), "loading");
  Kill();
  return std::move(fine).error().With("loading a plug-in");
}

Result<Message> Host::Next(std::string_view doing) {
  Result<Message> message = channel_->Receive(options_.idle_timeout);
  if (!message.ok()) return Failed(message.error(), doing);
  VLMHB_TRY(CheckNoError(message->object));
  return message;
}

Result<Message> Host::Ask(json::object request, std::string_view expected, std::string_view last) {
  request["id"] = ++id_;
  const Result<void> sent = channel_->Send(request, options_.idle_timeout);
  if (!sent.ok() && sent.error().code() == ErrorCode::kInvalidConfig) return sent.error();
  if (!sent.ok()) return Failed(sent.error(), "taking a request");
  return More(expected, last);
}

Result<Message> Host::More(std::string_view expected, std::string_view last) {
  VLMHB_ASSIGN(Message message, Next("answering a request"));
  const std::string type = FindString(message.object, "type");
  if ((type == expected || type == last) && FindInt(message.object, "id", 0) == id_) return message;
  return Failed(Broke(fmt::format("a message '{}' that does not belong to the request",
                                  Truncate(SanitizeUtf8(type), 40))),
                "answering a request");
}

void Host::Shutdown() {
  if (!alive()) return;
  const Result<void> asked = channel_->Send(ToMessage(ShutdownRequest{}), options_.shutdown_grace);
  if (asked.ok()) process_.Wait(options_.shutdown_grace);
  channel_->DrainErrors();
  Kill();
}

}  // namespace vlmhb::worker
