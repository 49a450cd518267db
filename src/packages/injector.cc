#include "packages/injector.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/hash.h"
#include "base/text.h"
#include "env/lone_stage.h"
#include "os/file_hash.h"
#include "os/system.h"
#include "packages/install_log.h"
#include "packages/lock_file.h"
#include "packages/pip_config.h"
#include "registry/package_source.h"

namespace vlmhb::packages {
namespace {

using registry::PackageSource;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr int64_t kInstallMemory = 4'000'000'000;
constexpr int64_t kInstallProcesses = 512;
constexpr int64_t kInstallTmp = 8'000'000'000;
constexpr milliseconds kTick{100};
constexpr std::chrono::hours kLongest{2};

// Names and contents of everything below `folder`, but what builds and version control leave there.
Result<std::string> FolderDigest(const Path& folder) {
  std::vector<Path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool skipped =
        name == ".git" || name == "__pycache__" || (name == "build" && at.depth() == 0);
    if (at->is_directory() && skipped)
      at.disable_recursion_pending();
    else if (at->is_regular_file())
      files.push_back(at->path());
  }
  if (error) return ErrnoError(error.value(), "cannot read " + folder.string());
  std::sort(files.begin(), files.end());
  Sha256 hash;
  for (const Path& file : files) {
    VLMHB_ASSIGN(const std::string digest, os::Sha256OfFile(file));
    hash.UpdateField(file.lexically_relative(folder).string()).UpdateField(digest);
  }
  return hash.HexDigest();
}

// Local packages are known by this: their path from the entry that names them.
std::string LocalName(const Request& request, const PackageSource& source) {
  const std::string name = Path(source.path).lexically_relative(request.folder).string();
  return name.empty() ? source.path : name;
}

// What identifies a request, the same on every machine: its sources as the entry has them, and what
// local folders hold.
Result<json::array> DescribeRequest(const Request& request) {
  json::array sources;
  for (const PackageSource& source : request.sources) {
    // Whoever made the request: nothing of it is written from here on.
    if (registry::HoldsCredentials(source.url))
      return Error(
          ErrorCode::kInvalidConfig,
          "the URL of a git package has credentials in it; let git's own configuration, or "
          "an ssh:// URL, have them");
    json::object object = registry::PackageToJson(source);
    if (source.type == PackageSource::Type::kLocal) {
      object["path"] = LocalName(request, source);
      if (!source.editable) {
        VLMHB_ASSIGN(object["content_sha256"], FolderDigest(source.path));
      }
    }
    sources.push_back(std::move(object));
  }
  return sources;
}

// Tells cheaply whether this machine's Python may be another one than before.
std::string HostPythonStamp() {
  // In the order of PATH, as environments have it.
  for (const char* file : {"/usr/local/bin/python3", "/usr/bin/python3", "/bin/python3"}) {
    std::error_code error;
    const Path real = fs::canonical(file, error);
    const auto stamp = os::StampOf(real);
    if (!error && stamp.ok()) return fmt::format("{} {}", real.string(), stamp->ToString());
  }
  return "no python";
}

std::string SourceName(size_t index) { return fmt::format("source-{}", index); }

Error Stopped() { return Error(ErrorCode::kCancelled, "stopped"); }

Error NotInstalled() { return Error(ErrorCode::kNotFound, "its packages are not installed yet"); }

// kCorrupt unless `folder` has what makes it the layer of `lock`.
Result<void> CheckLayer(const Path& folder, const Lock& lock) {
  const Result<Lock> written = ReadLock(folder / "lock.json");
  if (!written.ok()) return Error(ErrorCode::kCorrupt, written.error().ToString());
  std::error_code ignored;
  if (!fs::is_symlink(folder / "venv/bin/python", ignored))
    return Error(ErrorCode::kCorrupt, "it has no interpreter");
  if (written->Digest() != lock.Digest())
    return Error(ErrorCode::kCorrupt, "it is of another lock");
  return {};
}

// A layer appears whole; one that is not was changed later, and what ran with it cannot be told.
Result<bool> IsThere(const Layer& layer) {
  std::error_code ignored;
  if (!fs::is_directory(layer.folder, ignored)) return false;
  const Result<void> whole = CheckLayer(layer.folder, layer.lock);
  if (whole.ok()) return true;
  return Error(
      ErrorCode::kCorrupt,
      fmt::format("the layer of packages {} is damaged: {}. To do: remove that folder, and "
                  "it is installed again",
                  layer.folder.string(), whole.error().ToString()));
}

// A folder that is gone again unless it was kept.
class BuildFolder {
 public:
  explicit BuildFolder(Path path) : path_(std::move(path)) {}
  ~BuildFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;
  const Path& path() const { return path_; }
  // What appears at `place` is whole, also after a power cut: a rename may reach the disk before
  // the thousands of files that pip wrote, so they go first, by one call for the file system.
  Result<void> MoveTo(const Path& place) {
    VLMHB_ASSIGN(const os::Fd folder, os::OpenFile(path_, O_RDONLY | O_DIRECTORY));
    if (::syncfs(folder.get()) != 0) return ErrnoError(errno, "cannot sync " + path_.string());
    std::error_code error;
    fs::rename(path_, place, error);
    if (error) return ErrnoError(error.value(), "cannot make " + place.string());
    path_.clear();
    return os::SyncFolder(place.parent_path());
  }

