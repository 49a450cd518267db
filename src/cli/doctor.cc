// vlmhb doctor: what this machine can do; where it cannot, why, and what to do about it.

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/environments.h"
#include "cli/programs.h"
#include "orchestrator/worker_manager.h"
#include "os/gpu.h"
#include "os/process.h"

namespace vlmhb::cli {
namespace {

enum class Finding { kOk, kMissing, kOptional };

struct Check {
  std::string name;
  Finding finding = Finding::kOk;
  std::string detail;  // what was found, or why not
  std::string advice;  // "" if all is well
};

// Process sandboxes are what stages run in by default; the others are there for who wants them.
Check CheckEnvironment(const std::string& name, const Path& workspace) {
  const Finding missing = name == "process" ? Finding::kMissing : Finding::kOptional;
  const auto environment = MakeEnvironment(name, SandboxChoice::kOn, workspace);
  if (!environment.ok()) return {name, missing, environment.error().message(), ""};
  const Result<void> probe = (*environment)->Probe();
  if (!probe.ok()) return {name, missing, Printable(probe.error().message()), ""};
  Check check{.name = name, .detail = "stages can run with --env " + name};
  for (const std::string& warning : (*environment)->capabilities().warnings) {
    check.finding = Finding::kOptional;
    check.advice += (check.advice.empty() ? "" : "; ") + warning;
  }
  return check;
}

Check CheckDisk(const Path& workspace) {
  Path existing = std::filesystem::absolute(workspace);
  std::error_code error;
  while (!std::filesystem::exists(existing, error)) existing = existing.parent_path();
  const std::filesystem::space_info space = std::filesystem::space(existing, error);
  if (error) return {"disk", Finding::kMissing, error.message(), ""};
  const double free_gb = static_cast<double>(space.available) / 1e9;
  Check check{.name = "disk",
              .detail = fmt::format("{:.1f} GB free at {}", free_gb, existing.string())};
  if (::access(existing.c_str(), W_OK) != 0) {
    check.finding = Finding::kMissing;
    check.detail += ", not writable";
    check.advice = "choose another folder with --workspace";
  } else if (free_gb < 1) {
    check.finding = Finding::kOptional;
    check.advice = "free some space: answers, journals and reports are written there";
  }
  return check;
}

Check CheckPlugin(const std::string& program) {
  if (const std::optional<Path> found = FindPlugin(program))
    return {program, Finding::kOk, found->string(), ""};
  return {program, Finding::kOptional, "not built",
          "scripts/build builds it; models that use it cannot run until then"};
}

Check CheckProgram(const std::string& name, const std::string& program,
                   const std::vector<std::string>& arguments, const std::string& advice) {
  const std::optional<Path> path = os::FindProgram(program);
  if (!path.has_value()) return {name, Finding::kOptional, program + " not found", advice};
  std::vector<std::string> argv = {path->string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const Result<os::Output> output = os::RunAndCapture(
      {.argv = argv, .env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}}}, Millis(5000), 4096);
  if (!output.ok()) return {name, Finding::kOptional, output.error().message(), advice};
  std::string first = output->out.empty() ? output->err : output->out;
  first = first.substr(0, first.find('\n'));
  return {name, output->status.ok() ? Finding::kOk : Finding::kOptional,
          Printable(first.empty() ? path->string() : first), output->status.ok() ? "" : advice};
}

Check CheckGpu() {
  const os::GpuHost host = os::DetectGpus();
  if (host.gpus.empty())
    return {"gpu", Finding::kOptional, "no NVIDIA GPU", "only models that need none can run"};
  std::vector<std::string> models;
  for (const os::Gpu& gpu : host.gpus) models.push_back(gpu.model);
  return {"gpu", Finding::kOk,
          fmt::format("{} (driver {})", Printable(Join(models, ", ")), Printable(host.driver)), ""};
}

std::vector<Check> AllChecks(const Path& workspace) {
  const orchestrator::Capacity capacity = orchestrator::DetectCapacity();
  std::vector<Check> checks = {{"capacity", Finding::kOk,
                                fmt::format("{} cores, {:.1f} GB of memory", capacity.cpus,
                                            static_cast<double>(capacity.memory_bytes) / 1e9),
                                ""}};
  for (const std::string& name : EnvironmentNames())
    checks.push_back(CheckEnvironment(name, workspace));
  checks.push_back(CheckDisk(workspace));
  checks.push_back(CheckPlugin("vlmhb-worker-tesseract"));
  checks.push_back(CheckGpu());
  checks.push_back(
      CheckProgram("python", "python3", {"--version"}, "only Python plug-ins need it"));
  return checks;
}

std::string_view FindingName(Finding finding) {
  return finding == Finding::kOk ? "ok" : finding == Finding::kMissing ? "missing" : "optional";
}

void PrintChecks(const std::vector<Check>& checks, const Terminal& out) {
  for (const Check& check : checks) {
    const auto [tint, mark] = check.finding == Finding::kOk ? std::pair(Tint::kGreen, "ok     ")
                              : check.finding == Finding::kMissing
                                  ? std::pair(Tint::kRed, "missing")
                                  : std::pair(Tint::kYellow, "note   ");
    fmt::print("{}  {:<22}  {}\n", Tinted(out, tint, mark), check.name, check.detail);
    if (!check.advice.empty()) fmt::print("{:33}{}\n", "", check.advice);
  }
}

int Doctor(const Globals& globals) {
  const std::vector<Check> checks = AllChecks(globals.workspace);
  bool usable = true;
  json::array list;
  for (const Check& check : checks) {
    usable = usable && check.finding != Finding::kMissing;
    list.push_back({{"name", check.name},
                    {"finding", FindingName(check.finding)},
                    {"detail", check.detail},
                    {"advice", check.advice}});
  }
  if (globals.json)
    PrintJson(json::object{{"usable", usable}, {"checks", std::move(list)}});
  else
    PrintChecks(checks, globals.out);
  return usable ? 0 : ExitStatus(ErrorCode::kUnavailable);
}

}  // namespace

void AddDoctor(CLI::App& app, Session& session) {
  CLI::App* verb =
      app.add_subcommand("doctor", "Tell what this machine can do, and what to do where not");
  verb->footer("Exit status 3 if stages cannot run here at all.");
  verb->callback([&session] { session.action = [&session] { return Doctor(session.globals); }; });
}

}  // namespace vlmhb::cli
