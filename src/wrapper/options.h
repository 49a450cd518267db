#pragma once
// What an API wrapper serves and how, as read from its spec (docs/formats/wrapper.md).

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "http/endpoint.h"
#include "os/file.h"

namespace vlmhb::wrapper {

struct WrapperOptions {
  http::Endpoint listen;
  std::string model;                       // the name under which it is served
  std::vector<std::string> command;        // argv of the plug-in
  std::map<std::string, std::string> env;  // the plug-in's whole environment
  json::object load_params;
  int processes = 1;
  std::vector<os::Path> allow_file_roots;  // folders whose images requests may name
  Millis timeout{300'000};                 // for one request, from its hand-over to a process
  Millis idle_timeout{0};  // between two pieces of an answer, and before the first; 0: no limit
  Millis load_timeout{600'000};
  size_t max_queue = 1024;  // waiting requests; 503 beyond
  size_t max_body_bytes = 64u << 20;
  os::Path log;  // empty: no log
};

// `default_env` is the plug-in's environment where the spec has none. kInvalidConfig names the
// member that is wrong; unknown members are errors.
Result<WrapperOptions> ParseWrapperOptions(const json::object& spec,
                                           const std::map<std::string, std::string>& default_env);

}  // namespace vlmhb::wrapper