 private:
  Path path_;
};

}  // namespace

// One stage "resolve" or "install" in an environment of its own.
class Injector::StageRun {
 public:
  // `folder` has output/, where the stage writes, and gets its spec and log.
  StageRun(env::EnvManager& environments, const InjectorOptions& options, const Request& request,
           Path folder)
      : options_(options),
        request_(request),
        folder_(std::move(folder)),
        stage_(environments,
               {.id = Slug("packages-" + folder_.filename().string()),
                .network = options.wheels.empty() ? env::Network::kOutside : env::Network::kNone,
                .workspace = options.workspace,
                .image = request.image,
                .memory_bytes = kInstallMemory,
                .max_processes = kInstallProcesses,
                .tmp_bytes = kInstallTmp},
               options.stop) {}

  Result<void> Run(const std::string& stage, json::object parameters) {
    const Path output = folder_ / "output";
    VLMHB_TRY(os::MakeFolders(output));
    VLMHB_TRY(stage_.Open());
    env::LoneStage::Invocation invocation{.stage = stage, .folder = folder_, .timeout = kLongest};
    VLMHB_ASSIGN(invocation.program, stage_.Mount(options_.program, "vlmhb"));
    VLMHB_ASSIGN(invocation.output, stage_.Mount(output, "layer", env::Access::kReadWrite));
    VLMHB_TRY(MountWheels(parameters));
    VLMHB_ASSIGN(parameters["sources"], MountSources());
    invocation.variables = options_.settings;
    VLMHB_ASSIGN(parameters["pip_home"], MountSettings(invocation.variables));
    json::array names;
    for (const auto& [name, value] : invocation.variables) names.emplace_back(name);
    parameters["environment"] = std::move(names);
    invocation.parameters = std::move(parameters);
    VLMHB_ASSIGN(const env::TaskStatus status, stage_.Run(std::move(invocation)));
    const auto* exited = std::get_if<env::Exited>(&status);
    if (exited != nullptr && exited->code == 0) return {};
    return Failed(status);
  }

 private:
  Result<std::string> Mount(const Path& host, const std::string& name) {
    return stage_.Mount(host, name);
  }

  Result<void> MountWheels(json::object& parameters) {
    if (!options_.wheels.empty()) {
      VLMHB_ASSIGN(parameters["wheels"], Mount(options_.wheels, "wheels"));
    }
    if (!options_.own_wheels.empty()) {
      VLMHB_ASSIGN(parameters["own_wheels"], Mount(options_.own_wheels, "own-wheels"));
    }
    return {};
  }

  Result<json::array> MountSources() {
    json::array sources;
    for (size_t i = 0; i < request_.sources.size(); ++i) {
      const PackageSource& source = request_.sources[i];
      json::object object = registry::PackageToJson(source);
      if (source.type == PackageSource::Type::kLocal) {
        object["local"] = LocalName(request_, source);
        VLMHB_ASSIGN(object["path"], Mount(source.path, SourceName(i)));
      }
      sources.push_back(std::move(object));
    }
    return sources;
  }

