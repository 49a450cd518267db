#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include "base/error.h"

namespace vlmhb::cli {
namespace {

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free,
              "a signal handler may only touch such a flag");

void OnSignal(int) {
  if (stop_asked.exchange(true)) ::_exit(ExitStatus(ErrorCode::kCancelled));
}

}  // namespace

const std::atomic<bool>& StopOnSignals() {
  struct sigaction action {};
  action.sa_handler = OnSignal;  // no SA_RESTART: waits are cut short
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return stop_asked;
}

}  // namespace vlmhb::cli
