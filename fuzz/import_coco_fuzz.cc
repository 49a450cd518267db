// COCO's JSON.

#include "import_fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) { ReadDataset(input, "coco"); }

}  // namespace vlmhb::fuzz
