// VLMEvalKit's TSV.

#include "import_fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) { ReadDataset(input, "vlmevalkit"); }

}  // namespace vlmhb::fuzz
