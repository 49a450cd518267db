#pragma once
// What the fuzz targets share. A target parses its input and CHECKs what must hold for any input;
// crashes, undefined behaviour, endless loops and failed CHECKs are the findings.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace vlmhb::fuzz {

// Hands `input` to `take` in pieces of that many bytes, the last perhaps shorter, for as long as it
// returns true.
template <typename Take>
void InPieces(std::string_view input, size_t piece, Take take) {
  while (!input.empty() && take(input.substr(0, piece)))
    input.remove_prefix(std::min(piece, input.size()));
}

// Called for every input; defined by each target.
void Test(std::string_view input);

}  // namespace vlmhb::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vlmhb::fuzz::Test({reinterpret_cast<const char*>(data), size});
  return 0;
}
