#pragma once
// Dynamic Dependency Injection: the packages that a registry entry names become a read-only layer
// that its stages mount.
//
//   sources --resolve--> lock --install--> layer <cache>/<key>/ {venv/ lock.json}
//
// Resolving and installing run `vlmhb stage` (stage "resolve" or "install") in an environment of
// their own, with the network on (off where a folder of wheels is given), since installing runs
// code of strangers. A layer is built beside its place and renamed: it is there whole or not at
// all. Two processes that want one key build it once (a lock file). Keys are content addresses: the
// lock's digest and the system's (image digest, or the interpreter of this machine).
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

namespace vlmhb::packages {

using os::Path;

struct Request {
  std::vector<registry::PackageSource> sources;  // local paths absolute
  std::string image;                             // where the environment has images
  std::string image_digest;                      // its digest; "" elsewhere
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
  std::string workspace;
  std::map<std::string, std::string> settings;  // PIP_*, UV_*, *_proxy, SSL_CERT_FILE for installs
  std::optional<LockFile> locked;               // exactly these are installed
  std::function<void(std::string_view)> tell;   // one line of progress; may be empty
  const std::atomic<bool>* stop = nullptr;      // true: what runs is ended, kCancelled
};

class Injector {
 public:
  // `environments` must outlive it.
  Injector(env::EnvManager& environments, InjectorOptions options);

  // A digest of the request, without asking anybody: sources (a local folder's content included),
  // system, architecture.
  Result<std::string> RequestKey(const Request& request) const;

  // The lock of the request: from `locked` (kInvalidConfig with the command to type if it is not
  // there), from the cache, or resolved now. An error is the resolver's own message.
  Result<Lock> Resolve(const Request& request);

  // The layer if it is in the cache; kNotFound else. Starts nothing.
  Result<Layer> Find(const Request& request);

  // The layer, built if it is not there. On failure nothing is left but the log that the error
  // names.
  Result<Layer> Ensure(const Request& request);

 private:
  class StageRun;

  // From the lock file or the cache.
  Result<Lock> KnownLock(const std::string& request_key) const;
  Result<Layer> LayerOf(const Request& request, const Lock& lock) const;
  // Waits while another process builds the layer.
  Result<os::FileLock> LockKey(const std::string& key);
  void Tell(std::string_view line) const;

  env::EnvManager& environments_;
  InjectorOptions options_;
};

}  // namespace vlmhb::packages
