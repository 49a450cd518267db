// The predecessor's folders with answers in jsons/: fields of single documents (SNILS) and
// documents of several pages (RPO).

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "data/folder_listing.h"
#include "data/numbered_samples.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxJsonBytes = 16u << 20;

bool IsFile(const os::Path& path) {
  std::error_code absent;
  return std::filesystem::is_regular_file(path, absent);
}
bool IsFolder(const os::Path& path) {
  std::error_code absent;
  return std::filesystem::is_directory(path, absent);
}

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// `relative` names a file of the source, so a link must not lead out of it.
Result<json::value> ReadJson(const os::Path& root, const std::string& relative) {
  VLMHB_ASSIGN(const os::Path file, os::JoinInside(root, relative));
  if (!IsFile(file)) return Error(ErrorCode::kNotFound, fmt::format("there is no {}", relative));
  VLMHB_ASSIGN(const std::string text, os::ReadFile(file, kMaxJsonBytes));
  Result<json::value> value = ParseJson(text);
  if (!value.ok()) return std::move(value).error().With("reading " + relative);
  return value;
}

// {"fields":{name:{"value":text,"bboxes":[…]}}} to {name: text}, and the boxes by name.
Result<void> TakeFields(const json::value& document, ImportedSample& sample) {
  const json::object* object = document.if_object();
  const json::object* fields = object == nullptr ? nullptr : FindObject(*object, "fields");
  if (fields == nullptr) return Error(ErrorCode::kCorrupt, "its JSON has no object 'fields'");
  json::object values;
  json::object boxes;
  for (const auto& field : *fields) {
    const json::object* parts = field.value().if_object();
    const json::value* value = parts == nullptr ? &field.value() : parts->if_contains("value");
    values[field.key()] = value == nullptr ? json::value(nullptr) : *value;
    if (parts != nullptr && parts->contains("bboxes")) boxes[field.key()] = parts->at("bboxes");
  }
  sample.reference = ToJson(values);
  if (!boxes.empty()) sample.fields[1] = ToJson(boxes);
  if (const json::value* index = object->if_contains("index")) sample.id = CellText(*index);
  return {};
}

// One image of a folder of single documents.
struct Document {
  std::string folder;  // "" or "<doc_class>/"
  std::string subset;  // below images/; may be empty
  std::string name;
};

void AddDocuments(const os::Path& root, const std::string& folder, std::vector<Document>& all) {
  const os::Path images = root / folder / "images";
  for (std::string& name : ImagesIn(images)) all.push_back({folder, "", std::move(name)});
  for (const std::string& subset : FoldersIn(images))
    for (std::string& name : ImagesIn(images / subset))
      all.push_back({folder, subset, std::move(name)});
}

bool HasBoth(const os::Path& path) { return IsFolder(path / "images") && IsFolder(path / "jsons"); }

}  // namespace

bool IsPageFolder(const os::Path& path) {
  if (!HasBoth(path)) return false;
  const std::vector<std::string> folders = FoldersIn(path / "images");
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& name) {
    return IsNumber(name) && IsFile(path / "jsons" / (name + ".json"));
  });
}

OpenedReader OpenPageFolder(const SourceOptions& options) {
  const os::Path root = options.path;
  if (!HasBoth(root))
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{} has no folders images/ and jsons/", root.string()));
  const auto folders = std::make_shared<const std::vector<std::string>>(FoldersIn(root / "images"));
  const auto fill = [root, folders](size_t number, SourceRecord& record) {
    const std::string& name = (*folders)[number];
    const std::string folder = "images/" + name;
    record.place = SanitizeUtf8(folder);
    record.sample.id = name;
    for (const std::string& page : ImagesIn(root / folder))
      record.sample.images.emplace_back(folder + "/" + page);
    record.sample.fields[0] = std::to_string(record.sample.images.size());
    const Result<json::value> answer = ReadJson(root, "jsons/" + name + ".json");
    if (answer.ok()) {
      record.sample.reference = CellText(*answer);
    } else {
      record.bad_reason = answer.error().ToString();
    }
  };
  SampleColumns columns;
  columns.id = true;
  columns.fields = {"pages"};
  return OpenedReader(
      std::make_unique<NumberedSamples>(root, std::move(columns), folders->size(), fill));
}

bool IsDocumentFolder(const os::Path& path) {
  if (HasBoth(path)) return true;
  const std::vector<std::string> folders = FoldersIn(path);
  return std::any_of(folders.begin(), folders.end(),
                     [&](const std::string& name) { return HasBoth(path / name); });
}

OpenedReader OpenDocumentFolder(const SourceOptions& options) {
  const os::Path root = options.path;
  std::vector<Document> all;
  if (HasBoth(root)) {
    AddDocuments(root, "", all);
  } else {
    for (const std::string& folder : FoldersIn(root))
      if (HasBoth(root / folder)) AddDocuments(root, folder + "/", all);
  }
  if (all.empty())
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{} has no images/ beside jsons/", root.string()));
  const size_t count = all.size();
  const auto documents = std::make_shared<const std::vector<Document>>(std::move(all));
  const auto fill = [root, documents](size_t number, SourceRecord& record) {
    const Document& document = (*documents)[number];
    const std::string image = document.folder + "images/" +
                              (document.subset.empty() ? "" : document.subset + "/") +
                              document.name;
    record.place = SanitizeUtf8(image);
    record.sample.images.emplace_back(image);
    record.sample.doc_class = os::Path(document.folder).parent_path().string();
    record.sample.fields[0] = document.subset;
    const std::string stem = os::Path(document.name).stem().string();
    const Result<json::value> json = ReadJson(root, document.folder + "jsons/" + stem + ".json");
    const Result<void> taken =
        json.ok() ? TakeFields(*json, record.sample) : Result<void>(json.error());
    if (!taken.ok()) record.bad_reason = taken.error().ToString();
  };
  SampleColumns columns;
  columns.id = true;
  columns.fields = {"subset", "bboxes"};
  return OpenedReader(std::make_unique<NumberedSamples>(root, std::move(columns), count, fill));
}

}  // namespace vlmhb::data
