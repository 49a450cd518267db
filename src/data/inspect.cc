#include "data/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"
#include "data/content_hash.h"
#include "data/image_cell.h"
#include "data/image_kind.h"
#include "data/import.h"
#include "data/scripts.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMostCompared = 1'000'000;
constexpr size_t kMostNames = 1000;
constexpr size_t kShownBytes = 200;

using Key = uint64_t;  // of a SHA-256: collisions are not to be expected below billions

Key KeyOf(std::string_view digest) {
  return std::stoull(std::string(digest.substr(0, 16)), nullptr, 16);
}

// What is equal to something before it; ends to compare when it is full.
class Seen {
 public:
  explicit Seen(bool& partial) : partial_(partial) {}
  bool Before(Key key) {
    if (keys_.size() < kMostCompared) return !keys_.insert(key).second;
    partial_ = true;
    return keys_.contains(key);
  }

 private:
  bool& partial_;
  std::unordered_set<Key> keys_;
};

void Count(std::map<std::string, uint64_t>& counts, const std::string& name) {
  if (counts.size() < kMostNames || counts.contains(name)) {
    ++counts[name];
  } else {
    ++counts["(others)"];
  }
}

class Inspector {
 public:
  Inspector(const InspectOptions& options, const std::function<void(const Finding&)>& tell)
      : options_(options), tell_(tell) {}

  Result<Inspection> Run() {
    VLMHB_ASSIGN(const OpenedSource source, OpenSource(options_.format, options_.source));
    VLMHB_ASSIGN(const ImageFolder folder, ImageFolder::Open(source.reader->root()));
    folder_ = &folder;
    result_.format = source.format->name;
    result_.root = folder.root();
    result_.fields = source.reader->columns().fields;
    while (true) {
      VLMHB_ASSIGN(const bool more, source.reader->Next(record_));
      if (!more) break;
      ++result_.samples;
      Look();
    }
    if (result_.samples == 0)
      Tell(Severity::kError, "no_sample", "it has no sample", "check the path and the format");
    return Digest();
  }

 private:
  void Tell(Severity severity, std::string_view check, std::string what, std::string fix) {
    ++(severity == Severity::kError ? result_.errors : result_.warnings)[std::string(check)];
    tell_({severity, std::string(check), record_.place, SanitizeUtf8(what), std::move(fix)});
  }

  void Look() {
    if (!record_.bad_reason.empty())
      return Tell(Severity::kError, "bad_record", record_.bad_reason,
                  "correct the record, or leave it out with `import --skip-bad`");
    const ImportedSample& sample = record_.sample;
    Count(result_.doc_classes, sample.doc_class);
    Count(result_.question_types, sample.question_type);
    CountScripts();
    CheckTexts();
    if (sample.images.empty()) Tell(Severity::kError, "no_image", "it has no image", "name one");
    if (sample.images.size() > kMaxImages)
      Tell(Severity::kError, "too_many_images",
           fmt::format("{} images; a sample has at most {}", sample.images.size(), kMaxImages),
           "split the sample");
    result_.most_images = std::max<uint64_t>(result_.most_images, sample.images.size());
    Sha256 identity;
    for (const SampleImage& image : sample.images) identity.UpdateField(LookAtImage(image));
    identity.UpdateField(sample.prompt).UpdateField(sample.reference).UpdateField(sample.system);
    if (samples_.Before(KeyOf(identity.HexDigest())))
      Tell(Severity::kWarning, "duplicate_sample",
           "an earlier sample has the same images, question and answer",
           "remove one: it counts twice in every metric");
    if (!sample.id.empty() && ids_.Before(KeyOf(Sha256Hex(sample.id))))
      Tell(Severity::kError, "duplicate_id",
           fmt::format("id '{}' occurs twice", Truncate(sample.id, kShownBytes)),
           "give each sample an id of its own");
  }

  void CountScripts() {
    const uint32_t scripts = ScriptsOf(record_.sample.prompt) | ScriptsOf(record_.sample.reference);
    for (size_t i = 0; i < ScriptNames().size(); ++i)
      if ((scripts >> i & 1) != 0) ++result_.scripts[std::string(ScriptNames()[i])];
  }

  void CheckTexts() {
    const ImportedSample& sample = record_.sample;
    const auto check = [&](const std::string& role, const std::string& text) {
      if (!IsValidUtf8(text))
        Tell(Severity::kError, "not_utf8", fmt::format("its {} is not UTF-8", role),
             "save the file as UTF-8");
      if (text.empty() && options_.required.contains(role))
        Tell(Severity::kError, "empty_" + role, fmt::format("its {} is empty", role),
             fmt::format("fill it in, or leave the sample out: without {} it cannot be scored or "
                         "asked",
                         role));
    };
    check("question", sample.prompt);
    check("answer", sample.reference);
    check("doc_class", sample.doc_class);
    check("question_type", sample.question_type);
    if (sample.reference.empty() && !options_.required.contains("answer"))
      Tell(Severity::kWarning, "empty_answer", "its answer is empty",
           "metrics leave it out; fill it in where there is one");
  }

