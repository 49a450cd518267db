#pragma once
// Asks plug-ins what they are (`hello` of docs/formats/plugin-protocol.md), each once: the answer
// is kept by the digest of what it runs (its layer of packages or its program). Not thread-safe.

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "env/env_manager.h"
#include "orchestrator/lone_plugin_stage.h"
#include "orchestrator/plugin_place.h"
#include "registry/entry.h"

namespace vlmhb::orchestrator {

class Describer {
 public:
  // `environments` outlives it.
  Describer(env::EnvManager& environments, LoneStageOptions options)
      : env_(environments), options_(std::move(options)) {}

  // From the cache, or from the plug-in itself, in an environment of its own without a network. An
  // error is what the plug-in said when it did not start.
  Result<json::object> Ask(const registry::PluginEntry& entry, const PluginPlace& place);
  // From the cache; kNotFound if it was never asked.
  Result<json::object> Find(const registry::PluginEntry& entry, const PluginPlace& place) const;
  // Runs the self-check of the Python package (vlmhyperbench.testing) on it: the report as JSON.
  // `dataset`, a folder or file for a task to read, may be empty. REQUIRES: a Python plug-in.
  Result<json::object> Check(const registry::PluginEntry& entry, const PluginPlace& place,
                             const os::Path& dataset = {});

 private:
  Result<os::Path> CacheFile(const registry::PluginEntry& entry, const PluginPlace& place) const;
  struct Question {
    std::string stage;
    std::vector<std::string> command;
    std::string file;  // of the answer, a JSON object
    os::Path dataset;  // shown as the last argument, after `--root`; may be empty
  };
  Result<json::object> RunStage(const registry::PluginEntry& entry, const PluginPlace& place,
                                const Question& question);

  env::EnvManager& env_;
  LoneStageOptions options_;
};

}  // namespace vlmhb::orchestrator
