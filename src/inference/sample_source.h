#pragma once
// The samples that are still to be answered, one after another: rows of the data set that the
// journal does not have, with prompt and images resolved. What cannot be asked comes out decided.
// Memory is one row.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/annotation_reader.h"
#include "data/image_folder.h"
#include "data/prompts.h"
#include "inference/spec.h"
#include "store/answer_row.h"
#include "store/journal.h"

namespace vlmhb::inference {

struct PendingSample {
  uint64_t id = 0;
  std::optional<store::AnswerRow> decided;  // a failure found before anything was sent
  std::string body;                         // otherwise: of the request
};

class SampleSource {
 public:
  // `spec` and `journal` must outlive it. Errors of the annotation's header, the prompt collection
  // and the image folder.
  static Result<SampleSource> Open(const InferSpec& spec, const store::Journal& journal);

  // nullopt at the end. An error is one of reading the annotation or the journal's index.
  Result<std::optional<PendingSample>> Next();

 private:
  SampleSource(const InferSpec& spec, const store::Journal& journal, data::AnnotationReader reader,
               data::PromptResolver prompts, data::ImageFolder images);
  PendingSample Prepare() const;
  std::optional<PendingSample> AddImages(std::vector<std::string>& urls) const;

  const InferSpec& spec_;
  const store::Journal& journal_;
  data::AnnotationReader reader_;
  data::PromptResolver prompts_;
  data::ImageFolder images_;
  data::AnnotationRow row_;
};

}  // namespace vlmhb::inference
