#pragma once
// Writes samples of whatever origin in the form that stages read (docs/formats/dataset.md): an
// annotation.csv, and images that came as bytes as files beside it. Memory is one sample. Not
// thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "data/image_folder.h"
#include "data/image_store.h"
#include "os/file.h"

namespace vlmhb::data {

struct ImageBytes {
  std::string bytes;
};
// A path relative to the source's root, or the image itself.
using SampleImage = std::variant<std::string, ImageBytes>;

// Texts are UTF-8; what is empty is absent.
struct ImportedSample {
  std::vector<SampleImage> images;  // 1 to 256, in the order in which a model is to see them
  std::string id;                   // the source's own; column source_id
  std::string prompt;               // column question
  std::string system;               // column system_prompt
  std::string reference;            // column answer
  std::string doc_class;
  std::string question_type;
  std::vector<std::string> fields;  // by position, as SampleColumns::fields
};

// Which columns there are beside those that are always there.
struct SampleColumns {
  bool id = false;
  bool system = false;
  std::vector<std::string> fields;  // names; see SampleWriter::Open
};

// What becomes of images that are files of the source.
enum class ImageFiles {
  kStay,  // the annotation names them; the source is its root
  kCopy,  // into images/ of the output, which is then self-contained
};

struct SampleWriterOptions {
  os::Path source;  // root of the images that are files
  os::Path output;  // created if missing; gets annotation.csv and images/
  ImageFiles files = ImageFiles::kStay;
  SampleColumns columns;
};

struct WrittenDataset {
  os::Path root;        // images are relative to it: the source, or the output
  os::Path annotation;  // output / "annotation.csv"
  uint64_t samples = 0;
  uint64_t stored_images = 0;  // files written to images/
};

class SampleWriter {
 public:
  // Columns of fields that would hide another of annotation.csv or of results (as "answer" or "id")
  // are called source_<name>. kInvalidConfig if a field is named twice, or is empty or no UTF-8.
  static Result<SampleWriter> Open(SampleWriterOptions options);

  // nullopt: written. A text: why this sample cannot be (a path that leads out of the source or to
  // nothing, no image or too many, a text that is not UTF-8); nothing of it was written. An error
  // is one of the output. Images of the source are confined to it (data/image_folder.h).
  //
  // An annotation has one root, so a dataset in which some images are files and some are bytes must
  // be copied: with ImageFiles::kStay, the first of the other kind is kUnsupported. Begin again
  // with kCopy then.
  Result<std::optional<std::string>> Add(const ImportedSample& sample);

  // Makes all of it durable; annotation.csv appears last and whole. Call once, last. Without it,
  // there is none.
  Result<WrittenDataset> Publish();

  // The header of annotation.csv.
  const std::vector<std::string>& columns() const { return header_; }

 private:
  SampleWriter(SampleWriterOptions options, ImageFolder source, ImageStore store,
               os::AtomicFile annotation);
  Result<void> MakeHeader();
  Result<void> CheckMixture(const ImportedSample& sample);
  std::string WhyRefused(const ImportedSample& sample) const;
  std::string FindFiles(const ImportedSample& sample, std::vector<ImageFile>& files) const;
  Result<std::string> Place(const SampleImage& image, const ImageFile& file);

  SampleWriterOptions options_;
  ImageFolder source_;
  ImageStore store_;
  os::AtomicFile annotation_;
  std::vector<std::string> header_;
  std::vector<std::string> cells_;
  std::string record_;
  bool any_files_ = false;
  bool any_bytes_ = false;
  uint64_t samples_ = 0;
};

}  // namespace vlmhb::data
