#include "recognizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "lines.h"

namespace vlmhb::tesseract_worker {
namespace {

constexpr int kDefaultDpi = 300;
constexpr int kLowestCredibleDpi = 70;  // Tesseract's own bounds
constexpr int kHighestCredibleDpi = 2400;

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> Available(const tesseract::TessBaseAPI& api) {
  std::vector<std::string> names;
  api.GetAvailableLanguagesAsVector(&names);
  return names;
}

std::vector<std::string> Loaded(const tesseract::TessBaseAPI& api) {
  std::vector<std::string> names;
  api.GetLoadedLanguagesAsVector(&names);
  return names;
}

std::vector<std::string> Without(const std::vector<std::string>& names,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> rest;
  for (const std::string& name : names)
    if (!Contains(others, name)) rest.push_back(name);
  return rest;
}

// "chi_sim" is in tesseract-ocr-chi-sim.
std::string DebianPackage(std::string_view language) {
  if (language.starts_with("script/")) return "tesseract-ocr-script-*";
  std::string package = "tesseract-ocr-" + AsciiLower(language);
  std::replace(package.begin(), package.end(), '_', '-');
  return package;
}

Error MissingLanguages(const std::vector<std::string>& missing) {
  std::vector<std::string> packages;
  for (const std::string& language : missing) packages.push_back(DebianPackage(language));
  return Error(ErrorCode::kNotFound,
               fmt::format("no Tesseract data for: {}; install the Debian package {}",
                           Join(missing, ", "), Join(packages, " ")));
}

int DpiOf(const Pix* image, int wanted) {
  if (wanted > 0) return wanted;
  const int stored = pixGetYRes(image);
  return stored >= kLowestCredibleDpi && stored <= kHighestCredibleDpi ? stored : kDefaultDpi;
}

std::string NameOf(const worker::ImagePart& image) {
  return image.path.empty() ? "in the request" : image.path;
}

}  // namespace

Result<void> Recognizer::Load(const json::object& params) {
  VLMHB_ASSIGN(options_, ReadOptions(params));
  CaptureLeptonicaMessages();
  auto api = std::make_unique<tesseract::TessBaseAPI>();
  const bool ready = api->Init(nullptr, Join(options_.languages, "+").c_str(),
                               static_cast<tesseract::OcrEngineMode>(options_.oem)) == 0;
  // Tesseract goes on without a language that it cannot load, and would recognise worse.
  const std::vector<std::string> missing = Without(options_.languages, Available(*api));
  if (!missing.empty()) return MissingLanguages(missing);
  if (!ready || !Without(options_.languages, Loaded(*api)).empty())
    return Error(ErrorCode::kUnavailable,
                 fmt::format("Tesseract cannot load {} for engine mode (oem) {}: the data does not "
                             "have that engine (Debian's has only 1) or is damaged",
                             Join(options_.languages, "+"), options_.oem));
  // What it has to say from here on is about its guesses on single images.
  api->SetVariable("debug_file", "/dev/null");
  api_ = std::move(api);
  return CheckOrientationData(options_.psm);
}

Result<void> Recognizer::CheckOrientationData(int psm) const {
  const auto mode = static_cast<tesseract::PageSegMode>(psm);
  if (!tesseract::PSM_OSD_ENABLED(mode)) return {};
  return Contains(Available(*api_), "osd") ? Result<void>() : MissingLanguages({"osd"});
}

Result<std::string> Recognizer::Recognize(Pix* image, int psm) {
  api_->SetPageSegMode(static_cast<tesseract::PageSegMode>(psm));
  api_->SetImage(image);
  api_->SetSourceResolution(DpiOf(image, options_.dpi));
  const bool recognised = api_->Recognize(nullptr) == 0;
  const std::unique_ptr<char[]> text(recognised ? api_->GetUTF8Text() : nullptr);
  // An answer must not depend on what was asked before.
  api_->Clear();
  api_->ClearAdaptiveClassifier();
  if (text == nullptr) return Error(ErrorCode::kInternal, "Tesseract's recognition failed");
  return std::string(text.get());
}

Result<worker::Finish> Recognizer::Generate(const worker::GenerateRequest& request,
                                            const worker::Emit& emit) {
  VLMHB_ASSIGN(const int psm, ReadPsm(request.params, options_.psm));
  VLMHB_TRY(CheckOrientationData(psm));
  VLMHB_ASSIGN(const worker::Prompt prompt, worker::ReadPrompt(request.messages));
  if (prompt.images.size() != 1)
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("Tesseract reads one image a request, not {}", prompt.images.size()));
  VLMHB_ASSIGN(const std::string bytes, worker::ReadImageBytes(prompt.images[0], kMaxImageBytes));
  VLMHB_ASSIGN(PixPtr image, DecodeImage(bytes, NameOf(prompt.images[0])));
  VLMHB_ASSIGN(image, PreprocessImage(std::move(image), options_.preprocess));
  VLMHB_ASSIGN(const std::string text, Recognize(image.get(), psm));
  for (const std::string& line : AnswerLines(text, options_.blank_lines)) VLMHB_TRY(emit(line));
  return worker::Finish{};
}

}  // namespace vlmhb::tesseract_worker
