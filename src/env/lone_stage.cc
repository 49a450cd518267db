#include "env/lone_stage.h"

namespace vlmhb::env {
namespace {

constexpr std::chrono::milliseconds kTick{200};

}  // namespace

LoneStage::~LoneStage() {
  if (open_) (void)env_.Cleanup(spec_.id);
}

Result<void> LoneStage::Open() {
  VLMHB_TRY(env_.Setup(spec_));
  open_ = true;
  return {};
}

Result<std::string> LoneStage::Mount(const Path& host, const std::string& name, Access access) {
  return env_.MountData(spec_.id, host, name, access);
}

Result<TaskStatus> LoneStage::Run(Invocation invocation) {
  const Path spec_file = invocation.folder / "spec.json";
  json::object spec{
      {"schema", "vlmhb.stage/1"}, {"stage", invocation.stage}, {"output", invocation.output}};
  spec[invocation.stage] = std::move(invocation.parameters);
  VLMHB_TRY(os::WriteFileAtomic(spec_file, ToPrettyJson(spec)));
  VLMHB_ASSIGN(const std::string guest, Mount(spec_file, "stage.json"));
  VLMHB_TRY(env_.Run(spec_.id, {.argv = {invocation.program, "stage", "--spec", guest},
                                .env = invocation.variables,
                                .log = invocation.folder / "log",
                                .timeout = invocation.timeout}));
  TaskStatus status = env_.Status(spec_.id);
  while (std::holds_alternative<Running>(status)) {
    if (stop_ != nullptr && stop_->load()) return Error(ErrorCode::kCancelled, "stopped");
    env_.WaitForChange(kTick);
    status = env_.Status(spec_.id);
  }
  VLMHB_TRY(env_.Cleanup(spec_.id));
  open_ = false;
  return status;
}

}  // namespace vlmhb::env
