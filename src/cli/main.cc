// The parser of the command line and the table of verbs.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "cli/command.h"

namespace vlmhb::cli {
namespace {

constexpr std::string_view kExamples = R"(Examples:
  vlmhb init my-experiment            write a commented starter experiment
  vlmhb validate experiment.yaml      check everything, start nothing
  vlmhb run experiment.yaml           run it (again: continue where it stopped)
  vlmhb run users.csv --json          the predecessor's CSV; summary as JSON
  vlmhb registry list models          what can be named in a config
  vlmhb data inspect FOLDER           what is in a dataset, in any format
  vlmhb doctor                        what this machine can do

Exit status: 0 complete; 1 complete, but samples or stages failed; 2 the command or the config is wrong;
3 the environment cannot do it now; 4 a bug; 130 interrupted. More in docs/errors.md.)";

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_flag("--json", globals.json, "Write results and errors as JSON to standard output");
  app.add_flag("-q,--quiet", globals.quiet, "No progress, only results and errors");
  app.add_flag("-v,--verbose", globals.verbose, "Also what stages log");
  app.add_option("-w,--workspace", globals.workspace,
                 "Folder for runs and caches (default: vlmhb-workspace)")
      ->envname("VLMHB_WORKSPACE")
      ->type_name("DIR");
}

std::vector<std::string> KnownOptions(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> KnownVerbs(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!verb->get_group().empty()) names.push_back(verb->get_name());
  return names;
}

// What the parser did not understand, with the nearest thing that it would have.
std::string Explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  const std::vector<std::string> extras = app.remaining(true);
  if (extras.empty()) return error.what();
  const std::string& word = extras.front();
  const std::string help =
      fmt::format(" See `{} --help`.", deepest == &app ? "vlmhb" : "vlmhb " + deepest->get_name());
  if (word.rfind('-', 0) == 0) {
    std::vector<std::string> known = KnownOptions(*deepest);
    for (std::string& name : KnownOptions(app)) known.push_back(std::move(name));
    return fmt::format("unknown option '{}'.{}{}", word, DidYouMean(word, known), help);
  }
  const std::vector<std::string> verbs = KnownVerbs(*deepest);
  if (verbs.empty()) return fmt::format("unexpected argument '{}'.{}", word, help);
  return fmt::format("unknown command '{}'.{}{}", word, DidYouMean(word, verbs), help);
}

}  // namespace

int Main(int argc, char** argv) {
  Session session;
  session.globals.out = DetectTerminal(STDOUT_FILENO);
  session.globals.err = DetectTerminal(STDERR_FILENO);

  CLI::App app(
      "Evaluates Vision Language Models: how accurate, at what cost, and is the difference real.",
      "vlmhb");
  app.set_version_flag("--version", "vlmhb " VLMHB_VERSION);
  app.footer(std::string(kExamples));
  app.fallthrough();
  app.require_subcommand(1);
  AddGlobals(app, session.globals);
  for (auto* add :
       {AddRun, AddPlan, AddValidate, AddPrompts, AddStatus, AddReport, AddRegistry, AddData,
        AddEnv, AddDoctor, AddInit, AddSchema, AddCompletion, AddStage, AddWrapper,
        AddMock})
    add(app, session);
  for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    verb->footer(verb->get_footer() +
                 "\n\nEvery command also takes --json, -q, -v and --workspace DIR.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    if (argc == 1) {
      std::fputs(app.help().c_str(), stderr);
      return ExitStatus(ErrorCode::kInvalidConfig);
    }
    return Fail(session.globals, Error(ErrorCode::kInvalidConfig, Explain(app, error)));
  }
  return session.action();
}

int Fail(const Globals& globals, const Error& error) {
  if (globals.json) {
    PrintJson(json::object{{"error",
                            {{"code", ErrorCodeName(error.code())},
                             {"message", error.ToString()},
                             {"exit_status", ExitStatus(error.code())}}}});
  } else {
    fmt::print(stderr, "{} {}\n", Tinted(globals.err, Tint::kRed, "error:"), error.ToString());
  }
  return ExitStatus(error.code());
}

void PrintJson(const json::value& value) { std::fputs(ToPrettyJson(value).c_str(), stdout); }

}  // namespace vlmhb::cli
