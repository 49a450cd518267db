#pragma once
// A page with samples of a dataset side by side, to see what is in it: one offline HTML file,
// images embedded as they are (nothing is decoded or scaled), every text escaped.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "data/sample_reader.h"

namespace vlmhb::report {

struct ContactSheetOptions {
  std::string title;
  uint64_t total = 0;              // samples that the reader has
  uint64_t samples = 48;           // shown, evenly spaced over all
  size_t image_bytes = 16u << 20;  // of all images together; the rest is named only
  size_t images_of_a_sample = 8;   // the rest is counted
};

// Reads `reader` to its end. Errors are those of reading.
Result<std::string> MakeContactSheet(data::SampleReader& reader,
                                     const ContactSheetOptions& options);

}  // namespace vlmhb::report
