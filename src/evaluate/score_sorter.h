#pragma once
// The scores of all samples, sorted by cluster in bounded memory: what does not fit is sorted in
// runs, which lie in a temporary file without a name and are merged while reading. The order is by
// cluster, then id, whatever the order of Add, so that sums over it are equal to the last bit.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "metrics/score.h"
#include "os/file.h"

namespace vlmhb::evaluate {

struct SampleScores {
  uint64_t cluster = 0;
  uint64_t id = 0;
  std::vector<uint64_t> groups;        // one per grouping
  std::vector<metrics::Score> scores;  // one per metric; denominator 0: no value
};

// Not thread-safe. Add everything, then read it as often as wanted: each Rewind() starts a pass.
class ScoreSorter {
 public:
  // Every sample has as many groups and scores as said here. `folder` takes the temporary file if
  // one is needed. Memory stays within a few MB of `memory_bytes`.
  ScoreSorter(os::Path folder, size_t groups, size_t scores, size_t memory_bytes = 12u << 20);

  Result<void> Add(const SampleScores& sample);
  Result<void> Rewind();
  // The next sample of this pass, false at its end. REQUIRES: Rewind() after the last Add().
  Result<bool> Next(SampleScores& sample);

 private:
  // A sorted part of the records, read through a buffer of its own.
  struct Run {
    uint64_t begin = 0;  // of the file, in bytes
    uint64_t end = 0;
    uint64_t next = 0;             // what the buffer does not have yet
    std::vector<uint64_t> buffer;  // words
    size_t at = 0;
  };

  void SortMemory();
  Result<void> Spill();
  Result<void> CreateFile();
  Result<bool> Fill(Run& run);
  bool Comes(size_t a, size_t b) const;  // heap order: the smallest record on top
  void Decode(const uint64_t* record, SampleScores& sample) const;

  os::Path folder_;
  size_t groups_;
  size_t scores_;
  size_t width_;  // words of a record: cluster, id, groups, then numerator and denominator of each
                  // score
  size_t memory_records_;
  std::vector<uint64_t> memory_;  // records not yet spilled
  std::vector<uint32_t> order_;   // of the records in memory, once sorted
  size_t memory_at_ = 0;
  os::Fd file_;
  uint64_t file_bytes_ = 0;
  std::vector<Run> runs_;
  std::vector<size_t> heap_;  // indices of runs that have records left
};

}  // namespace vlmhb::evaluate
