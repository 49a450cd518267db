#pragma once
// Where each id's frame starts in a journal: a sparse file of 8 bytes an id, read and written in
// place, so that memory stays flat for any number of ids. It is derived from the journal, rebuilt
// at every open and never synced. (Not mapped: a full disk must be an error, not a SIGBUS.)

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::store {

class JournalIndex {
 public:
  // Larger ids are refused: the file would outgrow what file systems allow.
  static constexpr uint64_t kMaxId = (1ull << 32) - 1;

  JournalIndex() = default;  // to be assigned to
  // An empty index at `path`; whatever was there is dropped.
  static Result<JournalIndex> Create(const os::Path& path);

  // `offset` is not 0. kCorrupt for an id above kMaxId.
  Result<void> Set(uint64_t id, uint64_t offset);
  // 0 if the id is not there.
  Result<uint64_t> Get(uint64_t id) const;
  Result<bool> Contains(uint64_t id) const;

  // Ascending by id; stops at the first error of the visitor and returns it.
  Result<void> Visit(
      const std::function<Result<void>(uint64_t id, uint64_t offset)>& visitor) const;

 private:
  JournalIndex(os::Path path, os::Fd fd);

  os::Path path_;
  os::Fd fd_;
};

}  // namespace vlmhb::store
