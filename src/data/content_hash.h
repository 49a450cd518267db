#pragma once
// The digest of everything a dataset view stands for: the annotation file's bytes and the content
// of every image its samples name. Two views with equal digests give a model the same input.

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "data/dataset_view.h"
#include "os/file.h"

namespace vlmhb::data {

// 64 lower-case hexadecimal digits. A missing image counts as "missing", one outside of the root as
// "refused": either is its sample's failure later, not an error here. Reads every image.
Result<std::string> DigestOfContent(const DatasetView& view);

// The same digest, remembered.
//
// Reading every image may take long, so the result is kept in `cache_folder` (created if missing)
// under a digest of sizes, times and inodes. That is not trusted for files changed less than two
// seconds before `clock`'s wall time, since a second change may fall into the same time stamp.
// Memory is independent of the number of rows.
Result<std::string> ContentDigest(const DatasetView& view, const os::Path& cache_folder,
                                  const Clock& clock);

}  // namespace vlmhb::data
