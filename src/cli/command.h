#pragma once
// The frame of every subcommand: cli/<verb>.cc adds itself to the parser and leaves an action
// behind, which main runs. The only module that reads the environment and builds real
// implementations.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "os/file.h"

namespace vlmhb::cli {

// Options that every verb understands.
struct Globals {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  std::string workspace = "vlmhb-workspace";
  Terminal out;  // what standard output can show
  Terminal err;  // what standard error can show

  Verbosity verbosity() const {
    return quiet ? Verbosity::kQuiet : verbose ? Verbosity::kVerbose : Verbosity::kNormal;
  }
};

struct Session {
  Globals globals;
  std::function<int()> action;  // set by the verb that was named; returns the exit status
};

// Parses the command line and does what it says; returns the exit status.
int Main(int argc, char** argv);

// Prints "error: …" (or {"error":{…}} with --json) and returns the error's exit status.
int Fail(const Globals& globals, const Error& error);
// Prints `value` on standard output, indented.
void PrintJson(const json::value& value);

void AddRun(CLI::App& app, Session& session);
void AddPlan(CLI::App& app, Session& session);
void AddValidate(CLI::App& app, Session& session);
void AddPrompts(CLI::App& app, Session& session);
void AddStatus(CLI::App& app, Session& session);
void AddReport(CLI::App& app, Session& session);
void AddRegistry(CLI::App& app, Session& session);
void AddData(CLI::App& app, Session& session);
void AddEnv(CLI::App& app, Session& session);
void AddDoctor(CLI::App& app, Session& session);
void AddInit(CLI::App& app, Session& session);
void AddSchema(CLI::App& app, Session& session);
void AddCompletion(CLI::App& app, Session& session);
void AddStage(CLI::App& app, Session& session);
void AddWrapper(CLI::App& app, Session& session);
void AddMock(CLI::App& app, Session& session);

}  // namespace vlmhb::cli