  // Mounts what pip's configuration consists of; `environment` is then as it is inside, and the
  // result is MakePipHome's links.
  Result<json::object> MountSettings(std::map<std::string, std::string>& environment) {
    json::object places;
    for (const ShownFile& shown : FilesOfPip(options_.settings)) {
      VLMHB_ASSIGN(const std::string guest, Mount(shown.file, shown.name));
      if (!shown.place.empty()) places[shown.place] = guest;
      if (!shown.variable.empty()) environment[shown.variable] = guest;
    }
    for (const char* name : {"HOME", "XDG_CONFIG_HOME"}) environment.erase(name);
    return places;
  }

  Error Failed(const env::TaskStatus& status) const {
    const Path output = folder_ / "output";
    const auto told = os::ReadUntrustedFile(output / "error.txt", 64u << 10);
    std::string why =
        told.ok() ? std::string(Trim(*told)) : "the installer ended with " + env::ToString(status);
    const Path kept = options_.cache / "failed.log";
    if (KeepLogs({output / kInstallerLog, folder_ / "log"}, kept))
      why += fmt::format(". All that it said: {}", kept.string());
    return Error(ErrorCode::kUnavailable, std::move(why));
  }

  const InjectorOptions& options_;
  const Request& request_;
  Path folder_;
  env::LoneStage stage_;
};

struct Injector::Identity {
  json::array request;
  Interpreter python;
  std::string key;
};

Injector::Injector(env::EnvManager& environments, InjectorOptions options)
    : environments_(environments), options_(std::move(options)) {}

Result<Interpreter> Injector::PythonOf(const Request& request, bool may_ask) {
  const std::string where = request.image_digest.empty() ? HostPythonStamp() : request.image_digest;
  const Path known = options_.cache / "pythons" / (Sha256Hex(where) + ".json");
  Result<Interpreter> python = ReadInterpreter(known);
  if (python.ok()) return python;
  if (!may_ask) return NotInstalled();
  const BuildFolder folder(options_.cache /
                           os::OwnedName("python-" + Sha256Hex(where).substr(0, 12)));
  Request nothing = request;
  nothing.sources.clear();
  VLMHB_TRY(StageRun(environments_, options_, nothing, folder.path()).Run("resolve", {}));
  python = ReadInterpreter(folder.path() / "output" / "python.json");
  if (!python.ok()) return std::move(python).error().With("asking which Python is there");
  VLMHB_TRY(os::MakeFolders(known.parent_path()));
  VLMHB_TRY(WriteInterpreter(known, *python));
  return python;
}

Result<Injector::Identity> Injector::Identify(const Request& request, bool may_ask) {
  Identity identity;
  VLMHB_ASSIGN(identity.request, DescribeRequest(request));
  VLMHB_ASSIGN(identity.python, PythonOf(request, may_ask));
  identity.key = RequestKey(identity.request, identity.python);
  return identity;
}

Result<Lock> Injector::KnownLock(const Identity& identity) const {
  if (options_.locked.has_value())
    return FindLock(*options_.locked, identity.request, identity.python);
  const Path file = options_.cache / "locks" / (identity.key + ".json");
  Result<Lock> lock = ReadLock(file);
  if (lock.ok() || lock.error().code() == ErrorCode::kNotFound) return lock;
  // Resolving again would silently give other versions.
  return std::move(lock).error().With(fmt::format(
      "reading {}; to do: remove it, and the packages are resolved anew", file.string()));
}

Result<Lock> Injector::Resolve(const Request& request) {
  if (const Result<Identity> identity = Identify(request, false); identity.ok()) {
    Result<Lock> known = KnownLock(*identity);
    if (known.ok() || known.error().code() != ErrorCode::kNotFound) return known;
  }
  VLMHB_ASSIGN(const os::FileLock held, LockCache());
  VLMHB_ASSIGN(const Identity identity, Identify(request, true));
  return ResolveNow(request, identity);
}

