#include "evaluate/score_sorter.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <numeric>
#include <string_view>
#include <tuple>

namespace vlmhb::evaluate {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kMergeBytes = 8u << 20;  // all buffers of a merge together
constexpr size_t kMaxRunBytes = 256u << 10;

// Reads exactly `bytes`; the file was written by this process.
Result<void> ReadAt(int fd, uint64_t offset, char* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::pread(fd, to, bytes, off_t(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "reading the temporary file of scores");
    if (got == 0) return Error(ErrorCode::kIo, "the temporary file of scores was cut by somebody");
    to += got;
    offset += uint64_t(got);
    bytes -= size_t(got);
  }
  return {};
}

}  // namespace

ScoreSorter::ScoreSorter(os::Path folder, size_t groups, size_t scores, size_t memory_bytes)
    : folder_(std::move(folder)),
      groups_(groups),
      scores_(scores),
      width_(2 + groups + 2 * scores),
      memory_records_(std::max<size_t>(1, memory_bytes / (width_ * kWord))) {}

Result<void> ScoreSorter::Add(const SampleScores& sample) {
  memory_.push_back(sample.cluster);
  memory_.push_back(sample.id);
  memory_.insert(memory_.end(), sample.groups.begin(), sample.groups.end());
  for (const metrics::Score& score : sample.scores) {
    memory_.push_back(std::bit_cast<uint64_t>(score.numerator));
    memory_.push_back(std::bit_cast<uint64_t>(score.denominator));
  }
  if (memory_.size() / width_ >= memory_records_) return Spill();
  return {};
}

void ScoreSorter::SortMemory() {
  order_.resize(memory_.size() / width_);
  std::iota(order_.begin(), order_.end(), 0u);
  std::sort(order_.begin(), order_.end(), [this](uint32_t a, uint32_t b) {
    const uint64_t* x = &memory_[a * width_];
    const uint64_t* y = &memory_[b * width_];
    return std::tie(x[0], x[1]) < std::tie(y[0], y[1]);
  });
}

Result<void> ScoreSorter::CreateFile() {
  std::string name = (folder_ / ".scores-XXXXXX").string();
  file_ = os::Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!file_.valid()) return ErrnoError(errno, "creating a temporary file in " + folder_.string());
  // Without a name it goes away with this process, however that ends.
  if (::unlink(name.c_str()) != 0) return ErrnoError(errno, "removing " + name);
  return {};
}

Result<void> ScoreSorter::Spill() {
  if (!file_.valid()) VLMHB_TRY(CreateFile());
  SortMemory();
  Run run;
  run.begin = file_bytes_;
  std::string bytes;
  for (const uint32_t record : order_) {
    bytes.append(reinterpret_cast<const char*>(&memory_[record * width_]), width_ * kWord);
    if (bytes.size() < kMaxRunBytes) continue;
    VLMHB_TRY(os::WriteAll(file_.get(), bytes, "the temporary file of scores"));
    bytes.clear();
  }
  VLMHB_TRY(os::WriteAll(file_.get(), bytes, "the temporary file of scores"));
  file_bytes_ += memory_.size() * kWord;
  run.end = file_bytes_;
  runs_.push_back(std::move(run));
  memory_.clear();
  return {};
}

Result<void> ScoreSorter::Rewind() {
  if (runs_.empty()) {
    if (order_.size() * width_ != memory_.size()) SortMemory();
    memory_at_ = 0;
    return {};
  }
  if (!memory_.empty()) VLMHB_TRY(Spill());
  std::vector<uint64_t>().swap(memory_);
  std::vector<uint32_t>().swap(order_);
  heap_.clear();
  for (size_t i = 0; i < runs_.size(); ++i) {
    runs_[i].next = runs_[i].begin;
    VLMHB_ASSIGN(const bool any, Fill(runs_[i]));
    if (any) heap_.push_back(i);
  }
  std::make_heap(heap_.begin(), heap_.end(), [this](size_t a, size_t b) { return Comes(b, a); });
  return {};
}

// False at the end of the run.
Result<bool> ScoreSorter::Fill(Run& run) {
  const size_t record_bytes = width_ * kWord;
  const size_t share = std::min(kMaxRunBytes, kMergeBytes / runs_.size());
  const size_t records = std::max<size_t>(1, share / record_bytes);
  const uint64_t bytes = std::min<uint64_t>(records * record_bytes, run.end - run.next);
  run.buffer.resize(bytes / kWord);
  run.at = 0;
  VLMHB_TRY(ReadAt(file_.get(), run.next, reinterpret_cast<char*>(run.buffer.data()), bytes));
  run.next += bytes;
  return bytes > 0;
}

bool ScoreSorter::Comes(size_t a, size_t b) const {
  const uint64_t* x = &runs_[a].buffer[runs_[a].at];
  const uint64_t* y = &runs_[b].buffer[runs_[b].at];
  return std::tie(x[0], x[1]) < std::tie(y[0], y[1]);
}

void ScoreSorter::Decode(const uint64_t* record, SampleScores& sample) const {
  sample.cluster = record[0];
  sample.id = record[1];
  sample.groups.assign(record + 2, record + 2 + groups_);
  sample.scores.resize(scores_);
  const uint64_t* at = record + 2 + groups_;
  for (metrics::Score& score : sample.scores) {
    score.numerator = std::bit_cast<double>(*at++);
    score.denominator = std::bit_cast<double>(*at++);
  }
}

Result<bool> ScoreSorter::Next(SampleScores& sample) {
  if (runs_.empty()) {
    if (memory_at_ == order_.size()) return false;
    Decode(&memory_[order_[memory_at_++] * width_], sample);
    return true;
  }
  if (heap_.empty()) return false;
  const auto later = [this](size_t a, size_t b) { return Comes(b, a); };
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Run& run = runs_[heap_.back()];
  Decode(&run.buffer[run.at], sample);
  run.at += width_;
  bool more = run.at < run.buffer.size();
  if (!more) {
    VLMHB_ASSIGN(more, Fill(run));
  }
  if (more) {
    std::push_heap(heap_.begin(), heap_.end(), later);
  } else {
    heap_.pop_back();
  }
  return true;
}

}  // namespace vlmhb::evaluate
