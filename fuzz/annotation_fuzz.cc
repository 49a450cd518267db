// annotation.csv: every row is delivered, good or with a reason.

#include <sstream>

#include "data/annotation_reader.h"
#include "fuzz.h"

namespace vlmhb::fuzz {
namespace {

uint64_t ReadAll(std::string_view input, const data::DatasetView& view) {
  constexpr data::Role kRequired[] = {data::Role::kImage, data::Role::kAnswer};
  auto reader = data::AnnotationReader::FromStream(
      std::make_unique<std::istringstream>(std::string(input)), view, kRequired);
  if (!reader.ok()) return 0;
  data::AnnotationRow row;
  uint64_t rows = 0;
  uint64_t line = 0;
  while (true) {
    const auto more = reader->Next(row);
    if (!more.ok() || !*more) return rows;
    CHECK(row.line >= line, "rows do not go back");
    CHECK(!row.good() || row.cells.size() == reader->columns().size(),
          "a good row has a cell for every column");
    line = row.line;
    ++rows;
  }
}

}  // namespace

void Test(std::string_view input) {
  data::DatasetView view;
  view.root = "/fuzz";
  view.annotation = "/fuzz/annotation.csv";
  const uint64_t all = ReadAll(input, view);
  view.doc_class = "invoice";
  view.limit = 2;
  const uint64_t some = ReadAll(input, view);
  CHECK(some <= all && some <= 2, "filters and limits only leave out");
}

}  // namespace vlmhb::fuzz
