#pragma once
// The dataset runner: asks every sample that the journal does not have, with bounded concurrency
// over keep-alive connections to the API wrapper, and journals each as it finishes. One event loop
// thread and one that waits for the disk. Memory is independent of the number of samples.

#include <atomic>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "inference/spec.h"
#include "os/file.h"
#include "store/events.h"
#include "store/journal.h"

namespace vlmhb::inference {

// What a stage takes from the process that runs it. Outlives the run.
struct RunContext {
  const Clock& clock;
  const std::atomic<bool>& stop;           // becomes true: end soon, with kCancelled
  std::map<std::string, std::string> env;  // of the API wrapper and the plug-in, all of it
  os::Path temp;                           // folder for a socket: short, private to this machine
};

struct Tally {
  uint64_t total = 0;
  uint64_t done = 0;  // acknowledged, those of earlier attempts included
  uint64_t failed = 0;
};

// Returns when every sample is in the journal. Blocks. Otherwise what has finished is in the
// journal, requests in flight are dropped, and the error says why: kCancelled, kUnavailable (the
// wrapper or its model cannot serve), kNoSpace and kIo (the journal), kInvalidConfig and the like
// (the data set).
Result<void> RunInference(const InferSpec& spec, const RunContext& context, store::Journal& journal,
                          store::EventWriter& events, Tally start);

}  // namespace vlmhb::inference
