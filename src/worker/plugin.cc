#include "worker/plugin.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <new>

#include "base/base64.h"
#include "base/text.h"
#include "os/fd.h"
#include "os/file.h"

namespace vlmhb::worker {
namespace {

PluginErrorCode GenerateErrorCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidConfig:
      return PluginErrorCode::kBadRequest;
    case ErrorCode::kCorrupt:
    case ErrorCode::kNotFound:
    case ErrorCode::kPermission:
    case ErrorCode::kIo:
      return PluginErrorCode::kBadImage;
    case ErrorCode::kNoSpace:
      return PluginErrorCode::kOutOfMemory;
    case ErrorCode::kUnsupported:
      return PluginErrorCode::kUnsupported;
    default:
      return PluginErrorCode::kInternal;
  }
}

// Calls `function`, which returns a Result, and makes errors of its exceptions.
template <typename Function>
auto CatchExceptions(Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kNoSpace, "the plug-in ran out of memory");
  } catch (const std::exception& e) {
    return Error(ErrorCode::kInternal, fmt::format("the plug-in threw an exception: {}", e.what()));
  } catch (...) {
    return Error(ErrorCode::kInternal, "the plug-in threw something that is not an exception");
  }
}

// One conversation. Every Handle answers one request; its own error means that the output is lost.
class Session {
 public:
  Session(Plugin& plugin, std::string_view name, std::string_view version, int output_fd)
      : plugin_(plugin), name_(name), version_(version), output_fd_(output_fd) {}

  // Answers `message`; false after `shutdown`.
  Result<bool> Answer(json::object message) {
    const json::value* id = message.if_contains("id");
    const std::optional<int64_t> request_id =
        id != nullptr && id->is_int64() ? std::optional<int64_t>(id->get_int64()) : std::nullopt;
    auto request = ParseRequest(std::move(message));
    if (!request.ok()) {
      VLMHB_TRY(Fail(request_id, PluginErrorCode::kBadRequest, request.error()));
      return true;
    }
    if (std::holds_alternative<ShutdownRequest>(*request)) return false;
    VLMHB_TRY(std::visit([this](const auto& known) { return Handle(known); }, *request));
    return true;
  }

 private:
  Result<void> Handle(const HelloRequest& request) {
    if (request.protocol != kProtocolVersion)
      return Fail(
          std::nullopt, PluginErrorCode::kUnsupported,
          Error(ErrorCode::kUnsupported, fmt::format("this plug-in speaks protocol {}, not {}",
                                                     kProtocolVersion, request.protocol)));
    return Send(HelloReply{kProtocolVersion, "model", name_, version_});
  }

  Result<void> Handle(const LoadRequest& request) {
    if (loaded_)
      return Fail(std::nullopt, PluginErrorCode::kBadRequest,
                  Error(ErrorCode::kInvalidConfig, "the model is loaded already"));
    const Result<void> loaded = CatchExceptions([&] { return plugin_.Load(request.params); });
    if (!loaded.ok()) {
      const bool memory = loaded.error().code() == ErrorCode::kNoSpace;
      return Fail(std::nullopt,
                  memory ? PluginErrorCode::kOutOfMemory : PluginErrorCode::kLoadFailed,
                  loaded.error());
    }
    loaded_ = true;
    return Send(LoadedReply{});
  }

  Result<void> Handle(const GenerateRequest& request) {
    if (!loaded_)
      return Fail(request.id, PluginErrorCode::kBadRequest,
                  Error(ErrorCode::kInvalidConfig, "'generate' came before 'load'"));
    const Emit emit = [&](std::string_view text) {
      return Send(DeltaReply{request.id, SanitizeUtf8(text)});
    };
    const Result<Finish> finish = CatchExceptions([&] { return plugin_.Generate(request, emit); });
    if (!finish.ok())
      return Fail(request.id, GenerateErrorCode(finish.error().code()), finish.error());
    return Send(DoneReply{request.id, finish->reason, finish->usage});
  }

