#include "inference/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "http/client.h"
#include "http/signal.h"
#include "inference/attempt.h"
#include "inference/committer.h"
#include "inference/sample_source.h"
#include "inference/wrapper_process.h"

namespace vlmhb::inference {
namespace {

constexpr Millis kWatchInterval{20};
constexpr Millis kFirstBackoff{100};
constexpr Millis kLastBackoff{1'000};
constexpr Millis kLoadTimeout{600'000};
constexpr Millis kStopGrace{3'000};
constexpr Millis kCancelGrace{1'000};
// A sample is asked so often at least when it was the API wrapper that died, maybe for another's
// sake.
constexpr int64_t kAttemptsOverDeaths = 3;
constexpr int64_t kMinQueue = 1024;

WrapperOptions OptionsOf(const InferSpec& spec, const RunContext& context) {
  json::array command;
  for (const std::string& argument : spec.model.command) command.emplace_back(argument);
  json::array roots;
  std::error_code ignored;
  if (spec.image_transport == ImageTransport::kFile)
    roots.emplace_back(std::filesystem::weakly_canonical(spec.dataset.root, ignored).string());
  WrapperOptions options;
  options.argv = spec.wrapper;
  options.env = context.env;
  options.spec = {{"schema", "vlmhb.wrapper/1"},
                  {"model", spec.model.name},
                  {"command", std::move(command)},
                  {"load_params", spec.model.params},
                  {"processes", spec.model.processes},
                  {"allow_file_roots", std::move(roots)},
                  {"timeout_ms", spec.timeout.count()},
                  {"load_timeout_ms", kLoadTimeout.count()},
                  {"max_queue", std::max(spec.concurrency, kMinQueue)}};
  options.temp = context.temp;
  options.log = spec.output / "wrapper.log";
  options.load_timeout = kLoadTimeout;
  return options;
}

// The wrapper times each request from its hand-over to a process. This is the net below it: as many
// such times as requests may queue for one process, and a model that loads anew.
Millis SafetyTimeout(const InferSpec& spec) {
  const int64_t rounds = (spec.concurrency + spec.model.processes - 1) / spec.model.processes;
  return rounds * spec.timeout + kLoadTimeout;
}

void FillAnswer(const AttemptResult& last, store::AnswerRow& row) {
  const ChatAnswer& answer = last.answer;
  row.outcome = last.row.outcome;
  row.error = last.row.error;
  row.attempts = last.row.attempt;
  row.queue_ms = answer.performance.queue_ms;
  row.peak_memory_mb = answer.performance.peak_memory_mb;
  row.gpu_memory_mb = answer.performance.gpu_memory_mb;
  row.prompt_tokens = answer.prompt_tokens;
  row.completion_tokens = answer.completion_tokens;
  if (!store::IsAnswer(row.outcome)) return;
  row.model_answer = answer.text;
  row.finish_reason = answer.finish_reason;
  row.ttft_ms = last.row.ttft_ms;
  row.latency_ms = last.row.latency_ms;
  row.tpot_ms = TimePerOutputToken(answer);
}

class Runner {
 public:
  Runner(const InferSpec& spec, const RunContext& context, store::Journal& journal,
         store::EventWriter& events, SampleSource source, Tally tally)
      : spec_(spec),
        context_(context),
        events_(events),
        source_(std::move(source)),
        tally_(tally),
        wrapper_(io_.get_executor(), OptionsOf(spec, context)),
        committer_(journal, io_.get_executor(),
                   {.on_acknowledged = [this](Committer::Acknowledged a) { Acknowledge(a); },
                    .on_error = [this](const Error& error) { Fail(error); }}),
        watch_timer_(io_),
        worker_ended_(io_.get_executor()) {}

  Result<void> Run() {
    Spawn(Watch());
    Spawn(Main());
    io_.run();
    wrapper_.Stop(failure_.has_value() ? kCancelGrace : kStopGrace);
    return failure_.has_value() ? Result<void>(*failure_) : Result<void>();
  }

 private:
  void Spawn(asio::awaitable<void> coroutine) {
    asio::co_spawn(io_, std::move(coroutine), [](const std::exception_ptr& exception) {
      if (exception) std::rethrow_exception(exception);  // out of io_.run()
    });
  }

  asio::awaitable<void> Main() {
    const Result<void> ready = co_await wrapper_.EnsureReady();
    if (!ready.ok()) Fail(ready.error());
    const auto wanted =
        std::min(static_cast<uint64_t>(spec_.concurrency), tally_.total - tally_.done);
    for (uint64_t i = 0; i < wanted && !failure_.has_value(); ++i) {
      connections_.push_back(
          std::make_unique<http::Connection>(io_.get_executor(), wrapper_.endpoint()));
      ++workers_;
      Spawn(Work(i));
    }
    while (workers_ > 0) co_await worker_ended_.Wait();
    co_await committer_.Drain();
    done_ = true;
    watch_timer_.cancel();
  }

  asio::awaitable<void> Watch() {
    while (!done_) {
      events_.Tick();
      if (context_.stop) Fail(Error(ErrorCode::kCancelled, "the stage was stopped"));
      watch_timer_.expires_after(kWatchInterval);
      co_await watch_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  // The first failure ends the run: nothing new is sent and what is in flight is dropped.
  void Fail(const Error& error) {
    if (failure_.has_value()) return;
    failure_ = error;
    wrapper_.Cancel();
    for (const auto& connection : connections_) connection->Close();
  }

  void Acknowledge(Committer::Acknowledged acknowledged) {
    tally_.done += acknowledged.samples;
    tally_.failed += acknowledged.failed;
    events_.Progress(tally_.done, tally_.failed);
  }

  asio::awaitable<void> Work(size_t index) {
    co_await WorkUntilEnd(index);
    --workers_;
    worker_ended_.Notify();
  }

  asio::awaitable<void> WorkUntilEnd(size_t index) {
    while (true) {
      co_await committer_.WaitForRoom();
      if (failure_.has_value()) co_return;
      Result<std::optional<PendingSample>> sample = source_.Next();
      if (!sample.ok()) Fail(sample.error());
      if (!sample.ok() || !sample->has_value()) co_return;
      const std::optional<store::SampleRecord> record = co_await Answer(index, std::move(**sample));
      if (record.has_value()) committer_.Submit(*record);
    }
  }

  // nullopt: the run has failed and nothing is known of this sample.
  asio::awaitable<std::optional<store::SampleRecord>> Answer(size_t index, PendingSample sample) {
    store::SampleRecord record;
    record.answer.id = sample.id;
    if (sample.decided.has_value()) {
      record.answer = std::move(*sample.decided);
      co_return record;
    }
    http::Request request;
    request.method = "POST";
    request.target = "/v1/chat/completions";
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    request.body = std::move(sample.body);
    int64_t limit = spec_.attempts;
    Millis backoff = kFirstBackoff;
    for (int64_t attempt = 1;; ++attempt) {
      const int starts = wrapper_.starts();
      AttemptResult result =
          co_await Attempt(*connections_[index], request, SafetyTimeout(spec_), context_.clock);
      if (result.cancelled) co_return std::nullopt;
      result.row.attempt = attempt;
      if (result.ask_wrapper) {
        const bool go_on = co_await AskWrapper(starts, result, limit);
        if (!go_on) co_return std::nullopt;
      } else {
        wrapper_.NoteProgress();
      }
      record.requests.push_back(result.row);
      if (!result.retryable || attempt >= limit) {
        FillAnswer(result, record.answer);
        co_return record;
      }
      co_await http::SleepFor(io_.get_executor(), backoff);
      if (failure_.has_value()) co_return std::nullopt;
      backoff = std::min(2 * backoff, kLastBackoff);
    }
  }

  // After a failure that may be the wrapper's. False: the run has failed.
  asio::awaitable<bool> AskWrapper(int starts_before, AttemptResult& result, int64_t& limit) {
    const Result<WrapperProcess::Health> health = co_await wrapper_.Recover(starts_before);
    if (!health.ok()) {
      Fail(health.error());
      co_return false;
    }
    if (*health == WrapperProcess::Health::kServing) co_return true;
    if (wrapper_.starts() > starts_logged_) {
      starts_logged_ = wrapper_.starts();
      events_.Log("warning", "the API wrapper died and was started again; see wrapper.log");
    }
    result.row.outcome = store::Outcome::kCrashed;
    result.row.error = "the API wrapper died during the request: " + result.row.error;
    result.retryable = true;
    limit = std::max(limit, kAttemptsOverDeaths);
    co_return true;
  }

  const InferSpec& spec_;
  const RunContext& context_;
  store::EventWriter& events_;
  SampleSource source_;
  Tally tally_;

  asio::io_context io_{1};
  WrapperProcess wrapper_;
  Committer committer_;
  asio::steady_timer watch_timer_;
  http::Signal worker_ended_;
  std::vector<std::unique_ptr<http::Connection>> connections_;
  uint64_t workers_ = 0;
  int starts_logged_ = 1;
  bool done_ = false;
  std::optional<Error> failure_;
};

}  // namespace

Result<void> RunInference(const InferSpec& spec, const RunContext& context, store::Journal& journal,
                          store::EventWriter& events, Tally start) {
  VLMHB_ASSIGN(SampleSource source, SampleSource::Open(spec, journal));
  try {
    Runner runner(spec, context, journal, events, std::move(source), start);
    return runner.Run();
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInternal, fmt::format("the runner failed: {}", exception.what()));
  }
}

}  // namespace vlmhb::inference
