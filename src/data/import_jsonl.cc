// JSON Lines: one object a line. Keys of parts of a sample go by their usual names or by those that
// the caller maps; every other key becomes a field.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "data/import_formats.h"
#include "data/json_items.h"
#include "data/mapped_file.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxLineBytes = 64u << 20;
constexpr size_t kMaxKeys = 512;

struct UsualNames {
  std::string_view role;
  std::array<std::string_view, 4> keys;  // the first of them that a file has
};
constexpr std::array<UsualNames, 7> kUsualNames = {{
    {"image", {"images", "image", "image_path", "image_paths"}},
    {"question", {"question", "prompt", "query", "instruction"}},
    {"answer", {"answer", "answers", "reference", "references"}},
    {"doc_class", {"doc_class"}},
    {"question_type", {"question_type"}},
    {"system", {"system", "system_prompt"}},
    {"id", {"id", "question_id", "source_id"}},
}};

// The lines of a file that are not blank.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  bool Next() {
    while (at_ < text_.size()) {
      const size_t end = std::min(text_.find('\n', at_), text_.size());
      line_ = Trim(text_.substr(at_, end - at_));
      at_ = end + 1;
      ++number_;
      if (!line_.empty()) return true;
    }
    return false;
  }

  std::string_view line() const { return line_; }
  uint64_t number() const { return number_; }
  size_t offset() const { return at_; }

 private:
  std::string_view text_;
  size_t at_ = 0;
  std::string_view line_;
  uint64_t number_ = 0;
};

// All keys of all lines, in the order of their first appearance. Broken lines are for later.
Result<std::vector<std::string>> CollectKeys(MappedFile& file) {
  std::vector<std::string> keys;
  Lines lines(file.text());
  JsonItem item;
  while (lines.Next()) {
    file.Forget(lines.offset());
    Result<JsonItems> items = JsonItems::Open(lines.line());
    if (!items.ok() || !items->is_object()) continue;
    size_t expected = 0;  // most lines have the same keys in the same order
    while (true) {
      const Result<bool> more = items->Next(item);
      if (!more.ok() || !*more) break;
      if (expected < keys.size() && keys[expected] == item.key) {
        ++expected;
        continue;
      }
      Result<std::string> key = Unescaped(item.key);
      if (!key.ok()) break;
      const auto known = std::find(keys.begin(), keys.end(), *key);
      expected = static_cast<size_t>(known - keys.begin()) + 1;
      if (known != keys.end()) continue;
      if (keys.size() == kMaxKeys)
        return Error(ErrorCode::kInvalidConfig,
                     fmt::format("line {}: more than {} different keys", lines.number(), kMaxKeys));
      keys.push_back(*std::move(key));
    }
  }
  return keys;
}

class JsonLines final : public SampleReader {
 public:
  JsonLines(MappedFile file, os::Path root)
      : file_(std::move(file)), lines_(file_.text()), root_(std::move(root)) {}

