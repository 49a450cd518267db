// vlmhb mock: a server of the OpenAI chat API with known answers, times and faults.

#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>

#include "cli/command.h"
#include "cli/signals.h"
#include "mock/server.h"

namespace vlmhb::cli {
namespace {

struct MockOptions {
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> faults;
  double ttft_ms = 0;
  double gap_ms = 0;
  std::optional<double> latency_ms;
  double spin_us = 0;
  mock::Options mock;
};

Nanos FromMillis(double ms) { return Nanos(std::llround(ms * 1e6)); }

// As many connections as the system allows.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> Serve(MockOptions& given) {
  mock::Options& options = given.mock;
  VLMHB_ASSIGN(options.listen, http::Endpoint::Parse(given.listen));
  for (const double time :
       {given.ttft_ms, given.gap_ms, given.latency_ms.value_or(0), given.spin_us})
    if (!std::isfinite(time) || std::abs(time) > 1e10)
      return Error(ErrorCode::kInvalidConfig, "a time is not a number of that size");
  options.ttft = FromMillis(given.ttft_ms);
  options.gap = FromMillis(given.gap_ms);
  if (given.latency_ms.has_value()) options.latency = FromMillis(*given.latency_ms);
  options.spin = FromMillis(given.spin_us / 1000);
  for (const std::string& text : given.faults) {
    VLMHB_ASSIGN(const mock::Fault fault, mock::ParseFault(text));
    options.faults.push_back(fault);
  }
  RaiseDescriptorLimit();
  return mock::RunMock(options, StopOnSignals(), [](std::string_view address) {
    fmt::print("listening on {}\n", address);
    std::fflush(stdout);
  });
}

}  // namespace

void AddMock(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand(
      "mock", "Serve the OpenAI chat API with known answers, times and faults (docs/mock.md)");
  auto given = std::make_shared<MockOptions>();
  verb->add_option("--listen", given->listen, "ADDRESS:PORT (0: any free one) or unix:PATH")
      ->type_name("ADDRESS")
      ->capture_default_str();
  verb->add_option("--model", given->mock.model, "The name of the model")->capture_default_str();
  verb->add_option("--ttft-ms", given->ttft_ms, "From the request to the first event with a token");
  verb->add_option("--gap-ms", given->gap_ms, "Between two events");
  verb->add_option("--tokens", given->mock.tokens, "Of an answer")->capture_default_str();
  verb->add_option("--tokens-per-event", given->mock.tokens_per_event, "Of a stream")
      ->capture_default_str();
  verb->add_option("--latency-ms", given->latency_ms,
                   "Everything comes together then, instead of --ttft-ms and --gap-ms");
  verb->add_option("--fault", given->faults,
                   "KIND=SHARE of the requests; again for others. Kinds: 429, 500, reset, "
                   "stall-before, stall-after, cut, garbage, slow-body, empty")
      ->type_name("KIND=SHARE")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--retry-after-s", given->mock.retry_after_s, "Of a 429")->capture_default_str();
  verb->add_option("--seed", given->mock.seed, "Decides which requests have faults")
      ->capture_default_str();
  verb->add_flag("--early-head", given->mock.early_head,
                 "A stream's headers and its event with the role come at once");
  verb->add_option("--record", given->mock.record, "CSV file for what really happened when")
      ->type_name("FILE");
  verb->add_option("--spin-us", given->spin_us,
                   "Wait for times so near without sleeping; wants a core of its own");
  verb->callback([&session, given] {
    session.action = [&session, given] {
      const Result<void> served = Serve(*given);
      return served.ok() ? 0 : Fail(session.globals, served.error());
    };
  });
}

}  // namespace vlmhb::cli
