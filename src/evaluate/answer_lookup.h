#pragma once
// The answers of an answers file by ascending sample id, whatever the order of its rows.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "store/answers.h"

namespace vlmhb::evaluate {

// Reads the file once to check it. Files in ascending order, such as ours, are then read alongside
// the annotation; for any other an index of 16 bytes a row is kept and rows are read where they
// lie. Not thread-safe.
class AnswerLookup {
 public:
  // kCorrupt names what is wrong in the file, an id that occurs twice for instance.
  static Result<AnswerLookup> Open(const os::Path& path);

  // The answer of sample `id` into `row`, false if there is none. REQUIRES: a larger id than in the
  // call before.
  Result<bool> Find(uint64_t id, store::AnswerRow& row);

  uint64_t rows() const { return rows_; }    // in the file
  uint64_t found() const { return found_; }  // by Find() so far

 private:
  struct Place {
    uint64_t id = 0;
    uint64_t offset = 0;
  };

  explicit AnswerLookup(store::AnswersReader reader) : reader_(std::move(reader)) {}
  static Result<std::vector<Place>> Index(const os::Path& path);
  Result<bool> FindInOrder(uint64_t id);
  Result<bool> FindByIndex(uint64_t id);

  store::AnswersReader reader_;
  uint64_t rows_ = 0;
  uint64_t found_ = 0;
  std::vector<Place> index_;  // empty: the file is in order
  size_t next_ = 0;           // in the index
  store::AnswerRow current_;  // the row read last
  bool has_current_ = false;
};

}  // namespace vlmhb::evaluate
