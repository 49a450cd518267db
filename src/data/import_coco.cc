// COCO: one sample an image. Instances become a list of labelled boxes, captions a list of texts.
// The JSON is mapped and never built as a whole; what is kept is where the annotations of each
// image are (24 bytes each).

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/text.h"
#include "data/folder_listing.h"
#include "data/image_folder.h"
#include "data/import_formats.h"
#include "data/json_items.h"
#include "data/mapped_file.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxItemBytes = 16u << 20;
constexpr size_t kMaxCategories = 1'000'000;
constexpr uint64_t kForgetImages = 64;

struct Place {
  int64_t image = 0;
  size_t offset = 0;  // in the file
  size_t size = 0;
};

Result<json::object> ParseItem(std::string_view text) {
  if (text.size() > kMaxItemBytes)
    return Error(ErrorCode::kCorrupt, fmt::format("an item of {} bytes", text.size()));
  VLMHB_ASSIGN(json::value value, ParseJson(text));
  if (!value.is_object()) return Error(ErrorCode::kCorrupt, "an item is no object");
  return std::move(value.get_object());
}

// The file of a COCO folder: the only one of annotations/, or of the folder itself.
Result<os::Path> FileOf(const os::Path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return path;
  std::vector<os::Path> files;
  for (const os::Path& folder : {path / "annotations", path}) {
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error))
      if (HasExtension(it->path(), ".json")) files.push_back(it->path());
    if (!files.empty()) break;
  }
  if (files.size() == 1) return files.front();
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("{} has {} JSON files in annotations/; name the one that is wanted",
                           path.string(), files.size()));
}

// Images lie beside annotations/, or beside the file.
os::Path RootOf(const SourceOptions& options, const os::Path& file) {
  if (!options.images.empty()) return options.images;
  std::error_code error;
  if (std::filesystem::is_directory(options.path, error)) return options.path;
  const os::Path folder = std::filesystem::absolute(file).parent_path();
  return folder.filename() == "annotations" ? folder.parent_path() : folder;
}

// 12.5, not 1.25E1; pixels to two decimals.
std::string Pixels(double value) { return fmt::format("{}", std::round(value * 100) / 100); }

class CocoSamples final : public SampleReader {
 public:
  CocoSamples(MappedFile file, os::Path root, ImageFolder folder, std::string split)
      : file_(std::move(file)),
        root_(std::move(root)),
        folder_(std::move(folder)),
        split_(std::move(split)) {
    columns_.id = true;
    columns_.fields = {"split", "width", "height"};
  }

