#pragma once
// One `vlmhb stage` in an environment of its own, from setup to cleanup: for what is done before an
// experiment runs (installing packages, asking plug-ins what they are, importing datasets).

#include <atomic>
#include <string>

#include "base/json.h"
#include "env/env_manager.h"

namespace vlmhb::env {

class LoneStage {
 public:
  // `environments` outlives it, as does `stop` (may be null; true: what runs is ended).
  LoneStage(EnvManager& environments, EnvSpec spec, const std::atomic<bool>* stop)
      : env_(environments), spec_(std::move(spec)), stop_(stop) {}
  // Cleans up.
  ~LoneStage();
  LoneStage(const LoneStage&) = delete;
  LoneStage& operator=(const LoneStage&) = delete;

  Result<void> Open();
  // How the stage sees it. REQUIRES: Open, and not Run yet.
  Result<std::string> Mount(const Path& host, const std::string& name,
                            Access access = Access::kReadOnly);

  // Runs `program` (as Mount gave it) with the spec "vlmhb.stage/1" of that stage and output
  // folder, waits for its end and cleans up. `folder` gets spec.json and the log. The log stays.
  // kCancelled: stopped.
  struct Invocation {
    std::string program;
    std::string stage;
    std::string output;  // as the stage sees it
    json::object parameters;
    std::map<std::string, std::string> variables;
    Path folder;
    std::chrono::milliseconds timeout;
  };
  Result<TaskStatus> Run(Invocation invocation);

 private:
  EnvManager& env_;
  EnvSpec spec_;
  const std::atomic<bool>* stop_;
  bool open_ = false;
};

}  // namespace vlmhb::env
