#include "data/sample_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/csv.h"
#include "base/text.h"
#include "data/image_cell.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxRecordBytes = 16u << 20;  // as AnnotationReader has it
constexpr size_t kMaxFields = 512;
constexpr size_t kShownBytes = 100;

// Columns of ours: of annotation.csv, of metrics_by_id.csv and of answers.csv.
constexpr std::array<std::string_view, 12> kTaken = {
    "image_path", "question", "system_prompt", "answer", "doc_class",    "question_type",
    "source_id",  "id",       "outcome",       "error",  "model_answer", "attempts"};

bool IsTaken(std::string_view name) {
  return std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end();
}

}  // namespace

SampleWriter::SampleWriter(SampleWriterOptions options, ImageFolder source, ImageStore store,
                           os::AtomicFile annotation)
    : options_(std::move(options)),
      source_(std::move(source)),
      store_(std::move(store)),
      annotation_(std::move(annotation)) {}

Result<SampleWriter> SampleWriter::Open(SampleWriterOptions options) {
  VLMHB_ASSIGN(ImageFolder source, ImageFolder::Open(options.source));
  VLMHB_TRY(os::MakeFolders(options.output));
  VLMHB_ASSIGN(os::AtomicFile annotation,
               os::AtomicFile::Create(options.output / "annotation.csv"));
  ImageStore store(options.output);
  SampleWriter writer(std::move(options), std::move(source), std::move(store),
                      std::move(annotation));
  VLMHB_TRY(writer.MakeHeader());
  return writer;
}

Result<void> SampleWriter::MakeHeader() {
  const SampleColumns& columns = options_.columns;
  if (columns.fields.size() > kMaxFields)
    return Error(ErrorCode::kInvalidConfig, fmt::format("{} fields; a dataset has at most {}",
                                                        columns.fields.size(), kMaxFields));
  header_ = {"image_path", "question", "answer", "doc_class", "question_type"};
  if (columns.system) header_.emplace_back("system_prompt");
  if (columns.id) header_.emplace_back("source_id");
  for (const std::string& field : columns.fields) {
    std::string name = IsTaken(field) ? "source_" + field : field;
    if (name.empty() || !IsValidUtf8(name))
      return Error(ErrorCode::kInvalidConfig,
                   "a field without a name, or with one that is no text");
    if (std::find(header_.begin(), header_.end(), name) != header_.end())
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("field '{}' is named twice", Truncate(name, kShownBytes)));
    header_.push_back(std::move(name));
  }
  record_.clear();
  AppendCsvRecord(record_, header_);
  return annotation_.Append(record_);
}

Result<void> SampleWriter::CheckMixture(const ImportedSample& sample) {
  for (const SampleImage& image : sample.images)
    (std::holds_alternative<std::string>(image) ? any_files_ : any_bytes_) = true;
  if (options_.files == ImageFiles::kStay && any_files_ && any_bytes_)
    return Error(ErrorCode::kUnsupported,
                 "some images are files and some are bytes: such a dataset has to be copied");
  return {};
}

std::string SampleWriter::WhyRefused(const ImportedSample& sample) const {
  if (sample.images.empty()) return "it has no image";
  if (sample.images.size() > kMaxImages)
    return fmt::format("{} images; a sample has at most {}", sample.images.size(), kMaxImages);
  if (sample.fields.size() != options_.columns.fields.size())
    return fmt::format("{} fields, but {} were announced", sample.fields.size(),
                       options_.columns.fields.size());
  return "";
}

// What the annotation calls an image: stores or copies it where that is needed.
Result<std::string> SampleWriter::Place(const SampleImage& image, const ImageFile& file) {
  if (const auto* bytes = std::get_if<ImageBytes>(&image)) return store_.Put(bytes->bytes);
  if (options_.files == ImageFiles::kStay) return std::get<std::string>(image);
  return store_.Copy(file);
}

// Finds the files among the images; the others have none. A text says which cannot be taken.
std::string SampleWriter::FindFiles(const ImportedSample& sample,
                                    std::vector<ImageFile>& files) const {
  files.assign(sample.images.size(), {});
  for (size_t i = 0; i < files.size(); ++i) {
    const auto* path = std::get_if<std::string>(&sample.images[i]);
    if (path == nullptr) continue;
    if (!IsValidUtf8(*path)) return "the name of its image is not UTF-8";
    Result<ImageFile> file = source_.Find(*path);
    if (!file.ok()) return file.error().message();
    if (file->stamp.size > kMaxImageFileBytes)
      return fmt::format("image '{}' has {} bytes; at most {} are taken",
                         Truncate(*path, kShownBytes), file->stamp.size, kMaxImageFileBytes);
    files[i] = *std::move(file);
  }
  return "";
}

Result<std::optional<std::string>> SampleWriter::Add(const ImportedSample& sample) {
  using Refusal = std::optional<std::string>;
  if (std::string why = WhyRefused(sample); !why.empty()) return Refusal(std::move(why));
  cells_ = {"", sample.prompt, sample.reference, sample.doc_class, sample.question_type};
  if (options_.columns.system) cells_.push_back(sample.system);
  if (options_.columns.id) cells_.push_back(sample.id);
  cells_.insert(cells_.end(), sample.fields.begin(), sample.fields.end());
  for (size_t i = 0; i < cells_.size(); ++i)
    if (!IsValidUtf8(cells_[i])) return Refusal(header_[i] + " is not UTF-8");
  std::vector<ImageFile> files;
  if (std::string why = FindFiles(sample, files); !why.empty()) return Refusal(std::move(why));
  VLMHB_TRY(CheckMixture(sample));
  std::vector<std::string> names;
  for (size_t i = 0; i < files.size(); ++i) {
    VLMHB_ASSIGN(std::string name, Place(sample.images[i], files[i]));
    names.push_back(std::move(name));
  }
  cells_[0] = ImageCell(names);
  record_.clear();
  AppendCsvRecord(record_, cells_);
  if (record_.size() > kMaxRecordBytes)
    return Refusal(fmt::format("its texts have {} bytes; at most {} are taken", record_.size(),
                               kMaxRecordBytes));
  VLMHB_TRY(annotation_.Append(record_));
  ++samples_;
  return Refusal();
}

Result<WrittenDataset> SampleWriter::Publish() {
  VLMHB_TRY(store_.Sync());
  VLMHB_TRY(annotation_.Publish());
  const bool own_root = any_bytes_ || options_.files == ImageFiles::kCopy;
  return WrittenDataset{.root = own_root ? options_.output : source_.root(),
                        .annotation = options_.output / "annotation.csv",
                        .samples = samples_,
                        .stored_images = store_.stored()};
}

}  // namespace vlmhb::data
