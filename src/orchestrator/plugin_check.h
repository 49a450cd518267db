#pragma once
// What is known of an experiment only once its plug-ins have said what they are.

#include <vector>

#include "config/experiment.h"
#include "orchestrator/provision.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// Fills in what entries of metrics leave to their plug-ins (aggregate, direction, unit, range), and
// checks parameters against the plug-ins' own schemas. Problems are those of the config or its
// entries. What could not be asked is passed over: its run has that problem already.
std::vector<config::Problem> CompleteFromPlugins(registry::ResolvedExperiment& experiment,
                                                 const std::vector<RunProvision>& provisions);

// Problems of `params` against the `params_schema` of a plug-in's `hello`.
std::vector<std::string> CheckPluginParams(const json::object& hello, const json::object& params);

}  // namespace vlmhb::orchestrator
