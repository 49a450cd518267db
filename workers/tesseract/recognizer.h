#pragma once
// The Tesseract worker as a Plugin: loads the languages once, then recognises one image a request.

#include <tesseract/baseapi.h>

#include <memory>
#include <string>

#include "image.h"
#include "options.h"
#include "worker/plugin.h"

namespace vlmhb::tesseract_worker {

class Recognizer final : public worker::Plugin {
 public:
  // Params: see Options. kNotFound names the languages whose data is missing and the Debian
  // packages that have them.
  Result<void> Load(const json::object& params) override;

  // The text of the request's one image, a delta a line; the prompt is not used. Of `params` only
  // `psm` has a meaning. No usage: Tesseract has no tokens.
  Result<worker::Finish> Generate(const worker::GenerateRequest& request,
                                  const worker::Emit& emit) override;

 private:
  Result<void> CheckOrientationData(int psm) const;
  Result<std::string> Recognize(Pix* image, int psm);

  Options options_;
  std::unique_ptr<tesseract::TessBaseAPI> api_;
};

}  // namespace vlmhb::tesseract_worker
