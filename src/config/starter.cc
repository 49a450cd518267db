#include "config/starter.h"

#include "config/embedded_files.h"

namespace vlmhb::config {

std::string_view StarterExperiment() { return EmbeddedFile("starter.yaml"); }

}  // namespace vlmhb::config
