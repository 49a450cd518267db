#include "data/content_hash.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "base/hash.h"
#include "data/annotation_reader.h"
#include "data/image_folder.h"
#include "os/file_hash.h"

namespace vlmhb::data {
namespace {

constexpr std::string_view kVersion = "vlmhb.content/1";
constexpr Nanos kUnsettled = std::chrono::seconds(2);
constexpr size_t kMaxRemembered = 10'000;
constexpr size_t kDigestDigits = 64;

// Calls `visit` with the images of every sample whose paths differ from the sample's before.
Result<void> VisitImages(
    const DatasetView& view,
    const std::function<Result<void>(const std::string&, const Result<ImageFile>&)>& visit) {
  VLMHB_ASSIGN(const ImageFolder folder, ImageFolder::Open(view.root));
  VLMHB_ASSIGN(AnnotationReader reader, AnnotationReader::Open(view, {}));
  AnnotationRow row;
  std::vector<std::string> previous;
  while (true) {
    VLMHB_ASSIGN(const bool more, reader.Next(row));
    if (!more) return {};
    if (!row.good() || row.images == previous) continue;
    for (const std::string& image : row.images) VLMHB_TRY(visit(image, folder.Find(image)));
    previous = row.images;
  }
}

std::string_view WhyAbsent(const Error& error) {
  return error.code() == ErrorCode::kInvalidConfig ? "refused" : "missing";
}

struct StatDigest {
  std::string digest;
  Nanos newest_change{};
};

// Over the stamps of all files: cheap, and equal only if nothing was touched.
Result<StatDigest> DigestOfStats(const DatasetView& view) {
  StatDigest result;
  Sha256 hash;
  hash.UpdateField(kVersion).UpdateField(ToCanonicalJson(ToJsonObject(view)));
  const auto add = [&](const os::FileStamp& stamp) {
    result.newest_change = std::max(result.newest_change, Nanos(stamp.ctime_ns));
    hash.UpdateField(stamp.ToString());
  };
  VLMHB_ASSIGN(const os::FileStamp annotation, os::StampOf(view.annotation));
  add(annotation);
  const auto add_image = [&](const std::string& name, const Result<ImageFile>& image) {
    hash.UpdateField(name);
    if (image.ok()) {
      add(image->stamp);
    } else {
      hash.UpdateField(WhyAbsent(image.error()));
    }
    return Result<void>();
  };
  VLMHB_TRY(VisitImages(view, add_image));
  result.digest = hash.HexDigest();
  return result;
}

// Digests of images by path and stamp, so that images that rows take turns in are read once.
// Bounded: when it is full it begins anew.
class ImageDigests {
 public:
  Result<std::string> Of(const ImageFile& image) {
    const std::string key = image.path.string() + " " + image.stamp.ToString();
    if (const auto known = digests_.find(key); known != digests_.end()) return known->second;
    VLMHB_ASSIGN(const std::string digest, os::Sha256OfFile(image.path));
    if (digests_.size() >= kMaxRemembered) digests_.clear();
    digests_[key] = digest;
    return digest;
  }

 private:
  std::unordered_map<std::string, std::string> digests_;
};

}  // namespace

Result<std::string> DigestOfContent(const DatasetView& view) {
  VLMHB_ASSIGN(const std::string annotation, os::Sha256OfFile(view.annotation));
  Sha256 hash;
  hash.UpdateField(kVersion).UpdateField(annotation);
  ImageDigests digests;
  const auto add_image = [&](const std::string& name,
                             const Result<ImageFile>& image) -> Result<void> {
    hash.UpdateField(name);
    if (image.ok()) {
      VLMHB_ASSIGN(const std::string digest, digests.Of(*image));
      hash.UpdateField(digest);
    } else {
      hash.UpdateField(WhyAbsent(image.error()));
    }
    return {};
  };
  VLMHB_TRY(VisitImages(view, add_image));
  return hash.HexDigest();
}

Result<std::string> ContentDigest(const DatasetView& view, const os::Path& cache_folder,
                                  const Clock& clock) {
  VLMHB_ASSIGN(const StatDigest stats, DigestOfStats(view));
  const os::Path cached = cache_folder / stats.digest;
  const bool settled = stats.newest_change + kUnsettled < clock.Wall();
  if (settled) {
    Result<std::string> known = os::ReadFile(cached, kDigestDigits);
    if (known.ok() && IsSha256Hex(*known)) return known;
  }
  VLMHB_ASSIGN(const std::string digest, DigestOfContent(view));
  if (settled) {
    VLMHB_TRY(os::MakeFolders(cache_folder));
    VLMHB_TRY(os::WriteFileAtomic(cached, digest));
  }
  return digest;
}

}  // namespace vlmhb::data