  Result<void> FindKeys(const SourceOptions& options) {
    VLMHB_ASSIGN(std::vector<std::string> keys, CollectKeys(file_));
    const auto has = [&](std::string_view key) {
      return std::find(keys.begin(), keys.end(), key) != keys.end();
    };
    for (const UsualNames& usual : kUsualNames) {
      const auto named = options.roles.find(std::string(usual.role));
      if (named != options.roles.end()) {
        if (!has(named->second))
          return Error(ErrorCode::kInvalidConfig,
                       fmt::format("{}: no line has a key '{}' ({}).{}", options.path.string(),
                                   named->second, usual.role, DidYouMean(named->second, keys)));
        parts_[named->second] = usual.role;
        continue;
      }
      const auto found = std::find_if(usual.keys.begin(), usual.keys.end(), [&](auto key) {
        return !key.empty() && has(key) && !parts_.contains(std::string(key));
      });
      if (found != usual.keys.end()) parts_[std::string(*found)] = usual.role;
    }
    if (std::none_of(parts_.begin(), parts_.end(),
                     [](const auto& part) { return part.second == "image"; }))
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("{}: no line has a key image, images or image_path; map one to "
                               "'image'. Its keys are {}",
                               options.path.string(), Truncate(Join(keys, ", "), 2000)));
    for (std::string& key : keys) {
      if (const auto part = parts_.find(key); part != parts_.end()) {
        columns_.id |= part->second == "id";
        columns_.system |= part->second == "system";
      } else {
        fields_[key] = columns_.fields.size();
        columns_.fields.push_back(std::move(key));
      }
    }
    return {};
  }

  const SampleColumns& columns() const override { return columns_; }
  const os::Path& root() const override { return root_; }

  Result<bool> Next(SourceRecord& record) override {
    if (!lines_.Next()) return false;
    file_.Forget(lines_.offset() - lines_.line().size());
    Clear(record, columns_.fields.size());
    record.place = fmt::format("line {}", lines_.number());
    if (const Result<void> read = Read(lines_.line(), record.sample); !read.ok())
      record.bad_reason = read.error().message();
    return true;
  }

 private:
  Result<void> Read(std::string_view line, ImportedSample& sample) const {
    if (line.size() > kMaxLineBytes)
      return Error(ErrorCode::kCorrupt,
                   fmt::format("{} bytes; a line has at most {}", line.size(), kMaxLineBytes));
    VLMHB_ASSIGN(const json::value value, ParseJson(line));
    if (!value.is_object()) return Error(ErrorCode::kCorrupt, "it is no JSON object");
    for (const auto& member : value.get_object()) {
      const std::string key(member.key());
      if (const auto part = parts_.find(key); part != parts_.end()) {
        VLMHB_TRY(SetPart(part->second, member.value(), sample));
      } else if (const auto field = fields_.find(key); field != fields_.end()) {
        sample.fields[field->second] = CellText(member.value());
      }
    }
    return {};
  }

  static Result<void> SetPart(std::string_view role, const json::value& value,
                              ImportedSample& sample) {
    if (role == "image") return AddImages(value, sample);
    std::string& part = role == "question"    ? sample.prompt
                        : role == "answer"    ? sample.reference
                        : role == "doc_class" ? sample.doc_class
                        : role == "system"    ? sample.system
                        : role == "id"        ? sample.id
                                              : sample.question_type;
    part = CellText(value);
    return {};
  }

  static Result<void> AddImages(const json::value& value, ImportedSample& sample) {
    if (value.is_string()) {
      VLMHB_ASSIGN(SampleImage image, ImageFromText(value.get_string()));
      sample.images.push_back(std::move(image));
      return {};
    }
    if (!value.is_array()) return Error(ErrorCode::kCorrupt, "its image is no text and no list");
    for (const json::value& item : value.get_array()) {
      if (!item.is_string()) return Error(ErrorCode::kCorrupt, "one of its images is no text");
      VLMHB_ASSIGN(SampleImage image, ImageFromText(item.get_string()));
      sample.images.push_back(std::move(image));
    }
    return {};
  }

  MappedFile file_;
  Lines lines_;
  os::Path root_;
  SampleColumns columns_;
  std::unordered_map<std::string, std::string_view> parts_;  // key -> role
  std::unordered_map<std::string, size_t> fields_;           // key -> place in columns_.fields
};

}  // namespace

bool IsJsonLines(const os::Path& path) {
  std::error_code absent;
  return (HasExtension(path, ".jsonl") || HasExtension(path, ".ndjson")) &&
         std::filesystem::is_regular_file(path, absent);
}

OpenedReader OpenJsonLines(const SourceOptions& options) {
  VLMHB_ASSIGN(MappedFile file, MappedFile::Open(options.path));
  auto reader = std::make_unique<JsonLines>(std::move(file), ImageRoot(options));
  VLMHB_TRY(reader->FindKeys(options));
  return OpenedReader(std::move(reader));
}

}  // namespace vlmhb::data
