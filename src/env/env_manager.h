#pragma once
// One interface, many environments. An EnvManager prepares an isolated place, shows it some
// folders, runs one command in it, and takes all of it away again. It knows nothing of experiments
// or stages.
//
//   setup() -> mount_data()* -> run() -> status()* / stop() -> cleanup()
//
// Where capabilities().reattach holds, a command outlives the process that started it: everything
// made carries the labels of its EnvSpec (id, identity, workspace) and its owner, so that another
// process finds it (Reattach) or removes it (List, Remove). Logs: all that the command wrote to its
// standard output and error is in Command::log once Status is no longer Running.
//
// Called from one thread, the orchestrator's. Every call is bounded in time; WaitForChange is the
// only one that waits. cleanup() is idempotent and frees everything, whatever state the environment
// is in.

#include <chrono>
#include <cstdint>
#include <functional>
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
  bool cpu_limit = false;
  bool gpu = false;
  bool images = false;    // EnvSpec::image is what a command runs in; else this machine's system
  bool reattach = false;  // commands outlive this process
  std::vector<std::string>
      warnings;  // what is not enforced here, and why; shown in manifest and report
};

enum class Network {
  kNone,     // no interface but loopback
  kOutside,  // whatever this machine reaches, for installs and remote backends
};

struct EnvSpec {
  std::string id;  // unique name and label: <experiment>-<run>-<stage>, slug
  Network network = Network::kNone;
  std::string identity;       // of the stage; a reattached command must have it
  std::string workspace;      // label: whose environments these are; an absolute path
  std::string image;          // where capabilities().images; "": an empty one (vlmhb needs none)
  int64_t cpus = 0;           // cores' worth of time; 0: no limit
  int64_t memory_bytes = 0;   // limit for the whole process tree; 0: none
  int64_t max_processes = 0;  // processes and threads; 0: none
  int64_t gpus = 0;           // Setup or Run fails where they are not there
  std::vector<std::string> gpu_ids;  // which ones, as the driver names them; empty: any `gpus`
  int64_t tmp_bytes = 1 << 30;       // size of the private /tmp
};

// An image as it is here.
struct Image {
  std::string reference;  // as asked for
  std::string digest;     // "sha256:...", of its content; "" where capabilities().images is false
};
enum class Pull { kNever, kIfMissing };
struct PullProgress {
  int64_t layers_done = 0;
  int64_t layers_total = 0;
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;  // grows while layers are found
};
using PullListener = std::function<void(const PullProgress&)>;

// Something that a process of vlmhb made and that still exists.
struct Leftover {
  std::string kind;         // "container", "network", "cgroup", "folder"
  std::string name;         // for Remove and for people
  std::string id;           // of its environment
  std::string identity;     // of its stage
  std::string workspace;    // "" if unknown
  std::string state;        // "running", "exited", ...
  std::string created_at;   // UTC; "" if unknown
  bool owner_alive = true;  // whether the process that made it runs still
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

  // Makes `reference` usable and says what it is. kNotFound if it is not here (kNever) or nowhere;
  // kPermission, kUnavailable if it cannot be pulled. May take long; `listener` may be empty.
  virtual Result<Image> PrepareImage(const std::string& reference, Pull pull,
                                     const PullListener& listener) = 0;

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

  // Takes over the environment `spec.id` that an ended process has started: afterwards Status,
  // Stop, Describe and Cleanup work as if this process had, and `log` is complete at the end. The
  // limits are those it was started with. kNotFound if there is none, if its command was never
  // started, or if it has another identity; what is there is removed then.
  virtual Result<void> Reattach(const EnvSpec& spec, const Path& log) = 0;

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

  // What processes of vlmhb have made here, this one's included, oldest first.
  virtual Result<std::vector<Leftover>> List() = 0;
  // Kills and removes it. Idempotent.
  virtual Result<void> Remove(const Leftover& leftover) = 0;
};

}  // namespace vlmhb::env
