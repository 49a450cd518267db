#include "packages/package_stage.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/text.h"
#include "os/process.h"
#include "packages/install_log.h"
#include "packages/lock_file.h"
#include "packages/pip.h"
#include "packages/pip_config.h"
#include "registry/package_source.h"

namespace vlmhb::packages {
namespace {

using os::Path;
using registry::PackageSource;
namespace fs = std::filesystem;

constexpr std::chrono::minutes kLongest{60};

struct Spec {
  Path output;
  std::string wheels;                    // "": the configured index
  std::string own_wheels;                // of this program's own Python package; ""
  std::vector<PackageSource> sources;    // `path` as the environment sees it
  std::vector<std::string> local_names;  // of each source, as the lock names it
  std::map<std::string, std::string> environment;
};

// Place -> file of MakePipHome.
std::map<std::string, std::string> HomeLinks(const json::object& parameters) {
  std::map<std::string, std::string> links;
  if (const json::object* places = FindObject(parameters, "pip_home"))
    for (const auto& [place, file] : *places) links[place] = FindString(*places, place);
  return links;
}

Spec ReadSpec(const json::object& spec, const json::object& parameters,
              const std::map<std::string, std::string>& environment) {
  const auto pass = [&](Spec& to, const std::string& name) {
    if (const auto found = environment.find(name); found != environment.end())
      to.environment.insert(*found);
  };
  Spec read{.output = FindString(spec, "output"),
            .wheels = FindString(parameters, "wheels"),
            .own_wheels = FindString(parameters, "own_wheels")};
  if (const json::array* sources = FindArray(parameters, "sources"))
    for (const json::value& item : *sources) {
      if (!item.is_object()) continue;
      const json::object& source = item.get_object();
      read.sources.push_back(registry::PackageFromJson(source));
      read.local_names.push_back(FindString(source, "local"));
    }
  for (const std::string& name : FindStrings(parameters, "environment")) pass(read, name);
  for (const char* name : {"PATH", "HOME", "TMPDIR", "LANG"}) pass(read, name);
  return read;
}

Error NoPython() {
  return Error(ErrorCode::kUnavailable,
               "python3 was not found there; packages need python3 with the modules venv and pip "
               "(on Debian: python3, python3-pip), in the model's image or on this machine");
}

// What it says goes to the end of the log, where it stays if this process is killed.
Result<void> RunPython(const Spec& spec, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "python3");
  const Path log = spec.output / kInstallerLog;
  VLMHB_ASSIGN(const os::Fd fd, os::OpenFile(log, O_WRONLY | O_CREAT | O_APPEND));
  Result<os::Process> python = os::Spawn({.argv = std::move(arguments),
                                          .env = spec.environment,
                                          .working_folder = "/tmp",
                                          .fds = {{1, fd.get()}, {2, fd.get()}}});
  if (!python.ok() && python.error().code() == ErrorCode::kNotFound) return NoPython();
  if (!python.ok()) return python.error();
  const auto status = python->Wait(kLongest);
  if (status.has_value() && status->ok()) return {};
  if (!status.has_value())
    return Error(ErrorCode::kUnavailable,
                 fmt::format("the installer did not end within {} minutes", kLongest.count()));
  VLMHB_ASSIGN(const std::string said, ReadTail(log, kMaxLog));
  return Error(ErrorCode::kUnavailable, WhyPipFailed(said));
}

Result<void> Pip(const Spec& spec, const Path& venv, std::vector<std::string> arguments) {
  std::vector<std::string> words = {"-m",
                                    "pip",
                                    "--python",
                                    (venv / "bin/python").string(),
                                    "install",
                                    "--no-input",
                                    "--progress-bar=off",
                                    "--disable-pip-version-check",
                                    "--no-cache-dir"};
  if (!spec.wheels.empty()) words.insert(words.end(), {"--no-index", "--find-links", spec.wheels});
  if (!spec.own_wheels.empty()) words.insert(words.end(), {"--find-links", spec.own_wheels});
  words.insert(words.end(), arguments.begin(), arguments.end());
  return RunPython(spec, std::move(words));
}

Result<void> MakeVenv(const Spec& spec, const Path& venv) {
  return RunPython(spec, {"-m", "venv", "--without-pip", "--symlinks", venv.string()});
}

// Builders write into a package's folder, which is mounted read-only.
Result<Path> WritableCopy(const PackageSource& source, const Path& scratch, size_t index) {
  const Path copy = scratch / fmt::format("source-{}", index);
  std::error_code error;
  fs::copy(source.path, copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (error) return ErrnoError(error.value(), "cannot copy " + source.path);
  return copy;
}

Result<Interpreter> AskPython(const Spec& spec) {
  const Result<os::Output> output =
      os::RunAndCapture({.argv = {"python3", "-c", kDescribeInterpreter},
                         .env = spec.environment,
                         .working_folder = "/tmp"},
                        kLongest);
  if (!output.ok() && output.error().code() == ErrorCode::kNotFound) return NoPython();
  if (!output.ok()) return output.error();
  if (!output->status.ok()) return Error(ErrorCode::kUnavailable, WhyPipFailed(output->err));
  VLMHB_ASSIGN(const json::value parsed, ParseJson(output->out));
  return InterpreterFromJson(parsed.is_object() ? parsed.get_object() : json::object());
}

// A file of constraints that lets this program's own wheels be taken and nothing else of their
// names, which a stranger could have put on an index. "" if there are none.
Result<Path> ConstrainOwn(const Spec& spec, const Path& scratch) {
  std::string lines;
  std::error_code error;
  for (fs::directory_iterator at(spec.own_wheels, error), end; !error && at != end;
       at.increment(error)) {
    const std::string file = at->path().filename().string();
    lines += fmt::format("{} @ file://{}\n", file.substr(0, file.find('-')), at->path().string());
  }
  if (lines.empty()) return Path();
  const Path constraints = scratch / "constraints.txt";
  VLMHB_TRY(os::WriteFileAtomic(constraints, lines));
  return constraints;
}

Result<void> ResolveSources(const Spec& spec, Lock& lock) {
  VLMHB_ASSIGN(const auto scratch, os::TempFolder::Create(fs::temp_directory_path(), "resolve"));
  const Path venv = scratch->path() / "venv", report = scratch->path() / "report.json";
  VLMHB_TRY(MakeVenv(spec, venv));
  std::vector<std::string> arguments = {"--dry-run", "--ignore-installed", "--report",
                                        report.string()};
  std::vector<std::string> local_paths, local_names;
  for (size_t i = 0; i < spec.sources.size(); ++i) {
    std::string path;
    if (spec.sources[i].type == PackageSource::Type::kLocal) {
      VLMHB_ASSIGN(const Path copy, WritableCopy(spec.sources[i], scratch->path(), i));
      path = copy.string();
      local_paths.push_back(path);
      local_names.push_back(spec.local_names[i]);
    }
    arguments.push_back(Requirement(spec.sources[i], path));
  }
  VLMHB_ASSIGN(const Path constraints, ConstrainOwn(spec, scratch->path()));
  if (!constraints.empty()) arguments.insert(arguments.end(), {"-c", constraints.string()});
  VLMHB_TRY(Pip(spec, venv, arguments));
  VLMHB_ASSIGN(const std::string text, os::ReadFile(report));
  VLMHB_ASSIGN(const json::value parsed, ParseJson(text));
  VLMHB_ASSIGN(lock.packages, PackagesOfReport(parsed, local_paths, local_names));
  lock.installer = "pip " + FindString(parsed.get_object(), "pip_version");
  return {};
}

Result<void> ResolvePackages(const Spec& spec) {
  Lock lock;
  VLMHB_ASSIGN(lock.python, AskPython(spec));
  VLMHB_TRY(WriteInterpreter(spec.output / "python.json", lock.python));
  if (!spec.sources.empty()) VLMHB_TRY(ResolveSources(spec, lock));
  return WriteLock(spec.output / "lock.json", lock);
}

// An editable package is a line in a .pth file: its folder, or src/ in it, is on the path.
Result<void> AddEditable(const PackageSource& source, const Path& venv, size_t index) {
  std::error_code error;
  const Path src = Path(source.path) / "src";
  const std::string line = (fs::is_directory(src, error) ? src.string() : source.path) + "\n";
  for (fs::directory_iterator at(venv / "lib", error), end; !error && at != end;
       at.increment(error))
    VLMHB_TRY(os::WriteFileAtomic(
        at->path() / "site-packages" / fmt::format("vlmhb-source-{}.pth", index), line));
  if (error) return ErrnoError(error.value(), "cannot list " + (venv / "lib").string());
  return {};
}

Result<void> InstallPackages(const Spec& spec, const Lock& lock) {
  VLMHB_ASSIGN(const auto scratch, os::TempFolder::Create(fs::temp_directory_path(), "install"));
  const Path venv = spec.output / "venv";
  VLMHB_TRY(MakeVenv(spec, venv));
  const std::string hashed = HashedRequirements(lock);
  if (!hashed.empty()) {
    const Path file = scratch->path() / "requirements.txt";
    VLMHB_TRY(os::WriteFileAtomic(file, hashed));
    VLMHB_TRY(Pip(spec, venv, {"--require-hashes", "--no-deps", "-r", file.string()}));
  }
  for (const LockedPackage& package : lock.packages)
    if (!package.git.empty())
      VLMHB_TRY(Pip(
          spec, venv,
          {"--no-deps", fmt::format("{} @ git+{}@{}", package.name, package.git, package.commit)}));
  for (size_t i = 0; i < spec.sources.size(); ++i) {
    if (spec.sources[i].type != PackageSource::Type::kLocal) continue;
    if (spec.sources[i].editable) {
      VLMHB_TRY(AddEditable(spec.sources[i], venv, i));
      continue;
    }
    VLMHB_ASSIGN(const Path copy, WritableCopy(spec.sources[i], scratch->path(), i));
    VLMHB_TRY(Pip(spec, venv, {"--no-deps", copy.string()}));
  }
  return WriteLock(spec.output / "lock.json", lock);
}

Result<void> RunByName(const std::string& stage, const json::object& spec,
                       const std::map<std::string, std::string>& environment) {
  const json::object* parameters = FindObject(spec, stage);
  if (parameters == nullptr)
    return Error(ErrorCode::kInvalidConfig, "the spec has no member '" + stage + "'");
  Spec read = ReadSpec(spec, *parameters, environment);
  VLMHB_ASSIGN(const auto home, os::TempFolder::Create(fs::temp_directory_path(), "home"));
  VLMHB_ASSIGN(const auto settings, MakePipHome(home->path(), HomeLinks(*parameters)));
  for (const auto& [name, value] : settings) read.environment[name] = value;
  if (stage == "resolve") return ResolvePackages(read);
  const json::value* lock = parameters->if_contains("lock");
  VLMHB_ASSIGN(const Lock wanted, LockFromJson(lock == nullptr ? json::value() : *lock));
  return InstallPackages(read, wanted);
}

}  // namespace

Result<void> RunPackageStage(const json::object& spec,
                             const std::map<std::string, std::string>& environment) {
  Result<void> done = RunByName(FindString(spec, "stage"), spec, environment);
  const Path output = FindString(spec, "output");
  std::error_code ignored;
  if (done.ok())
    fs::remove(output / kInstallerLog, ignored);
  else
    (void)os::WriteFileAtomic(output / "error.txt", done.error().message());
  return done;
}

}  // namespace vlmhb::packages
