#pragma once
// The Docker Engine API as this project uses it: typed calls, no policy (docker_env_manager.h has
// that). Speaks to Docker and to Podman's compatible service; what differs is in Dialect.
//
// One connection for calls; streams (wait, logs, pull) have their own. All I/O runs on a private
// io_context, driven by the calling thread only: in Poll() and while a call waits for its answer.
// Not thread-safe. Every call ends after `call_timeout` at the latest (kTimeout).
//
// Errors: kUnavailable the engine cannot be reached; kNotFound 404; kPermission 401, 403, a socket
// that may not be opened and a certificate that is refused, by us or by the engine; kInvalidConfig
// 400 and files of certificates; kUnsupported an engine too old or new, or without TLS; kIo a lost
// reply (the call may have been carried out); kInternal everything else, with the engine's own
// message.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "env/env_manager.h"
#include "os/file.h"

namespace vlmhb::docker {

using os::Path;

// Where the engine listens.
struct EngineAddress {
  std::string unix_socket;  // or
  std::string host;         // a name or address, TLS
  uint16_t port = 0;
  // TLS: folder with ca.pem (the only authority that is trusted), cert.pem and key.pem (of the
  // client), read once when the engine is first asked.
  Path certificates;

  // "unix:///run/docker.sock" or "tcp://host:2376"; a tcp address needs `certificates`.
  static Result<EngineAddress> Parse(std::string_view text, const Path& certificates);
  std::string ToString() const;
};

struct EngineInfo {
  bool podman = false;
  std::string version;      // "20.10.24", "4.3.1"
  std::string api_version;  // the one in use
  std::string cgroup_version;
  bool rootless = false;
  bool memory_limit = true;  // whether the engine can set it
  bool pids_limit = true;
  bool gpus = false;  // a runtime or CDI for them is known
  std::vector<std::string> warnings;
};

struct ContainerState {
  std::string id;
  std::string name;
  std::string status;  // "created", "running", "exited", "dead", ...
  int exit_code = 0;
  bool out_of_memory = false;  // somebody in it was killed for memory
  std::string error;
  std::string created_at;
  std::string started_at;   // "" if never
  std::string finished_at;  // "" if not
  std::map<std::string, std::string> labels;
  json::object inspected;  // the engine's whole answer

  // Has been started and has not ended.
  bool running() const {
    return status == "running" || status == "paused" || status == "restarting" ||
           status == "stopping";
  }
};

// The labels of a container or network in an engine's answer; null: none.
std::map<std::string, std::string> TextLabels(const json::object* labels);

// Bytes of a container's standard output and error, in the order in which they came.
using LogListener = std::function<void(std::string_view)>;

// What a stream was opened for; destroying it closes it.
class EngineStream {
 public:
  virtual ~EngineStream() = default;
  virtual bool ended() const = 0;
  virtual const std::optional<Error>& error() const = 0;  // why it ended before its time
};

class Engine {
 public:
  struct Options {
    EngineAddress address;
    Path docker_config;  // config.json with registry credentials; "" or absent: none
    std::chrono::milliseconds call_timeout{60'000};
    std::chrono::milliseconds pull_stall{600'000};  // a pull that says nothing for so long fails
    std::map<std::string, std::string> helper_env;  // of credential helpers; empty: PATH and HOME
  };
  // Connects nowhere yet.
  explicit Engine(Options options);
  ~Engine();

  // Negotiates the API version (GET /_ping) and asks what the engine is and can. Cached.
  Result<EngineInfo> Info();

  // Runs I/O until something has happened or `timeout` is over.
  void Poll(std::chrono::milliseconds timeout);

  // The id of the image, "sha256:...". kNotFound if it is not here.
  Result<std::string> ImageId(const std::string& reference);
  // What `docker inspect` says of the image (Config.User, Architecture, RepoDigests, Size).
  Result<json::object> InspectImage(const std::string& reference);
  // Pulls "name:tag" or "name@sha256:..." with the credentials of its registry. Blocks; the
  // progress is that of layers downloaded. An error line in the stream is an error.
  Result<void> PullImage(const std::string& reference, const env::PullListener& listener);
  // Loads a docker-archive tar.
  Result<void> LoadImage(std::string_view tar);

  // `body` is the JSON of POST /containers/create. An existing container of that name: kInternal
  // unless its labels are those of `body`, then its id (a reply was lost). kUnsupported: a folder
  // to be mounted is not on the machine of an engine at a tcp address.
  Result<std::string> CreateContainer(const std::string& name, const json::object& body);
  // Starts a container that is merely created; does nothing to one that runs or has run.
  Result<void> StartContainer(const std::string& name);
  Result<ContainerState> InspectContainer(const std::string& name);
  // Of those with these labels ("": any value): id, name, status, created_at and labels.
  Result<std::vector<ContainerState>> ListContainers(
      const std::map<std::string, std::string>& labels);
  Result<json::object> Stats(const std::string& name);  // one shot; kNotFound if not running
  // kNotFound if there is none; one that does not run is fine.
  Result<void> KillContainer(const std::string& name, const std::string& signal);
  Result<void> RemoveContainer(const std::string& name);  // by force; absent is fine

  Result<std::string> CreateNetwork(const std::string& name, const json::object& body);
  Result<json::array> ListNetworks(const std::map<std::string, std::string>& labels);
  Result<void> RemoveNetwork(const std::string& name);  // absent is fine

  // Streams: the listener is called in Poll and in every other call; it must not call the engine.
  //
  // Ends when the container is not running any more. REQUIRES: it was started.
  std::unique_ptr<EngineStream> Wait(const std::string& name);
  // Everything from the container's first byte on, following it to its end. REQUIRES: it was
  // started. Podman can miss an end that comes at the moment of the call: where Wait has ended and
  // this does not within a second or so, open it anew, and it gives everything and ends.
  std::unique_ptr<EngineStream> FollowLogs(const std::string& name, LogListener listener);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vlmhb::docker
