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
  const data::SampleFields fields(reader.columns(), spec.dataset.columns);
  VLMHB_ASSIGN(data::PromptResolver prompts, data::PromptResolver::Create(spec.prompt, fields));
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
  Result<data::SamplePrompts> prompts = prompts_.Resolve(row_);
  if (!prompts.ok()) return Decided(row_.id, Outcome::kBadRow, prompts.error().message());
  ChatPrompt chat{.system = std::move(prompts->system.text),
                  .user = std::move(prompts->user.text),
                  .image_urls = {}};
  if (std::optional<PendingSample> failure = AddImages(chat.image_urls)) return *failure;
  return {.id = row_.id,
          .decided = {},
          .body = ChatRequestBody(spec_.model.name, chat, spec_.sampling)};
}

// The failure of the first image that cannot be sent.
std::optional<PendingSample> SampleSource::AddImages(std::vector<std::string>& urls) const {
  if (row_.images.empty())
    return Decided(row_.id, Outcome::kBadRow, fmt::format("line {}: no image", row_.line));
  size_t data_bytes = 0;
  for (const std::string& name : row_.images) {
    const Result<data::ImageFile> image = images_.Find(name);
    if (!image.ok())
      return Decided(row_.id,
                     image.error().code() == ErrorCode::kInvalidConfig ? Outcome::kBadRow
                                                                       : Outcome::kMissingImage,
                     fmt::format("line {}: {}", row_.line, image.error().message()));
    if (spec_.image_transport == ImageTransport::kFile) {
      urls.push_back(image->path.string());
      continue;
    }
    data_bytes += image->stamp.size;
    Result<std::string> url =
        data_bytes > kMaxImageBytes
            ? Error(ErrorCode::kNoSpace, fmt::format("its images have more than {} bytes; so many "
                                                     "fit into a request",
                                                     kMaxImageBytes))
            : DataUri(image->path);
    if (!url.ok()) return Decided(row_.id, Outcome::kBadImage, url.error().message());
    urls.push_back(*std::move(url));
  }
  return std::nullopt;
}

}  // namespace vlmhb::inference
