#pragma once
// The answer journal (docs/formats/journal.md): the truth about which samples are answered.
// Append-only frames with a CRC; what Append() has returned for is on the disk and survives a
// power cut. Memory does not grow with the number of frames.
//
// Not thread-safe, with one exception: Contains() may run in one thread while Append() of other ids
// runs in another, so that an event loop can look up ids while a commit thread waits for the disk.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/file.h"
#include "store/journal_index.h"

namespace vlmhb::store {

inline constexpr std::string_view kJournalFile = "journal";

class Journal {
 public:
  using Visitor = std::function<Result<void>(uint64_t id, std::string_view payload)>;

  // Opens the journal of `folder` for `identity`, or creates it. Takes the lock (kUnavailable if
  // another process holds it), cuts a torn tail off and rebuilds the index. kInvalidConfig if the
  // journal belongs to another identity, kCorrupt if it is no journal or holds an id twice.
  static Result<Journal> Open(const os::Path& folder, std::string_view identity);

  Journal(Journal&&) noexcept;

  Result<bool> Contains(uint64_t id) const { return index_.Contains(id); }
  // Number of samples in the journal.
  uint64_t size() const { return count_; }
  // Bytes of a torn tail that Open() cut off: frames that were never acknowledged.
  uint64_t dropped_bytes() const { return dropped_bytes_; }

  // Appends one frame per payload and returns when all of them are on the disk: they share one
  // sync. A payload is a JSON object that starts with {"id":<number>. On an error none of them
  // counts: kNoSpace if the disk is full (nothing is left behind, it may be tried again), kInternal
  // for an id that the journal has already. After a failed sync the journal refuses to go on (the
  // kernel may have dropped the data); opening it again tells what the disk kept.
  Result<void> Append(std::span<const std::string> payloads);

  // Keeps only the frames for which `keep` is true: writes a new journal beside this one and
  // replaces it atomically. For `--retry-failed`. REQUIRES: no Append() in another thread.
  Result<void> Filter(const std::function<bool(std::string_view payload)>& keep);

  // Visits every frame, ascending by id or in the order in which they were appended. Stops at the
  // first error of the visitor and returns it.
  Result<void> VisitById(const Visitor& visitor) const;
  Result<void> VisitInOrder(const Visitor& visitor) const;

 private:
  Journal(os::Path path, std::string identity, os::FileLock lock);
  Result<void> Load();
  Result<void> Scan();
  Result<void> WriteFrames(std::string_view frames);

  os::Path path_;
  std::string identity_;
  os::FileLock lock_;
  os::Fd fd_;
  JournalIndex index_;
  uint64_t first_frame_ = 0;
  uint64_t end_ = 0;
  uint64_t dropped_bytes_ = 0;
  std::atomic<uint64_t> count_ = 0;
  std::optional<Error> broken_;
};

// The id at the start of a payload; kCorrupt if it does not start with {"id":<number>.
Result<uint64_t> PayloadId(std::string_view payload);

}  // namespace vlmhb::store
