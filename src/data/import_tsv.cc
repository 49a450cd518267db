// VLMEvalKit's TSV: images as base64 in a cell (or by the index of another row, or as paths), the
// options of a multiple choice in columns A to Z. Written by pandas, so quoted as CSV is.

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/csv.h"
#include "base/text.h"
#include "data/image_folder.h"
#include "data/import_formats.h"
#include "data/mapped_file.h"
#include "data/text_list.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxRecordBytes = 128u << 20;
constexpr size_t kMaxIndexBytes = 64;  // a shorter image cell is the index of another row

CsvReader RecordsOf(std::string_view text) {
  return CsvReader(text, {.delimiter = '\t', .max_record_bytes = kMaxRecordBytes});
}

// Places of the columns that have a meaning; the others are fields.
struct TsvColumns {
  std::optional<size_t> index, image, image_path, question, answer, category, question_type, hint,
      system;
  std::vector<std::pair<char, size_t>> options;  // A, B, …
  std::vector<size_t> fields;
};

class TsvSamples final : public SampleReader {
 public:
  TsvSamples(MappedFile file, os::Path root, ImageFolder folder, std::string name)
      : file_(std::move(file)),
        records_(RecordsOf(file_.text())),
        root_(std::move(root)),
        folder_(std::move(folder)),
        name_(std::move(name)) {}

  Result<void> ReadHeader(const SourceOptions& options) {
    VLMHB_ASSIGN(const bool any, records_.Next(header_));
    if (!any) return Error(ErrorCode::kInvalidConfig, "it is empty; a header line is expected");
    const auto find = [&](const std::string& role, const std::string& usual) {
      const auto named = options.roles.find(role);
      const std::string& name = named == options.roles.end() ? usual : named->second;
      const auto found = std::find(header_.begin(), header_.end(), name);
      return found == header_.end() ? std::nullopt : std::optional<size_t>(found - header_.begin());
    };
    at_.index = find("id", "index");
    at_.image = find("image", "image");
    at_.image_path = find("", "image_path");
    at_.question = find("question", "question");
    at_.answer = find("answer", "answer");
    at_.category = find("doc_class", "category");
    at_.question_type = find("question_type", "question_type");
    at_.system = find("system", "system_prompt");
    at_.hint = find("", "hint");
    for (const auto& [role, name] : options.roles)
      if (std::find(header_.begin(), header_.end(), name) == header_.end())
        return Error(ErrorCode::kInvalidConfig, fmt::format("there is no column '{}' ({}).{}", name,
                                                            role, DidYouMean(name, header_)));
    if (!at_.image && !at_.image_path)
      return Error(ErrorCode::kInvalidConfig, "there is no column 'image' or 'image_path'");
    for (size_t i = 0; i < header_.size(); ++i) {
      if (header_[i].size() == 1 && header_[i][0] >= 'A' && header_[i][0] <= 'Z')
        at_.options.emplace_back(header_[i][0], i);
      if (header_[i].empty() || HasRole(i)) continue;
      at_.fields.push_back(i);
      columns_.fields.push_back(header_[i]);
    }
    std::sort(at_.options.begin(), at_.options.end());
    columns_.id = at_.index.has_value();
    columns_.system = at_.system.has_value();
    return {};
  }

  const SampleColumns& columns() const override { return columns_; }
  const os::Path& root() const override { return root_; }

  Result<bool> Next(SourceRecord& record) override {
    if (ended_) return false;
    const Result<bool> more = records_.Next(cells_);
    if (more.ok() && !*more) return false;
    Clear(record, columns_.fields.size());
    record.place = fmt::format("line {}", records_.line());
    file_.Forget(records_.offset());
    if (!more.ok()) {
      ended_ = true;  // nothing after it can be told apart
      record.bad_reason = more.error().message() + "; nothing after it was read";
      return true;
    }
    const Result<void> read = Read(record.sample);
    if (!read.ok()) record.bad_reason = read.error().message();
    return true;
  }

 private:
  bool HasRole(size_t column) const {
    for (const auto& place : {at_.index, at_.image, at_.image_path, at_.question, at_.answer,
                              at_.category, at_.question_type, at_.system})
      if (place == column) return true;
    return false;
  }

  const std::string& Cell(const std::optional<size_t>& column) const {
    static const std::string kNone;
    return column.has_value() ? cells_[*column] : kNone;
  }

  Result<void> Read(ImportedSample& sample) {
    if (cells_.size() != header_.size())
      return Error(ErrorCode::kCorrupt,
                   fmt::format("{} cells, but the header has {}", cells_.size(), header_.size()));
    sample.id = Cell(at_.index);
    sample.prompt = Question();
    sample.system = Cell(at_.system);
    sample.reference = Cell(at_.answer);
    sample.doc_class = Cell(at_.category);
    sample.question_type = Cell(at_.question_type);
    for (size_t i = 0; i < at_.fields.size(); ++i) sample.fields[i] = cells_[at_.fields[i]];
    if (!Cell(at_.image).empty()) return AddImages(Cell(at_.image), sample);
    for (const std::string& path : ParseTextList(Cell(at_.image_path)))
      sample.images.emplace_back(Locate(path));
    return {};
  }

