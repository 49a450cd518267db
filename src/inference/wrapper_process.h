#pragma once
// The API wrapper as a child process of the stage: started, waited for until its model is loaded,
// started again within a small budget when it dies, stopped. One event loop thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/client.h"
#include "http/endpoint.h"
#include "http/signal.h"
#include "os/file.h"
#include "os/process.h"

namespace vlmhb::inference {

namespace asio = boost::asio;

struct WrapperOptions {
  std::vector<std::string> argv;           // without --spec
  std::map<std::string, std::string> env;  // its whole environment
  json::object spec;                       // wrapper.json, without `listen` and `log`
  os::Path temp;                           // a folder for the socket and the spec
  os::Path log;                            // the wrapper's and the plug-ins' standard error
  Millis load_timeout{600'000};
};

class WrapperProcess {
 public:
  WrapperProcess(asio::any_io_executor executor, WrapperOptions options);
  ~WrapperProcess();  // as Stop(0)

  // Returns when requests will be served: starts the wrapper if it does not run and waits until its
  // model is loaded. May be called by many coroutines at once. kUnavailable if it cannot be
  // started, cannot load the model or has died too often, with its last log lines; kCancelled after
  // Cancel().
  asio::awaitable<Result<void>> EnsureReady();

  enum class Health { kServing, kRestarted };
  // To be called after a request failed for a reason that may be the wrapper's: finds out whether
  // it still serves, and starts it again if it has died. kRestarted: it is no longer the one that
  // starts() counted as `starts_before` the request. Errors as EnsureReady().
  asio::awaitable<Result<Health>> Recover(int starts_before);

  // A sample was answered: deaths before it do not count against the budget any more.
  void NoteProgress() { starts_left_ = kMaxStarts; }
  // Waits in progress end with kCancelled.
  void Cancel();
  // SIGTERM, then SIGKILL after `grace`. Blocks until the process has ended.
  void Stop(Millis grace);

  const http::Endpoint& endpoint() const { return endpoint_; }
  // How often it has been started.
  int starts() const { return starts_; }

 private:
  static constexpr int kMaxStarts = 4;  // one more than a sample that kills it is asked

  Result<void> Spawn();
  asio::awaitable<Result<void>> Start();
  asio::awaitable<Result<void>> WaitUntilLoaded();
  // What GET /health says: nothing when it cannot be asked.
  struct Answer {
    std::string status;
    std::string error;
  };
  asio::awaitable<std::optional<Answer>> AskHealth();
  asio::awaitable<void> WaitForEnd(int starts_before);
  bool Ended() { return process_.Poll().has_value(); }
  Error EndedError(std::string_view when);
  Error UnavailableError(const std::string& why);

  asio::any_io_executor executor_;
  WrapperOptions options_;
  std::unique_ptr<os::TempFolder> folder_;
  http::Endpoint endpoint_;
  os::Process process_;
  bool running_ = false;   // has been started and not been found dead
  bool starting_ = false;  // some coroutine is in Start()
  bool cancelled_ = false;
  int starts_left_ = kMaxStarts;
  int starts_ = 0;
  std::optional<Error> failed_;
  http::Signal changed_;
};

// The last lines of a file, at most `bytes`; "" if it cannot be read.
std::string TailOf(const os::Path& path, size_t bytes);

}  // namespace vlmhb::inference
