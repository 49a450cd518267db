// JSON Lines.

#include "import_fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) { ReadDataset(input, "jsonl"); }

}  // namespace vlmhb::fuzz