  Result<void> Index() {
    VLMHB_ASSIGN(JsonItems members, JsonItems::Open(file_.text()));
    std::string_view key;
    while (true) {
      VLMHB_ASSIGN(const bool more, members.NextKey(key));
      if (!more) break;
      if (key != "images" && key != "annotations" && key != "categories") {
        VLMHB_TRY(members.TakeValue());
        continue;
      }
      VLMHB_ASSIGN(JsonItems list, members.Enter());
      if (key == "images") images_ = list;
      VLMHB_TRY(IndexList(key, members.offset(), list));
      members.Leave(list);
    }
    if (!images_.has_value() || !has_annotations_)
      return Error(ErrorCode::kInvalidConfig,
                   "no COCO file: it has no lists 'images' and 'annotations'");
    // In the order of the file, image by image.
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return a.image != b.image ? a.image < b.image : a.offset < b.offset;
    });
    return {};
  }

  const SampleColumns& columns() const override { return columns_; }
  const os::Path& root() const override { return root_; }

  Result<bool> Next(SourceRecord& record) override {
    JsonItem item;
    VLMHB_ASSIGN(const bool more, images_->Next(item));
    if (!more) return false;
    Clear(record, columns_.fields.size());
    record.place = fmt::format("images[{}]", number_++);
    if (number_ % kForgetImages == 0) file_.ForgetAll();  // annotations lie all over the file
    const Result<void> read = Read(item.value, record.sample);
    if (!read.ok()) record.bad_reason = read.error().message();
    return true;
  }

 private:
  // Walks a list that begins at `begin` of the file.
  Result<void> IndexList(std::string_view key, size_t begin, JsonItems& list) {
    has_annotations_ |= key == "annotations";
    JsonItem item;
    while (true) {
      VLMHB_ASSIGN(const bool more, list.Next(item));
      if (!more) return {};
      if (key == "categories") VLMHB_TRY(AddCategory(item.value));
      if (key == "annotations") VLMHB_TRY(AddPlace(item.value));
      file_.Forget(begin + list.offset());
    }
  }

  Result<void> AddCategory(std::string_view text) {
    VLMHB_ASSIGN(const json::object category, ParseItem(text));
    VLMHB_ASSIGN(const int64_t id, GetInt(category, "id"));
    VLMHB_ASSIGN(categories_[id], GetString(category, "name"));
    if (categories_.size() > kMaxCategories)
      return Error(ErrorCode::kCorrupt, "more than a million categories");
    return {};
  }

  Result<void> AddPlace(std::string_view text) {
    VLMHB_ASSIGN(const std::string_view image, FindJsonMember(text, "image_id"));
    VLMHB_ASSIGN(const json::value id, ParseJson(image));
    if (!id.is_int64()) return Error(ErrorCode::kCorrupt, "an annotation without image_id");
    places_.push_back({.image = id.get_int64(),
                       .offset = static_cast<size_t>(text.data() - file_.text().data()),
                       .size = text.size()});
    return {};
  }

  Result<void> Read(std::string_view text, ImportedSample& sample) const {
    VLMHB_ASSIGN(const json::object image, ParseItem(text));
    VLMHB_ASSIGN(const int64_t id, GetInt(image, "id"));
    VLMHB_ASSIGN(const std::string name, GetString(image, "file_name"));
    sample.id = std::to_string(id);
    sample.images.emplace_back(Locate(name));
    sample.fields = {split_, CellText(ValueOf(image, "width")), CellText(ValueOf(image, "height"))};
    const auto range =
        std::equal_range(places_.begin(), places_.end(), Place{.image = id},
                         [](const Place& a, const Place& b) { return a.image < b.image; });
    std::string answers;
    for (auto place = range.first; place != range.second; ++place) {
      VLMHB_ASSIGN(const std::string answer,
                   Answer(file_.text().substr(place->offset, place->size)));
      if (!answer.empty()) answers += (answers.empty() ? "" : ",") + answer;
    }
    sample.reference = "[" + answers + "]";
    return {};
  }

  static json::value ValueOf(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value == nullptr ? json::value() : *value;
  }

  // The text of one annotation's item; empty for a crowd, whose box is none of an object.
  Result<std::string> Answer(std::string_view text) const {
    VLMHB_ASSIGN(const json::object annotation, ParseItem(text));
    if (const json::value* caption = annotation.if_contains("caption")) {
      if (!caption->is_string()) return Error(ErrorCode::kCorrupt, "a caption is no text");
      return ToJson(*caption);
    }
    if (FindInt(annotation, "iscrowd", 0) != 0) return std::string();
    VLMHB_ASSIGN(const int64_t category, GetInt(annotation, "category_id"));
    const auto name = categories_.find(category);
    if (name == categories_.end())
      return Error(ErrorCode::kCorrupt, fmt::format("there is no category {}", category));
    VLMHB_ASSIGN(const std::string box, Box(annotation));
    return fmt::format(R"({{"label":{},"bbox":{}}})", ToJson(json::value(name->second)), box);
  }

  // COCO has [x, y, width, height]; answers have two corners.
  static Result<std::string> Box(const json::object& annotation) {
    const Error wrong(ErrorCode::kCorrupt, "a bbox is no list of four numbers");
    const json::array* box = FindArray(annotation, "bbox");
    if (box == nullptr || box->size() != 4) return wrong;
    double numbers[4];
    for (size_t i = 0; i < 4; ++i) {
      if (!(*box)[i].is_number()) return wrong;
      numbers[i] = (*box)[i].to_number<double>();
      if (!(std::abs(numbers[i]) < 1e9)) return wrong;
    }
    return fmt::format("[{},{},{},{}]", Pixels(numbers[0]), Pixels(numbers[1]),
                       Pixels(numbers[0] + numbers[2]), Pixels(numbers[1] + numbers[3]));
  }

  // Where the file is: images/ and a folder named after the split are usual.
  std::string Locate(const std::string& name) const {
    for (const std::string& folder :
         {std::string(), split_ + "/", std::string("images/"), "images/" + split_ + "/"})
      if (folder_.Find(folder + name).ok()) return folder + name;
    return name;
  }

  MappedFile file_;
  os::Path root_;
  ImageFolder folder_;
  std::string split_;
  SampleColumns columns_;
  std::optional<JsonItems> images_;
  bool has_annotations_ = false;
  std::unordered_map<int64_t, std::string> categories_;
  std::vector<Place> places_;
  uint64_t number_ = 0;
};

}  // namespace

bool IsCoco(const os::Path& path) {
  const Result<os::Path> name = FileOf(path);
  if (!name.ok() || !HasExtension(*name, ".json")) return false;
  const Result<MappedFile> file = MappedFile::Open(*name);
  if (!file.ok()) return false;
  Result<JsonItems> members = JsonItems::Open(file->text());
  if (!members.ok() || !members->is_object()) return false;
  std::string_view key;
  while (true) {
    const Result<bool> more = members->NextKey(key);
    if (!more.ok() || !*more) return false;
    if (key == "images" || key == "annotations") {
      const Result<JsonItems> list = members->Enter();
      return list.ok() && !list->is_object();
    }
    if (!members->TakeValue().ok()) return false;
  }
}

OpenedReader OpenCoco(const SourceOptions& options) {
  VLMHB_ASSIGN(const os::Path path, FileOf(options.path));
  VLMHB_ASSIGN(MappedFile file, MappedFile::Open(path));
  const os::Path root = RootOf(options, path);
  VLMHB_ASSIGN(ImageFolder folder, ImageFolder::Open(root));
  const std::string stem = path.stem().string();  // instances_val2017
  const size_t line = stem.rfind('_');
  auto reader = std::make_unique<CocoSamples>(std::move(file), root, std::move(folder),
                                              line == stem.npos ? "" : stem.substr(line + 1));
  if (Result<void> indexed = reader->Index(); !indexed.ok())
    return std::move(indexed).error().With("reading " + path.string());
  return OpenedReader(std::move(reader));
}

}  // namespace vlmhb::data
