#pragma once
// What is written in answer to a request, when, and how it ends: made once for each kind of request
// and fault, shared by all of that kind. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "mock/options.h"

namespace vlmhb::mock {

struct Script {
  struct Step {
    Nanos after{};   // the request has come
    size_t end = 0;  // of the bytes that are due then
  };
  enum class Then {
    kKeep,   // the next request may come
    kClose,  // the connection is ended in order
    kReset,  // it is reset
    kStall,  // nothing more comes
  };

  std::string head;         // status line and headers, up to the value of X-Mock-Request
  std::string bytes;        // the rest, behind that value
  std::vector<Step> steps;  // by time, their `end` in `bytes`; the head goes with the first
  Then then = Then::kKeep;
  size_t first_event_end = 0;  // of the first event with a token in `bytes`; 0: there is none
  int64_t events = 0;
  int64_t tokens = 0;
};

struct Asked {
  bool stream = false;
  bool usage = false;  // in the stream, too
};

// The answer to a chat request. Every response has the header X-Mock-Request: the request's index.
Script ChatScript(const Options& options, Asked asked, std::optional<FaultKind> fault);

// Any other answer, at once.
Script PlainScript(int status, std::string_view body);

}  // namespace vlmhb::mock
