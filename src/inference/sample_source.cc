#include "inference/sample_source.h"

#include <fmt/format.h>

#include "inference/chat_request.h"

namespace vlmhb::inference {
namespace {

using store::Outcome;

PendingSample Decided(uint64_t id, Outcome outcome, std::string error) {
  store::AnswerRow row;
  row.id = id;
  row.outcome = outcome;
  row.error = std::move(error);
  return {.id = id, .decided = std::move(row), .body = {}};
}

}  // namespace

SampleSource::SampleSource(const InferSpec& spec, const store::Journal& journal,
                           data::AnnotationReader reader, data::PromptResolver prompts,
                           data::ImageFolder images)
    : spec_(spec),
      journal_(journal),
      reader_(std::move(reader)),
      prompts_(std::move(prompts)),
      images_(std::move(images)) {}

Result<SampleSource> SampleSource::Open(const InferSpec& spec, const store::Journal& journal) {
  constexpr data::Role kRequired[] = {data::Role::kImage};
  VLMHB_ASSIGN(data::AnnotationReader reader,
               data::AnnotationReader::Open(spec.dataset, kRequired));
  VLMHB_ASSIGN(data::PromptResolver prompts, data::PromptResolver::Create(spec.prompt));
  VLMHB_ASSIGN(data::ImageFolder images, data::ImageFolder::Open(spec.dataset.root));
  return SampleSource(spec, journal, std::move(reader), std::move(prompts), std::move(images));
}

Result<std::optional<PendingSample>> SampleSource::Next() {
  while (true) {
    VLMHB_ASSIGN(const bool more, reader_.Next(row_));
    if (!more) return std::optional<PendingSample>();
    VLMHB_ASSIGN(const bool answered, journal_.Contains(row_.id));
    if (!answered) return std::optional<PendingSample>(Prepare());
  }
}

PendingSample SampleSource::Prepare() const {
  if (!row_.good()) return Decided(row_.id, Outcome::kBadRow, row_.bad_reason);
  const Result<std::string> prompt = prompts_.Resolve(row_);
  if (!prompt.ok()) return Decided(row_.id, Outcome::kBadRow, prompt.error().message());
  const Result<data::ImageFile> image = images_.Find(row_.image);
  if (!image.ok())
    return Decided(row_.id,
                   image.error().code() == ErrorCode::kInvalidConfig ? Outcome::kBadRow
                                                                     : Outcome::kMissingImage,
                   fmt::format("line {}: {}", row_.line, image.error().message()));
  const Result<std::string> url = ImageUrl(image->path);
  if (!url.ok()) return Decided(row_.id, Outcome::kBadImage, url.error().message());
  return {.id = row_.id,
          .decided = {},
          .body = ChatRequestBody(spec_.model.name,
                                  {.system = prompts_.system(), .user = *prompt, .image_url = *url},
                                  spec_.sampling)};
}

Result<std::string> SampleSource::ImageUrl(const os::Path& path) const {
  if (spec_.image_transport == ImageTransport::kFile) return path.string();
  return DataUri(path);
}

}  // namespace vlmhb::inference
