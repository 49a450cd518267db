#pragma once
// A reader of samples that are counted beforehand, as the files of a folder are.

#include <functional>

#include "data/import_formats.h"

namespace vlmhb::data {

class NumberedSamples final : public SampleReader {
 public:
  // Puts sample `number` into an emptied record; what is wrong with it goes into bad_reason.
  using Fill = std::function<void(size_t number, SourceRecord& record)>;

  NumberedSamples(os::Path root, SampleColumns columns, size_t count, Fill fill)
      : root_(std::move(root)),
        columns_(std::move(columns)),
        count_(count),
        fill_(std::move(fill)) {}

  const SampleColumns& columns() const override { return columns_; }
  const os::Path& root() const override { return root_; }

  Result<bool> Next(SourceRecord& record) override {
    if (next_ == count_) return false;
    Clear(record, columns_.fields.size());
    fill_(next_++, record);
    return true;
  }

 private:
  os::Path root_;
  SampleColumns columns_;
  size_t count_ = 0;
  size_t next_ = 0;
  Fill fill_;
};

}  // namespace vlmhb::data