  // As VLMEvalKit lays out a multiple choice; a question without options is asked as it is.
  std::string Question() const {
    std::string options;
    for (const auto& [letter, column] : at_.options)
      if (!cells_[column].empty()) options += fmt::format("{}. {}\n", letter, cells_[column]);
    const std::string& question = Cell(at_.question);
    const std::string& hint = Cell(at_.hint);
    if (options.empty() && hint.empty()) return question;
    std::string prompt = hint.empty() ? "" : fmt::format("Hint: {}\n", hint);
    prompt += fmt::format("Question: {}\n", question);
    if (!options.empty())
      prompt +=
          "Options:\n" + options + "Please select the correct answer from the options above. \n";
    return prompt;
  }

  // Rows that share an image mostly follow the one that has it, so the last images are kept.
  Result<void> AddImages(const std::string& cell, ImportedSample& sample) {
    if (cell.size() <= kMaxIndexBytes && cell == last_index_) {
      sample.images = last_images_;
      return {};
    }
    if (cell.size() > kMaxIndexBytes) {
      VLMHB_TRY(Decode(cell, sample.images));
      last_index_ = sample.id;
    } else {
      VLMHB_ASSIGN(const std::string shared, ImageCellOf(cell));
      VLMHB_TRY(Decode(shared, sample.images));
      last_index_ = cell;
    }
    last_images_ = sample.images;
    return {};
  }

  static Result<void> Decode(const std::string& cell, std::vector<SampleImage>& images) {
    for (const std::string& text : ParseTextList(cell)) {
      VLMHB_ASSIGN(SampleImage image, ImageFromText(text));
      if (!std::holds_alternative<ImageBytes>(image))
        return Error(ErrorCode::kCorrupt, "its image is not base64 of an image");
      images.push_back(std::move(image));
    }
    return {};
  }

  // The image cell of the row whose index is `index`.
  Result<std::string> ImageCellOf(const std::string& index) {
    if (!rows_.has_value()) VLMHB_TRY(IndexRows());
    const auto row = rows_->find(index);
    if (row == rows_->end())
      return Error(ErrorCode::kCorrupt,
                   fmt::format("its image is '{}', which is neither base64 nor the index of a row "
                               "with an image",
                               index));
    CsvReader records = RecordsOf(file_.text().substr(row->second));
    std::vector<std::string> cells;
    VLMHB_ASSIGN(const bool any, records.Next(cells));
    if (!any || cells.size() != header_.size())
      return Error(ErrorCode::kCorrupt, fmt::format("row {} has changed", index));
    return cells[*at_.image];
  }

  // Where the rows with an image of their own are; only needed once a row shares one.
  Result<void> IndexRows() {
    rows_.emplace();
    if (!at_.index) return {};
    CsvReader records = RecordsOf(file_.text());
    std::vector<std::string> cells;
    while (true) {
      const Result<bool> more = records.Next(cells);
      if (!more.ok() || !*more) return {};  // told when the reader itself comes there
      if (cells.size() == header_.size() && cells[*at_.image].size() > kMaxIndexBytes)
        rows_->try_emplace(cells[*at_.index], records.offset());
      file_.Forget(records.offset());
    }
  }

  // Beside the file, or in images/<name of the file>/, as VLMEvalKit has it.
  std::string Locate(const std::string& path) const {
    const std::string usual = "images/" + name_ + "/" + path;
    return !folder_.Find(path).ok() && folder_.Find(usual).ok() ? usual : path;
  }

  MappedFile file_;
  CsvReader records_;
  os::Path root_;
  ImageFolder folder_;
  std::string name_;
  std::vector<std::string> header_;
  TsvColumns at_;
  SampleColumns columns_;
  std::vector<std::string> cells_;
  std::optional<std::unordered_map<std::string, size_t>> rows_;  // index -> offset
  std::string last_index_;
  std::vector<SampleImage> last_images_;
  bool ended_ = false;
};

}  // namespace

bool IsTsv(const os::Path& path) {
  std::error_code absent;
  return HasExtension(path, ".tsv") && std::filesystem::is_regular_file(path, absent);
}

OpenedReader OpenTsv(const SourceOptions& options) {
  VLMHB_ASSIGN(MappedFile file, MappedFile::Open(options.path));
  const os::Path root = ImageRoot(options);
  VLMHB_ASSIGN(ImageFolder folder, ImageFolder::Open(root));
  auto reader = std::make_unique<TsvSamples>(std::move(file), root, std::move(folder),
                                             options.path.stem().string());
  if (Result<void> read = reader->ReadHeader(options); !read.ok())
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{}: {}", options.path.string(), read.error().message()));
  return OpenedReader(std::move(reader));
}

}  // namespace vlmhb::data
