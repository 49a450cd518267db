#pragma once
// A task plug-in as the import of its dataset uses it: a stream of samples. What the plug-in sends
// ahead waits in the pipe. Not thread-safe.

#include <string>
#include <utility>
#include <vector>

#include "worker/host.h"

namespace vlmhb::worker {

struct TaskImage {
  std::string path;   // relative to the root, where it is a file there
  std::string bytes;  // else its content
};

struct TaskSample {
  std::vector<TaskImage> images;
  std::string prompt;
  std::string system;
  std::string reference;  // canonical JSON where it is no text
  std::string doc_class;
  std::string question_type;
  std::vector<std::pair<std::string, std::string>> fields;  // by name
  std::string error;  // not "": the plug-in failed on it, and the rest is empty
};

class TaskHost {
 public:
  explicit TaskHost(HostOptions options) : host_(std::move(options)) {}

  // Starts the plug-in and asks for the samples of the dataset in `root`, a folder that it sees.
  Result<HelloReply> Start(const std::string& root);

  // The next sample; false at the end. Errors as Host::More; kCorrupt for what is no sample.
  Result<bool> Next(TaskSample& sample);

  // Names of the further fields that samples may have. REQUIRES: Start succeeded.
  const std::vector<std::string>& fields() const { return fields_; }

  void Shutdown() { host_.Shutdown(); }

 private:
  Result<void> Take(Message message);

  Host host_;
  Message message_;  // whose samples are handed out
  std::vector<std::string> fields_;
  json::array samples_;
  size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace vlmhb::worker
