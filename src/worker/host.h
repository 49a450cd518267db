#pragma once
// The blocking side of a plug-in's host: one process, greeted, loaded, asked one request at a time,
// killed when it breaks the rules (docs/formats/plugin-protocol.md). For metrics and tasks; models
// are served by the API wrapper. Not thread-safe.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "worker/channel.h"
#include "worker/child.h"

namespace vlmhb::worker {

struct HostOptions {
  ChildCommand command;
  std::string kind;  // what its `hello` must say
  json::object load_params;
  Millis hello_timeout{10'000};
  Millis load_timeout{600'000};
  // Between the request and the first message of the answer, and between two of its messages.
  Millis idle_timeout{120'000};
  Millis shutdown_grace{2'000};
  std::function<void(std::string_view line)> log;  // its standard error; may be empty
  const std::atomic<bool>* stop = nullptr;         // true: what waits returns kCancelled
};

class Host {
 public:
  explicit Host(HostOptions options);
  // Ends the process without asking.
  ~Host();

  // Starts the process and greets it; what it said of itself. On an error it is dead.
  Result<HelloReply> Greet();
  // Greets and loads.
  Result<HelloReply> Start();

  // Its answer to `load`. REQUIRES: started.
  const json::object& loaded() const { return loaded_; }

  // Sends a request (its `id` is set here) and returns the first message of the answer, `type` of
  // which must be `expected`. An error of the plug-in itself leaves it alive:
  //   bad_request: kInvalidConfig; bad_image: kCorrupt; out_of_memory: kNoSpace;
  //   unsupported: kUnsupported; load_failed, internal: kInternal
  // All others mean that it is dead (alive()): kTimeout; kIo, with how it ended and its last lines;
  // kCorrupt, it broke the protocol; kCancelled. REQUIRES: started, and no answer is unfinished.
  Result<Message> Ask(json::object request, std::string_view expected, std::string_view last = "");
  // The next message of the same answer.
  Result<Message> More(std::string_view expected, std::string_view last);

  bool alive() const { return channel_.has_value(); }
  // Asks it to exit, and kills it after the grace.
  void Shutdown();

 private:
  Result<void> Converse(const json::object& message, Millis timeout, Message& answer);
  Result<Message> Next(std::string_view doing);
  // Kills the process and makes of `error` what is told.
  Error Failed(const Error& error, std::string_view doing);
  void Kill();

  HostOptions options_;
  ErrorTail tail_;
  os::Process process_;
  std::optional<Channel> channel_;
  json::object loaded_;
  int64_t id_ = 0;
};

}  // namespace vlmhb::worker
