#pragma once
// A file of the input's bytes, read as a dataset of a format: every record is delivered, good or
// with a reason, and a good one is of the announced shape.

#include <fstream>

#include "data/import.h"
#include "fuzz.h"

namespace vlmhb::fuzz {

inline void ReadDataset(std::string_view input, std::string_view format) {
  static const os::TempFolder folder(std::string_view("vlmhb-fuzz"));
  data::SourceOptions options;
  options.path = folder.path() / "input";
  std::ofstream(options.path, std::ios::binary | std::ios::trunc) << input;
  auto source = data::OpenSource(format, options);
  if (!source.ok()) return;
  const size_t fields = source->reader->columns().fields.size();
  data::SourceRecord record;
  while (true) {
    const auto more = source->reader->Next(record);
    if (!more.ok() || !*more) return;
    CHECK(!record.place.empty(), "a record says where it is");
    CHECK(record.sample.fields.size() == fields || !record.bad_reason.empty(),
          "a good record has a text for every field");
  }
}

}  // namespace vlmhb::fuzz