// REQUIRES: the cache is locked.
Result<Lock> Injector::ResolveNow(const Request& request, const Identity& identity) {
  Result<Lock> known = KnownLock(identity);  // another process may have resolved it meanwhile
  if (known.ok() || known.error().code() != ErrorCode::kNotFound) return known;
  Tell("resolving packages");
  const BuildFolder folder(options_.cache / os::OwnedName("resolve-" + identity.key.substr(0, 12)));
  VLMHB_TRY(StageRun(environments_, options_, request, folder.path()).Run("resolve", {}));
  VLMHB_ASSIGN(Lock lock, ReadLock(folder.path() / "output" / "lock.json"));
  lock.request = identity.request;
  for (LockedPackage& package : lock.packages)
    for (size_t i = 0; i < request.sources.size(); ++i) {
      const json::object& source = identity.request.at(i).as_object();
      if (package.local.empty() || LocalName(request, request.sources[i]) != package.local)
        continue;
      package.editable = request.sources[i].editable;
      package.content_sha256 = FindString(source, "content_sha256");
    }
  VLMHB_TRY(os::MakeFolders(options_.cache / "locks"));
  VLMHB_TRY(WriteLock(options_.cache / "locks" / (identity.key + ".json"), lock));
  return lock;
}

Layer Injector::LayerOf(const Request& request, const Identity& identity, const Lock& lock) const {
  Sha256 hash;
  hash.UpdateField(lock.Digest());
  hash.UpdateField(ToCanonicalJson(InterpreterToJson(identity.python)));
  hash.UpdateField(request.image_digest);
  Layer layer{.lock = lock};
  for (size_t i = 0; i < request.sources.size(); ++i) {
    if (!request.sources[i].editable) continue;
    layer.sources[SourceName(i)] = request.sources[i].path;
    // The layer of an editable package holds its path as the environment sees it.
    hash.UpdateField(environments_.capabilities().filesystem_isolation ? SourceName(i)
                                                                       : request.sources[i].path);
  }
  layer.key = hash.HexDigest();
  layer.folder = options_.cache / layer.key;
  return layer;
}

Result<Layer> Injector::Find(const Request& request) {
  VLMHB_ASSIGN(const Identity identity, Identify(request, false));
  Result<Lock> lock = KnownLock(identity);
  if (!lock.ok() && lock.error().code() == ErrorCode::kNotFound) return NotInstalled();
  if (!lock.ok()) return std::move(lock).error();
  Layer layer = LayerOf(request, identity, *lock);
  VLMHB_ASSIGN(const bool there, IsThere(layer));
  if (!there) return NotInstalled();
  return layer;
}

Result<os::FileLock> Injector::LockCache() {
  VLMHB_TRY(os::MakeFolders(options_.cache));
  const Path file = options_.cache / "lock";
  Result<os::FileLock> lock = os::FileLock::TryLock(file);
  if (!lock.ok()) Tell("waiting for another vlmhb that installs packages here");
  while (!lock.ok() && lock.error().code() == ErrorCode::kUnavailable) {
    if (options_.stop != nullptr && options_.stop->load()) return Stopped();
    environments_.WaitForChange(kTick);
    lock = os::FileLock::TryLock(file);
  }
  if (lock.ok()) os::RemoveOrphans(options_.cache);
  return lock;
}

Result<Layer> Injector::Ensure(const Request& request) {
  if (options_.stop != nullptr && options_.stop->load()) return Stopped();
  Result<Layer> found = Find(request);
  if (found.ok() || found.error().code() != ErrorCode::kNotFound) return found;
  VLMHB_ASSIGN(const os::FileLock held, LockCache());
  VLMHB_ASSIGN(const Identity identity, Identify(request, true));
  VLMHB_ASSIGN(const Lock lock, ResolveNow(request, identity));
  Layer layer = LayerOf(request, identity, lock);
  VLMHB_ASSIGN(const bool there, IsThere(layer));
  if (there) return layer;
  Tell(fmt::format("installing {} packages", lock.packages.size()));
  const BuildFolder folder(options_.cache / os::OwnedName("layer-" + layer.key.substr(0, 12)));
  VLMHB_TRY(StageRun(environments_, options_, request, folder.path())
                .Run("install", {{"lock", LockToJson(lock)}}));
  BuildFolder built(folder.path() / "output");
  VLMHB_TRY(CheckLayer(built.path(), lock));
  VLMHB_TRY(built.MoveTo(layer.folder));
  return layer;
}

void Injector::Tell(std::string_view line) const {
  if (options_.tell) options_.tell(line);
}

}  // namespace vlmhb::packages
