// vlmhb wrapper --spec FILE: the API wrapper, inside a model's environment.

#include "wrapper/wrapper.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"
#include "cli/own_environment.h"
#include "cli/signals.h"
#include "config/secret_ref.h"
#include "os/process.h"
#include "wrapper/options.h"

namespace vlmhb::cli {
namespace {

Result<void> Serve(const std::string& spec_file) {
  VLMHB_ASSIGN(const std::string text, os::ReadFile(spec_file));
  VLMHB_ASSIGN(const json::value spec, ParseJson(text));
  if (!spec.is_object())
    return Error(ErrorCode::kInvalidConfig, spec_file + " is not a JSON object");
  VLMHB_ASSIGN(wrapper::WrapperOptions options,
               wrapper::ParseWrapperOptions(spec.get_object(), OwnEnvironment()));
  VLMHB_ASSIGN(options.load_params, config::ResolveSecrets(options.load_params, os::GetEnv));
  return wrapper::RunWrapper(options, StopOnSignals(), [](std::string_view address) {
    fmt::print("listening on {}\n", address);
    std::fflush(stdout);
  });
}

}  // namespace

void AddWrapper(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand(
      "wrapper",
      "Serve a model by the OpenAI API (inside its environment; docs/formats/wrapper.md)");
  auto spec = std::make_shared<std::string>();
  verb->add_option("--spec", *spec, "wrapper.json")->required()->type_name("FILE");
  verb->callback([&session, spec] {
    session.action = [&session, spec] {
      const Result<void> served = Serve(*spec);
      return served.ok() ? 0 : Fail(session.globals, served.error());
    };
  });
}

}  // namespace vlmhb::cli
