#include "options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vlmhb::tesseract_worker {
namespace {

const std::vector<std::string> kParams = {"languages",  "psm",         "oem",
                                          "preprocess", "blank_lines", "dpi"};

constexpr int kOnlyOrientation = 0;  // recognises no text
constexpr int kNotImplemented = 2;   // nor does this one

Error Wrong(std::string_view key, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig, fmt::format("parameter '{}': {}", key, why));
}

Result<int> ReadInt(const json::object& params, std::string_view key, int fallback, int low,
                    int high) {
  if (!params.contains(key)) return fallback;
  auto value = GetInt(params, key);
  if (!value.ok() || *value < low || *value > high)
    return Wrong(key, fmt::format("an integer from {} to {} is expected, not {}", low, high,
                                  ToJson(params.at(key))));
  return static_cast<int>(*value);
}

Result<std::string> ReadText(const json::object& params, std::string_view key,
                             std::string_view fallback) {
  if (!params.contains(key)) return std::string(fallback);
  if (!params.at(key).is_string()) return Wrong(key, "a string is expected");
  return FindString(params, key);
}

// Names only: Tesseract would take them as paths below its data folder.
bool IsLanguage(std::string_view name) {
  if (name.starts_with("script/")) name.remove_prefix(7);
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<std::vector<std::string>> ReadLanguages(const json::object& params) {
  VLMHB_ASSIGN(const std::string text, ReadText(params, "languages", "rus+eng"));
  std::vector<std::string> languages;
  for (const std::string_view name : Split(text, '+')) {
    if (!IsLanguage(name))
      return Wrong("languages", fmt::format("'{}' is not of the form 'rus+eng'", text));
    languages.emplace_back(name);
  }
  return languages;
}

}  // namespace

Result<int> ReadPsm(const json::object& params, int fallback) {
  VLMHB_ASSIGN(const int psm, ReadInt(params, "psm", fallback, 0, 13));
  if (psm == kOnlyOrientation || psm == kNotImplemented)
    return Wrong("psm", fmt::format("mode {} recognises no text; use another (3: automatic)", psm));
  return psm;
}

Result<Options> ReadOptions(const json::object& params) {
  for (const auto& param : params) {
    const std::string_view key = param.key();
    if (std::find(kParams.begin(), kParams.end(), key) == kParams.end())
      return Wrong(key, "unknown." + DidYouMean(key, kParams));
  }
  Options options;
  VLMHB_ASSIGN(options.languages, ReadLanguages(params));
  VLMHB_ASSIGN(options.psm, ReadPsm(params, options.psm));
  VLMHB_ASSIGN(options.oem, ReadInt(params, "oem", options.oem, 0, 3));
  VLMHB_ASSIGN(options.dpi, ReadInt(params, "dpi", options.dpi, 0, 2400));

  VLMHB_ASSIGN(const std::string preprocess, ReadText(params, "preprocess", "none"));
  if (preprocess == "binarize") {
    options.preprocess = Preprocess::kBinarize;
  } else if (preprocess == "upscale") {
    options.preprocess = Preprocess::kUpscale;
  } else if (preprocess != "none") {
    return Wrong("preprocess", "none, binarize or upscale is expected, not " + preprocess);
  }

  VLMHB_ASSIGN(const std::string blank_lines, ReadText(params, "blank_lines", "collapse"));
  if (blank_lines == "keep") {
    options.blank_lines = BlankLines::kKeep;
  } else if (blank_lines != "collapse") {
    return Wrong("blank_lines", "keep or collapse is expected, not " + blank_lines);
  }
  return options;
}

}  // namespace vlmhb::tesseract_worker
