#pragma once
// The parameters of the Tesseract worker: what `load` carries, checked.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::tesseract_worker {

enum class Preprocess { kNone, kBinarize, kUpscale };
enum class BlankLines { kKeep, kCollapse };

struct Options {
  std::vector<std::string> languages = {"rus", "eng"};  // the first one is the main one
  int psm = 3;  // page segmentation mode, as `tesseract --help-psm` lists them
  int oem = 1;  // engine: 1 is LSTM, the only one that Debian's language data has
  Preprocess preprocess = Preprocess::kNone;
  BlankLines blank_lines = BlankLines::kCollapse;
  int dpi = 0;  // 0: what the image says, or 300
};

// Reads the parameters named above (`languages` as "rus+eng"). kInvalidConfig names the parameter
// that is unknown, of the wrong type or out of its range.
Result<Options> ReadOptions(const json::object& params);

// The page segmentation mode of one request: its `psm`, or `fallback` where it has none.
Result<int> ReadPsm(const json::object& params, int fallback);

}  // namespace vlmhb::tesseract_worker
