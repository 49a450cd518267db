#pragma once
// Dynamic Dependency Injection: the packages that a registry entry names become a read-only layer
// that its stages mount.
//
//   sources --resolve--> lock --install--> layer <cache>/<key>/ {venv/ lock.json}
//
// Resolving and installing run `vlmhb stage` (stage "resolve" or "install") in an environment of
// their own, with the network on (off where a folder of wheels is given), since installing runs
// code of strangers. A layer is built beside its place and renamed: it is there whole or not at
// all. Two processes that want one build it once (a lock file). A request is known by what it says
// and by the Python it is for, so a lock serves every machine with such a Python; a layer's key is
// the digest of its lock and of that very interpreter (its version and path, the C library, the
// image).
//
// Inside environments a layer is always /data/layer (for --sandbox none: the host's path), its
// interpreter /data/layer/venv/bin/python. Not thread-safe.

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env_manager.h"
#include "packages/lock.h"
#include "registry/entry.h"

namespace vlmhb::packages {

using os::Path;

struct Request {
  std::vector<registry::PackageSource> sources;
  Path folder;               // of the entry: local packages are known by their path from here
  std::string image;         // where the environment has images
  std::string image_digest;  // its digest; "" elsewhere
};

struct Layer {
  std::string key;
  Path folder;  // on this machine; mount it read-only as "layer"
  Lock lock;
  std::map<std::string, Path> sources;  // mount name -> folder of each editable package
};

struct InjectorOptions {
  Path cache;    // <workspace>/cache/env
  Path program;  // the vlmhb file
  Path wheels;   // folder of wheels: nothing else is used then, and no network
  // Folder with the wheel of the Python package vlmhyperbench that this program brings along;
  // packages that need it get it from there. "": none.
  Path own_wheels;
  std::string workspace;
  // Variables for installs: PIP_*, *_proxy, certificates. With HOME and XDG_CONFIG_HOME the user's
  // configuration of pip is used too (pip_config.h); these two are not passed on.
  std::map<std::string, std::string> settings;
  std::optional<LockFile> locked;              // exactly these are installed
  std::function<void(std::string_view)> tell;  // one line of progress; may be empty
  const std::atomic<bool>* stop = nullptr;     // true: what runs is ended, kCancelled
};

class Injector {
 public:
  // `environments` must outlive it.
  Injector(env::EnvManager& environments, InjectorOptions options);

  // The lock of the request: from `locked` (kInvalidConfig with the command to type if it is not
  // there), from the cache, or resolved now. An error is the resolver's own message.
  Result<Lock> Resolve(const Request& request);

  // The layer if it is in the cache; kNotFound else; kCorrupt if it is damaged. Starts nothing.
  Result<Layer> Find(const Request& request);

  // The layer, built if it is not there. On failure nothing is left but the log that the error
  // names.
  Result<Layer> Ensure(const Request& request);

 private:
  class StageRun;
  struct Identity;

  // Asks the environment's Python what it is, if that is not known yet and `may_ask`.
  Result<Identity> Identify(const Request& request, bool may_ask);
  Result<Interpreter> PythonOf(const Request& request, bool may_ask);
  // From the lock file or the cache; kNotFound if it is to be resolved.
  Result<Lock> KnownLock(const Identity& identity) const;
  Result<Lock> ResolveNow(const Request& request, const Identity& identity);
  Layer LayerOf(const Request& request, const Identity& identity, const Lock& lock) const;
  // Waits while another process works in the cache, and removes what dead ones left there.
  Result<os::FileLock> LockCache();
  void Tell(std::string_view line) const;

  env::EnvManager& environments_;
  InjectorOptions options_;
};

}  // namespace vlmhb::packages
