#include "inference/wrapper_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "base/text.h"

namespace vlmhb::inference {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Millis kFirstPoll{5};
constexpr Millis kLastPoll{200};
constexpr Millis kHealthTimeout{1'000};
constexpr Millis kDeathPatience{2'000};
constexpr Millis kStartPatience{30'000};  // beside the load timeout
constexpr size_t kLogTailBytes = 1500;

Error Cancelled() { return Error(ErrorCode::kCancelled, "the stage was stopped"); }

}  // namespace

std::string TailOf(const os::Path& path, size_t bytes) {
  const Result<os::Fd> fd = os::OpenFile(path, O_RDONLY);
  struct stat info {};
  if (!fd.ok() || ::fstat(fd->get(), &info) != 0) return "";
  const off_t start = std::max<off_t>(0, info.st_size - static_cast<off_t>(bytes));
  std::string tail(bytes, '\0');
  const ssize_t n = ::pread(fd->get(), tail.data(), tail.size(), start);
  tail.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (start > 0) tail.erase(0, std::min(tail.find('\n'), tail.size() - 1) + 1);  // a cut line
  return std::string(Trim(SanitizeUtf8(tail)));
}

WrapperProcess::WrapperProcess(asio::any_io_executor executor, WrapperOptions options)
    : executor_(executor), options_(std::move(options)), changed_(executor) {}

WrapperProcess::~WrapperProcess() { Stop(Millis(0)); }

asio::awaitable<Result<void>> WrapperProcess::EnsureReady() {
  while (starting_) co_await changed_.Wait();
  if (cancelled_) co_return Cancelled();
  if (failed_.has_value()) co_return *failed_;
  if (running_ && !Ended()) co_return Result<void>();
  starting_ = true;
  Result<void> started = co_await Start();
  starting_ = false;
  running_ = started.ok();
  if (!started.ok() && !cancelled_) failed_ = started.error();
  changed_.Notify();
  co_return started;
}

asio::awaitable<Result<void>> WrapperProcess::Start() {
  if (starts_left_ == 0)
    co_return EndedError(
        fmt::format("{} times, and no sample was answered in between", kMaxStarts));
  --starts_left_;
  ++starts_;
  Result<void> spawned = Spawn();
  if (!spawned.ok()) co_return std::move(spawned).error().With("starting the API wrapper");
  Result<void> loaded = co_await WaitUntilLoaded();
  co_return loaded;
}

Result<void> WrapperProcess::Spawn() {
  // The address stays the same over all starts: connections keep it.
  if (folder_ == nullptr) {
    VLMHB_ASSIGN(folder_, os::TempFolder::Create(options_.temp, "vlmhb-wrapper"));
    VLMHB_ASSIGN(endpoint_,
                 http::Endpoint::Parse("unix:" + (folder_->path() / "api.sock").string()));
  }
  json::object spec = options_.spec;
  spec["listen"] = endpoint_.ToString();
  spec["log"] = options_.log.string();
  const os::Path spec_file = folder_->path() / "wrapper.json";
  VLMHB_TRY(os::WriteFileAtomic(spec_file, ToPrettyJson(spec)));
  VLMHB_ASSIGN(const os::Fd log, os::OpenFile(options_.log, O_WRONLY | O_CREAT | O_APPEND));
  os::SpawnOptions child;
  child.argv = options_.argv;
  child.argv.insert(child.argv.end(), {"--spec", spec_file.string()});
  child.env = options_.env;
  child.fds = {{2, log.get()}};
  VLMHB_ASSIGN(process_, os::Spawn(child));
  return {};
}

asio::awaitable<Result<void>> WrapperProcess::WaitUntilLoaded() {
  const auto deadline = SteadyClock::now() + options_.load_timeout + kStartPatience;
  Millis pause = kFirstPoll;
  while (SteadyClock::now() < deadline) {
    const std::optional<Answer> health = co_await AskHealth();
    if (cancelled_) co_return Cancelled();
    if (Ended()) co_return EndedError("before it was ready");
    if (health.has_value() && health->status == "ready") co_return Result<void>();
    if (health.has_value() && health->status == "unavailable")
      co_return UnavailableError(health->error);
    co_await http::SleepFor(executor_, pause);
    pause = std::min(2 * pause, kLastPoll);
  }
  co_return Error(ErrorCode::kTimeout,
                  fmt::format("the model did not load within {} s; see {}",
                              options_.load_timeout.count() / 1000, options_.log.string()));
}

asio::awaitable<std::optional<WrapperProcess::Answer>> WrapperProcess::AskHealth() {
  http::Connection connection(executor_, endpoint_);
  const http::Request request{.method = "GET", .target = "/health", .headers = {}, .body = {}};
  http::RequestOptions options;
  options.timeout = kHealthTimeout;
  const Result<http::Response> response = co_await connection.Send(request, options);
  if (!response.ok()) co_return std::nullopt;
  const Result<json::value> body = ParseJson(response->body);
  if (!body.ok() || !body->is_object()) co_return std::nullopt;
  co_return Answer{FindString(body->get_object(), "status"),
                   FindString(body->get_object(), "error")};
}

asio::awaitable<Result<WrapperProcess::Health>> WrapperProcess::Recover(int starts_before) {
  if (starts_ == starts_before) {
    const std::optional<Answer> health = co_await AskHealth();
    if (cancelled_) co_return Cancelled();
    if (health.has_value() && health->status == "unavailable") {
      failed_ = UnavailableError(health->error);
      co_return *failed_;
    }
    if (!health.has_value()) co_await WaitForEnd(starts_before);
  }
  Result<void> ready = co_await EnsureReady();
  if (!ready.ok()) co_return std::move(ready).error();
  co_return starts_before == starts_ ? Health::kServing : Health::kRestarted;
}

// A process that is about to end has closed its sockets already.
asio::awaitable<void> WrapperProcess::WaitForEnd(int starts_before) {
  const auto deadline = SteadyClock::now() + kDeathPatience;
  while (!cancelled_ && starts_ == starts_before && !Ended() && SteadyClock::now() < deadline)
    co_await http::SleepFor(executor_, kFirstPoll);
}

Error WrapperProcess::EndedError(std::string_view when) {
  const std::optional<os::ExitStatusOf> status = process_.Poll();
  const std::string tail = TailOf(options_.log, kLogTailBytes);
  return Error(ErrorCode::kUnavailable,
               fmt::format("the API wrapper ended ({}) {}{}{}",
                           status.has_value() ? status->ToString() : "not started", when,
                           tail.empty() ? "; its log is empty" : "; its last log lines:\n", tail));
}

Error WrapperProcess::UnavailableError(const std::string& why) {
  return Error(ErrorCode::kUnavailable,
               fmt::format("the model cannot be served: {}; see {}", why, options_.log.string()));
}

void WrapperProcess::Cancel() {
  cancelled_ = true;
  changed_.Notify();
}

void WrapperProcess::Stop(Millis grace) {
  if (process_.pid() < 0) return;
  process_.Signal(SIGTERM);
  process_.Wait(grace);
  process_ = os::Process();
  running_ = false;
}

}  // namespace vlmhb::inference
