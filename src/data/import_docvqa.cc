// DocVQA's JSON: {"data":[{"question","image","answers",…}]}.

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "data/import_formats.h"
#include "data/json_items.h"
#include "data/mapped_file.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxRecordBytes = 16u << 20;

// Keys of a record that become fields.
constexpr std::array<std::string_view, 4> kFields = {"split", "docId", "ucsf_document_id",
                                                     "ucsf_document_page_no"};

class DocVqaSamples final : public SampleReader {
 public:
  DocVqaSamples(MappedFile file, JsonItems items, os::Path root)
      : file_(std::move(file)), items_(std::move(items)), root_(std::move(root)) {
    columns_.id = true;
    columns_.fields.assign(kFields.begin(), kFields.end());
  }

  const SampleColumns& columns() const override { return columns_; }
  const os::Path& root() const override { return root_; }

  Result<bool> Next(SourceRecord& record) override {
    JsonItem item;
    VLMHB_ASSIGN(const bool more, items_.Next(item));
    if (!more) return false;
    file_.Forget(static_cast<size_t>(item.value.data() - file_.text().data()));
    Clear(record, columns_.fields.size());
    record.place = fmt::format("data[{}]", number_++);
    const Result<void> read = Read(item.value, record.sample);
    if (!read.ok()) record.bad_reason = read.error().message();
    return true;
  }

 private:
  static Result<void> Read(std::string_view text, ImportedSample& sample) {
    if (text.size() > kMaxRecordBytes)
      return Error(ErrorCode::kCorrupt, fmt::format("it has {} bytes", text.size()));
    VLMHB_ASSIGN(const json::value value, ParseJson(text));
    const json::object* object = value.if_object();
    if (object == nullptr) return Error(ErrorCode::kCorrupt, "it is no object");
    VLMHB_ASSIGN(std::string image, GetString(*object, "image"));
    sample.images.emplace_back(std::move(image));
    const auto text_of = [&](std::string_view key) {
      const json::value* found = object->if_contains(key);
      return found == nullptr ? std::string() : CellText(*found);
    };
    VLMHB_ASSIGN(sample.prompt, GetString(*object, "question"));
    sample.reference = text_of("answers");
    sample.id = text_of("questionId");
    const std::vector<std::string> types = FindStrings(*object, "question_types");
    sample.question_type = Join(types, ", ");
    sample.fields[0] = text_of("data_split");
    for (size_t i = 1; i < kFields.size(); ++i) sample.fields[i] = text_of(kFields[i]);
    return {};
  }

  MappedFile file_;
  JsonItems items_;
  os::Path root_;
  SampleColumns columns_;
  uint64_t number_ = 0;
};

}  // namespace

bool IsDocVqa(const os::Path& path) {
  if (!HasExtension(path, ".json")) return false;
  const Result<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return false;
  Result<JsonItems> items = EnterJsonMember(file->text(), "data");
  JsonItem first;
  if (!items.ok() || items->is_object()) return false;
  const Result<bool> more = items->Next(first);
  return more.ok() && *more && FindJsonMember(first.value, "question").ok() &&
         !FindJsonMember(first.value, "question")->empty();
}

OpenedReader OpenDocVqa(const SourceOptions& options) {
  VLMHB_ASSIGN(MappedFile file, MappedFile::Open(options.path));
  Result<JsonItems> items = EnterJsonMember(file.text(), "data");
  if (!items.ok() || items->is_object())
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{} is no DocVQA file: it has no list 'data'", options.path.string()));
  return OpenedReader(
      std::make_unique<DocVqaSamples>(std::move(file), *std::move(items), ImageRoot(options)));
}

}  // namespace vlmhb::data
