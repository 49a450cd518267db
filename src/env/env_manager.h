#pragma once
// One interface, many environments. An EnvManager prepares an isolated place, shows it some
// folders, runs one command in it, and takes all of it away again. It knows nothing of experiments
// or stages.
//
//   setup() -> mount_data()* -> run() -> status()* / stop() -> cleanup()
//
// Called from one thread, the orchestrator's. Every call is bounded in time; WaitForChange is the
// only one that waits. cleanup() is idempotent and frees everything, whatever state the environment
// is in.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "os/file.h"

namespace vlmhb::env {

using os::Path;

// What an implementation can do, as data: the core asks this and never the type.
struct Capabilities {
  std::string name;                   // "process", for manifests and messages
  bool filesystem_isolation = false;  // a stage sees only what is mounted
  bool network_isolation = false;     // Network::kNone is enforced
  bool memory_limit = false;
  bool process_limit = false;
  bool gpu = false;
  std::vector<std::string>
      warnings;  // what is not enforced here, and why; shown in manifest and report
};

enum class Network {
  kNone,  // no interface but loopback
  kHost,  // the host's network, for backends that need it
};

struct EnvSpec {
  std::string id;  // unique name and label: <experiment>-<run>-<stage>, slug
  Network network = Network::kNone;
  int64_t memory_bytes = 0;     // limit for the whole process tree; 0: none
  int64_t max_processes = 0;    // processes and threads; 0: none
  int64_t gpus = 0;             // must be refused where capabilities().gpu is false
  int64_t tmp_bytes = 1 << 30;  // size of the private /tmp
};

enum class Access { kReadOnly, kReadWrite };

struct Command {
  std::vector<std::string> argv;           // paths as the environment sees them
  std::map<std::string, std::string> env;  // the whole environment, but PATH, HOME, TMPDIR, LANG
  Path log;  // host file; standard output and error are appended to it
  std::optional<std::chrono::milliseconds> timeout;  // the whole tree is killed after it
};

// How a command ended. A result, never an Error: an Error means that the environment is broken.
struct Exited {
  int code = 0;
};
struct Signaled {
  int signal = 0;
  bool out_of_memory = false;
};
struct TimedOut {};
struct Lost {
  std::string reason;
};  // it can no longer be known
struct Running {};
using TaskStatus = std::variant<Running, Exited, Signaled, TimedOut, Lost>;

std::string ToString(const TaskStatus& status);

class EnvManager {
 public:
  virtual ~EnvManager() = default;

  virtual const Capabilities& capabilities() const = 0;  // constant for life

  // Whether environments can be made here now. kUnavailable says why not and what to do. Cheap.
  virtual Result<void> Probe() = 0;

  // Prepares the environment `spec.id`. kUnavailable if it cannot be had; kInvalidConfig for a spec
  // this implementation cannot honour (a GPU that is not there).
  virtual Result<void> Setup(const EnvSpec& spec) = 0;

  // Makes host folder or file `host` visible; the returned path is how the command sees it, for
  // instance
  // "/data/<name>". `name` is a slug, unique in the environment. REQUIRES: Setup, before Run.
  virtual Result<std::string> MountData(const std::string& id, const Path& host,
                                        const std::string& name, Access access) = 0;

  // Starts the command. REQUIRES: Setup; once per environment.
  virtual Result<void> Run(const std::string& id, const Command& command) = 0;

  // Of a started command. Reaps; the same answer for ever once it ended; whatever else of its tree
  // can be reached has been killed then. Lost if it was never started.
  virtual TaskStatus Status(const std::string& id) = 0;

  // Asks the command to end (SIGTERM); the whole tree is killed when `grace` is over. Returns at
  // once; Status() tells.
  virtual void Stop(const std::string& id, std::chrono::milliseconds grace) = 0;

  // Waits until some command may have ended or `timeout` is over. Never longer.
  virtual void WaitForChange(std::chrono::milliseconds timeout) = 0;

  // Kills what runs and removes what was made. Idempotent.
  virtual Result<void> Cleanup(const std::string& id) = 0;

  // What the environment is, for the manifest: engine and version, limits in force (null: none),
  // mounts, network, and what was observed so far ("observed": peak_memory_bytes,
  // out_of_memory_kills; call it between the end and Cleanup for these). Empty for an unknown id.
  virtual json::object Describe(const std::string& id) const = 0;
};

}  // namespace vlmhb::env
