#pragma once
// The stage "import" (docs/formats/stage.md): a dataset of another format, or the samples of a task
// that is a plug-in, becomes the annotation.csv that stages read.

#include <atomic>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::loading {

inline constexpr std::string_view kImportFile = "import.json";  // what became of it

// Runs the stage that `spec` describes. `environment` becomes that of the plug-in. Records that
// cannot be imported are an error unless the spec says to skip them. The reason of a failure is in
// error.txt of the output as well.
Result<void> RunImportStage(const json::object& spec,
                            const std::map<std::string, std::string>& environment,
                            const std::atomic<bool>& stop);

}  // namespace vlmhb::loading
