#include "evaluate/answer_lookup.h"

#include <fmt/format.h>

#include <algorithm>

namespace vlmhb::evaluate {
namespace {

Error Twice(const os::Path& path, uint64_t id, std::string_view where) {
  return Error(ErrorCode::kCorrupt,
               fmt::format("{}: the id {} occurs twice{}. Every sample may have one answer; remove "
                           "the other row",
                           path.string(), id, where));
}

struct Order {
  uint64_t rows = 0;
  bool ascending = true;
};

// Reads all rows, so that a damaged file is known before anything is scored.
Result<Order> Check(const os::Path& path) {
  VLMHB_ASSIGN(store::AnswersReader reader, store::AnswersReader::Open(path));
  Order order;
  store::AnswerRow row;
  for (uint64_t previous = 0;; previous = row.id, ++order.rows) {
    VLMHB_ASSIGN(const bool more, reader.Next(row));
    if (!more) return order;
    if (order.rows == 0) continue;
    if (row.id == previous) {
      return Twice(path, row.id, fmt::format(", the second time in line {}", reader.line()));
    }
    order.ascending &= row.id > previous;
  }
}

}  // namespace

Result<AnswerLookup> AnswerLookup::Open(const os::Path& path) {
  VLMHB_ASSIGN(const Order order, Check(path));
  VLMHB_ASSIGN(store::AnswersReader reader, store::AnswersReader::Open(path));
  AnswerLookup lookup(std::move(reader));
  lookup.rows_ = order.rows;
  if (!order.ascending) {
    VLMHB_ASSIGN(lookup.index_, Index(path));
  }
  return lookup;
}

Result<std::vector<AnswerLookup::Place>> AnswerLookup::Index(const os::Path& path) {
  VLMHB_ASSIGN(store::AnswersReader reader, store::AnswersReader::Open(path));
  std::vector<Place> places;
  store::AnswerRow row;
  while (true) {
    VLMHB_ASSIGN(const bool more, reader.Next(row));
    if (!more) break;
    places.push_back({row.id, reader.offset()});
  }
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.id < b.id; });
  const auto twice = std::adjacent_find(
      places.begin(), places.end(), [](const Place& a, const Place& b) { return a.id == b.id; });
  if (twice != places.end()) return Twice(path, twice->id, "");
  return places;
}

Result<bool> AnswerLookup::Find(uint64_t id, store::AnswerRow& row) {
  VLMHB_ASSIGN(const bool found, index_.empty() ? FindInOrder(id) : FindByIndex(id));
  if (!found) return false;
  ++found_;
  std::swap(row, current_);
  has_current_ = false;
  return true;
}

Result<bool> AnswerLookup::FindInOrder(uint64_t id) {
  while (!has_current_ || current_.id < id) {
    VLMHB_ASSIGN(has_current_, reader_.Next(current_));
    if (!has_current_) return false;
  }
  return current_.id == id;
}

Result<bool> AnswerLookup::FindByIndex(uint64_t id) {
  while (next_ < index_.size() && index_[next_].id < id) ++next_;
  if (next_ == index_.size() || index_[next_].id != id) return false;
  VLMHB_TRY(reader_.Seek(index_[next_++].offset));
  return reader_.Next(current_);
}

}  // namespace vlmhb::evaluate