  // Requests are answered before the next message is read, so the one meant has ended already.
  Result<void> Handle(const CancelRequest&) { return {}; }
  Result<void> Handle(const ShutdownRequest&) { return {}; }

  Result<void> Handle(const UnknownRequest& request) {
    return Fail(std::nullopt, PluginErrorCode::kUnsupported,
                Error(ErrorCode::kUnsupported,
                      fmt::format("unknown message type '{}'", Truncate(request.type, 100))));
  }

  Result<void> Fail(std::optional<int64_t> id, PluginErrorCode code, const Error& error) {
    return Send(ErrorReply{id, code, SanitizeUtf8(error.ToString()), IsRetryable(error.code())});
  }

  template <typename Reply>
  Result<void> Send(const Reply& reply) {
    VLMHB_ASSIGN(const std::string frame, EncodeFrame(ToMessage(reply)));
    return os::WriteAll(output_fd_, frame, "the host's pipe");
  }

  Plugin& plugin_;
  std::string name_;
  std::string version_;
  int output_fd_;
  bool loaded_ = false;
};

// Moves descriptor `from` to a number of its own and puts `replacement` in its place.
Result<os::Fd> MoveAway(int from, int replacement) {
  os::Fd moved(::fcntl(from, F_DUPFD_CLOEXEC, 3));
  if (!moved.valid() || ::dup2(replacement, from) < 0)
    return ErrnoError(errno, fmt::format("cannot move descriptor {}", from));
  return moved;
}

Result<void> ServeStandardStreams(Plugin& plugin, std::string_view name, std::string_view version) {
  VLMHB_ASSIGN(const os::Fd nothing, os::OpenFile("/dev/null", O_RDONLY | O_CLOEXEC));
  VLMHB_ASSIGN(const os::Fd input, MoveAway(STDIN_FILENO, nothing.get()));
  VLMHB_ASSIGN(const os::Fd output, MoveAway(STDOUT_FILENO, STDERR_FILENO));
  return ServePlugin(plugin, name, version, input.get(), output.get());
}

}  // namespace

Result<void> ServePlugin(Plugin& plugin, std::string_view name, std::string_view version,
                         int input_fd, int output_fd) {
  Session session(plugin, name, version, output_fd);
  FrameDecoder decoder;
  std::string chunk(64 << 10, '\0');
  while (true) {
    const ssize_t n = ::read(input_fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot read from the host");
    if (n == 0 && decoder.empty()) return {};
    if (n == 0) return Error(ErrorCode::kCorrupt, "the host's stream ended inside of a frame");
    decoder.Feed(std::string_view(chunk.data(), static_cast<size_t>(n)));
    while (true) {
      VLMHB_ASSIGN(std::optional<json::object> message, decoder.Next());
      if (!message.has_value()) break;
      VLMHB_ASSIGN(const bool go_on, session.Answer(std::move(*message)));
      if (!go_on) return {};
    }
  }
}

int RunPlugin(Plugin& plugin, std::string_view name, std::string_view version) {
  ::signal(SIGPIPE, SIG_IGN);
  const Result<void> served = ServeStandardStreams(plugin, name, version);
  if (served.ok()) return 0;
  const std::string text = fmt::format("{}: {}\n", name, served.error().ToString());
  std::fputs(text.c_str(), stderr);
  return 1;
}

Result<std::string> ReadImageBytes(const ImagePart& image, size_t max_bytes) {
  if (!image.path.empty()) return os::ReadFile(image.path, max_bytes);
  if (image.data.size() / 4 * 3 > max_bytes + 2)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("an image in the request has more than {} bytes", max_bytes));
  auto bytes = Base64Decode(image.data);
  if (!bytes.ok()) return std::move(bytes).error().With("reading an image in the request");
  return bytes;
}

}  // namespace vlmhb::worker
