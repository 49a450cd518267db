#include "docker/container_watch.h"

#include <signal.h>

#include <algorithm>

#include "docker/container_facts.h"
#include "env/running_command.h"

namespace vlmhb::docker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry{200};
constexpr milliseconds kSampleEvery{2000};
// Logs of an ended container that do not end by themselves are asked for again, then given up.
constexpr milliseconds kLogPatience{1500};
constexpr int kMostLogTries = 4;

}  // namespace

bool IsUnreachable(const Error& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kIo ||
         error.code() == ErrorCode::kTimeout;
}

ContainerWatch::ContainerWatch(Engine& engine, std::string name, std::shared_ptr<LogFile> log,
                               milliseconds patience)
    : engine_(engine), name_(std::move(name)), log_(std::move(log)), patience_(patience) {
  Follow();
}

void ContainerWatch::Follow() {
  wait_ = engine_.Wait(name_);
  OpenLogs();
}

void ContainerWatch::OpenLogs() {
  logs_.reset();  // else it goes on writing while the engine is asked for the next one
  log_->Rewind();
  logs_ = engine_.FollowLogs(name_, [log = log_](std::string_view bytes) { log->Append(bytes); });
}

void ContainerWatch::Stop(milliseconds grace) {
  if (over()) return;
  term_pending_ = true;
  const auto at = SteadyClock::now() + grace;
  kill_at_ = std::min(kill_at_.value_or(at), at);
  EnforceTime();
}

const env::TaskStatus& ContainerWatch::Poll() {
  if (over()) return status_;
  engine_.Poll(milliseconds(0));
  EnforceTime();
  if (ended_.has_value()) {
    FinishLogs();
  } else if (wait_->ended()) {
    if (wait_->error().has_value()) engine_was_lost_ = true;
    LookAgain();
  } else {
    Sample();
  }
  return status_;
}

void ContainerWatch::EnforceTime() {
  const auto now = SteadyClock::now();
  if (killed_ || ended_.has_value() || now < next_signal_) return;
  const bool timed_out = timeout_at_.has_value() && now >= *timeout_at_;
  const bool due = kill_at_.has_value() && now >= *kill_at_;
  if (timed_out || due) {
    timed_out_ = timed_out;
    killed_ = Deliver("SIGKILL");
  } else if (term_pending_) {
    term_pending_ = !Deliver("SIGTERM");
  }
}

// False: to be tried again.
bool ContainerWatch::Deliver(const std::string& signal) {
  const Result<void> sent = engine_.KillContainer(name_, signal);
  if (sent.ok() || sent.error().code() == ErrorCode::kNotFound) return true;
  next_signal_ = SteadyClock::now() + kRetry;
  return false;
}

void ContainerWatch::Sample() {
  const auto now = SteadyClock::now();
  if (now < next_sample_) return;
  next_sample_ = now + kSampleEvery;
  const Result<json::object> stats = engine_.Stats(name_);
  if (!stats.ok()) return;
  if (const auto peak = PeakMemoryOf(*stats); peak.has_value())
    peak_memory_ = std::max(peak_memory_.value_or(0), *peak);
}

// Asks the engine how the container is. A connection that comes back is no end.
void ContainerWatch::LookAgain() {
  const auto now = SteadyClock::now();
  if (now < next_look_) return;
  next_look_ = now + kRetry;
  Result<ContainerState> state = engine_.InspectContainer(name_);
  if (!state.ok() && IsUnreachable(state.error())) {
    engine_was_lost_ = true;
    if (!unreachable_since_.has_value()) unreachable_since_ = now;
    if (now - *unreachable_since_ > patience_) status_ = env::Lost{state.error().ToString()};
    return;
  }
  unreachable_since_.reset();
  if (!state.ok()) {
    status_ =
        env::Lost{"the engine does not have the container any more: " + state.error().ToString()};
  } else if (state->running()) {
    Follow();
  } else {
    ended_ = *std::move(state);
    logs_due_ = now + kLogPatience;
    // What was followed until the end may lack the last lines, of both engines: they close it
    // when the container ends, not when all was read. Only a stream from now on is complete.
    OpenLogs();
  }
}

void ContainerWatch::FinishLogs() {
  const bool complete = logs_->ended() && !logs_->error().has_value();
  if (!complete) {
    const auto now = SteadyClock::now();
    const bool progress = log_->received() != log_received_;
    log_received_ = log_->received();
    if (progress) logs_due_ = now + kLogPatience;
    if (now < logs_due_ && !logs_->ended()) return;
    if (log_tries_ < kMostLogTries) {
      ++log_tries_;
      logs_due_ = now + kLogPatience;
      OpenLogs();
      return;
    }
  }
  status_ = Judge(*ended_);
  wait_.reset();
  logs_.reset();
}

env::TaskStatus ContainerWatch::Judge(const ContainerState& state) const {
  if (timed_out_) return env::TimedOut{};
  if (state.started_at.empty() || state.status == "created")
    return env::Lost{"the container never ran: " + state.error};
  env::TaskStatus status = env::StatusFromExitCode(state.exit_code);
  auto* const signaled = std::get_if<env::Signaled>(&status);
  if (signaled == nullptr) return status;
  signaled->out_of_memory = state.out_of_memory && signaled->signal == SIGKILL;
  const bool stopped = killed_ || kill_at_.has_value();
  if (engine_was_lost_ && !stopped && !signaled->out_of_memory)
    return env::Lost{"the engine ended, and the container with it"};
  return status;
}

ContainerWatch::SteadyClock::time_point ContainerWatch::next_deadline() const {
  auto next = SteadyClock::time_point::max();
  if (over()) return next;
  const auto consider = [&](SteadyClock::time_point at) { next = std::min(next, at); };
  if (ended_.has_value()) {
    consider(logs_due_);
    return next;
  }
  if (wait_->ended()) consider(next_look_);
  if (killed_) return next;
  if (term_pending_) consider(next_signal_);
  if (timeout_at_.has_value()) consider(std::max(*timeout_at_, next_signal_));
  if (kill_at_.has_value()) consider(std::max(*kill_at_, next_signal_));
  return next;
}

}  // namespace vlmhb::docker
