#pragma once
// One started container, until its end is known: its time limits, its log, its exit status, through
// engines that go away and come back. Not thread-safe.
//
// A lost connection is no end: the engine is asked again for `patience`; after that, or when it
// does not know the container any more, the status is Lost.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "docker/engine.h"
#include "docker/log_file.h"
#include "env/env_manager.h"

namespace vlmhb::docker {

// Errors after which a call may be made again: whether it was carried out is not known.
bool IsUnreachable(const Error& error);

class ContainerWatch {
 public:
  using SteadyClock = std::chrono::steady_clock;

  // `engine` must outlive this.
  ContainerWatch(Engine& engine, std::string name, std::shared_ptr<LogFile> log,
                 std::chrono::milliseconds patience);

  // SIGKILL then, and the status is TimedOut.
  void set_timeout_at(SteadyClock::time_point at) { timeout_at_ = at; }
  // SIGTERM now (or as soon as the engine can be reached), SIGKILL after `grace`.
  void Stop(std::chrono::milliseconds grace);

  // Looks what has happened, without waiting. The same for ever once it is not Running.
  const env::TaskStatus& Poll();
  bool over() const { return !std::holds_alternative<env::Running>(status_); }

  // When Poll must be called again even if the engine says nothing.
  SteadyClock::time_point next_deadline() const;
  // The container after its end; its log may not be complete yet.
  const std::optional<ContainerState>& ended() const { return ended_; }
  std::optional<int64_t> peak_memory() const { return peak_memory_; }

 private:
  void Follow();
  void OpenLogs();
  void EnforceTime();
  bool Deliver(const std::string& signal);
  void Sample();
  void LookAgain();
  void FinishLogs();
  env::TaskStatus Judge(const ContainerState& state) const;

  Engine& engine_;
  const std::string name_;
  const std::shared_ptr<LogFile> log_;
  const std::chrono::milliseconds patience_;
  std::unique_ptr<EngineStream> wait_;
  std::unique_ptr<EngineStream> logs_;
  env::TaskStatus status_ = env::Running{};

  std::optional<SteadyClock::time_point> timeout_at_;
  std::optional<SteadyClock::time_point> kill_at_;  // set by Stop
  bool term_pending_ = false;
  bool timed_out_ = false;
  bool killed_ = false;  // by us
  SteadyClock::time_point next_signal_{};

  std::optional<SteadyClock::time_point> unreachable_since_;
  bool engine_was_lost_ = false;
  SteadyClock::time_point next_look_{};

  std::optional<ContainerState> ended_;
  SteadyClock::time_point logs_due_{};
  int log_tries_ = 0;
  int64_t log_received_ = 0;  // when it was last looked at

  SteadyClock::time_point next_sample_{};
  std::optional<int64_t> peak_memory_;
};

}  // namespace vlmhb::docker
