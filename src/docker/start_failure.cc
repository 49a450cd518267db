#include "docker/start_failure.h"

namespace vlmhb::docker {
namespace {

bool Has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

StartFailure ClassifyStartFailure(std::string_view message, const ContainerPlan& plan) {
  if (plan.init && (Has(message, "docker-init") || Has(message, "catatonit") ||
                    Has(message, "container-init") || Has(message, "init binary")))
    return StartFailure::kNoInitBinary;
  if (plan.spec.gpus > 0 &&
      (Has(message, "could not select device driver") || Has(message, "GPU vendor") ||
       Has(message, "CDI") || Has(message, "nvidia")))
    return StartFailure::kNoGpu;
  const bool about_program = Has(message, "exec: \"") || Has(message, "executable file") ||
                             Has(message, "invoke a command");
  if (!about_program) return StartFailure::kOther;
  if (Has(message, "permission denied") || Has(message, "Permission denied") ||
      Has(message, "is a directory") || Has(message, "exec format error"))
    return StartFailure::kNotRunnable;
  if (Has(message, "not found") || Has(message, "no such file")) return StartFailure::kNoProgram;
  return StartFailure::kOther;
}

}  // namespace vlmhb::docker