  // What stands for the image when samples are compared.
  std::string LookAtImage(const SampleImage& image) {
    ++result_.images.references;
    if (const auto* bytes = std::get_if<ImageBytes>(&image)) {
      const std::string digest = Sha256Hex(bytes->bytes);
      if (!names_.Before(KeyOf(digest))) Describe(bytes->bytes, "its image");
      return digest;
    }
    const std::string& path = std::get<std::string>(image);
    if (!names_.Before(KeyOf(Sha256Hex("path " + path)))) LookAtFile(path);
    return path;
  }

  void LookAtFile(const std::string& path) {
    const std::string shown = Truncate(SanitizeUtf8(path), kShownBytes);
    const Result<ImageFile> file = folder_->Find(path);
    if (!file.ok() && file.error().code() == ErrorCode::kInvalidConfig)
      return Tell(Severity::kError, "refused_image", file.error().message(),
                  fmt::format("images must lie below {}", result_.root.string()));
    if (!file.ok())
      return Tell(Severity::kError, "missing_image", file.error().message(),
                  "add the file, or correct its name (letter case counts)");
    const Result<std::string> bytes = os::ReadFile(file->path, kMaxImageFileBytes);
    if (!bytes.ok())
      return Tell(Severity::kError, "unreadable_image", bytes.error().message(),
                  "check its permissions and size");
    Describe(*bytes, "image '" + shown + "'");
    const auto [first, is_new] = SameContent(KeyOf(Sha256Hex(*bytes)), shown);
    if (!is_new && first != shown)
      Tell(Severity::kWarning, "identical_image",
           fmt::format("image '{}' is the same, byte for byte, as '{}'", shown, first),
           "keep one of them, or intervals are narrower than they should be");
  }

  std::pair<std::string, bool> SameContent(Key content, const std::string& name) {
    const auto known = contents_.find(content);
    if (known != contents_.end()) return {known->second, false};
    if (contents_.size() < kMostCompared / 4) {
      contents_[content] = name;
    } else {
      result_.partial = true;
    }
    return {name, true};
  }

  void Describe(std::string_view bytes, const std::string& name) {
    ImageCounts& counts = result_.images;
    ++counts.distinct;
    counts.bytes += bytes.size();
    const ImageFacts facts = LookAt(bytes);
    ++counts.kinds[std::string(facts.kind.name)];
    if (!facts.damage.empty())
      Tell(Severity::kError, "corrupt_image", fmt::format("{} is {}", name, facts.damage),
           "get it again from where it came");
    if (facts.width <= 0 || facts.height <= 0) return;
    const bool is_first = counts.most_width == 0;
    counts.least_width = is_first ? facts.width : std::min(counts.least_width, facts.width);
    counts.least_height = is_first ? facts.height : std::min(counts.least_height, facts.height);
    counts.most_width = std::max(counts.most_width, facts.width);
    counts.most_height = std::max(counts.most_height, facts.height);
  }

  Result<Inspection> Digest() {
    if (result_.format == "annotation") {
      DatasetView view;
      view.root = result_.root;
      std::error_code absent;
      view.annotation = std::filesystem::is_directory(options_.source.path, absent)
                            ? options_.source.path / "annotation.csv"
                            : options_.source.path;
      if (const auto image = options_.source.roles.find("image");
          image != options_.source.roles.end())
        view.columns.image = image->second;
      VLMHB_ASSIGN(result_.content_digest, DigestOfContent(view));
    }
    return std::move(result_);
  }

  const InspectOptions& options_;
  const std::function<void(const Finding&)>& tell_;
  const ImageFolder* folder_ = nullptr;
  Inspection result_;
  SourceRecord record_;
  Seen names_{result_.partial};
  Seen ids_{result_.partial};
  Seen samples_{result_.partial};
  std::unordered_map<Key, std::string> contents_;  // of images -> the first name
};

json::object Counts(const std::map<std::string, uint64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[SanitizeUtf8(name)] = count;
  return object;
}

}  // namespace

json::object ToJsonObject(const Inspection& inspection) {
  json::array fields;
  for (const std::string& field : inspection.fields) fields.emplace_back(field);
  const ImageCounts& images = inspection.images;
  const auto range = [](int64_t least, int64_t most) {
    return most == 0 ? json::value(nullptr) : json::value{least, most};
  };
  return {{"schema", "vlmhb.inspection/1"},
          {"format", inspection.format},
          {"root", inspection.root.string()},
          {"fields", std::move(fields)},
          {"samples", inspection.samples},
          {"images",
           {{"references", images.references},
            {"distinct", images.distinct},
            {"most_of_a_sample", inspection.most_images},
            {"bytes", images.bytes},
            {"kinds", Counts(images.kinds)},
            {"width", range(images.least_width, images.most_width)},
            {"height", range(images.least_height, images.most_height)}}},
          {"doc_classes", Counts(inspection.doc_classes)},
          {"question_types", Counts(inspection.question_types)},
          {"scripts", Counts(inspection.scripts)},
          {"errors", Counts(inspection.errors)},
          {"warnings", Counts(inspection.warnings)},
          {"partial", inspection.partial},
          {"content_digest", inspection.content_digest.has_value()
                                 ? json::value(*inspection.content_digest)
                                 : json::value(nullptr)}};
}

Result<Inspection> Inspect(const InspectOptions& options,
                           const std::function<void(const Finding&)>& tell) {
  return Inspector(options, tell).Run();
}

}  // namespace vlmhb::data
