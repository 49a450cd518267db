#include "store/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include "base/hash.h"
#include "base/json.h"

namespace vlmhb::store {
namespace {

constexpr std::string_view kMagic = "VLMHBJ1\n";
constexpr size_t kFrameHeadBytes = 8;
constexpr size_t kMaxPayloadBytes = 64u << 20;

void AppendU32(std::string& out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

uint32_t ReadU32(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i)
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

void AppendFrame(std::string& out, std::string_view payload) {
  AppendU32(out, static_cast<uint32_t>(payload.size()));
  AppendU32(out, Crc32(payload));
  out += payload;
}

std::string Header(std::string_view identity) {
  std::string header(kMagic);
  AppendFrame(header, ToJson(json::object{{"identity", identity}}));
  return header;
}

// False if the file ends before `size` bytes.
Result<bool> ReadAt(int fd, uint64_t offset, char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = ::pread(fd, bytes, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot read the journal");
    if (n == 0) return false;
    bytes += n;
    size -= static_cast<size_t>(n);
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

// Reads the frame at `offset` of a file of `file_size` bytes. False if it is cut or damaged. A
// frame without payload counts as damaged: after a power cut a tail may be all zeros, and the CRC
// of nothing is 0.
Result<bool> ReadFrame(int fd, uint64_t offset, uint64_t file_size, std::string& payload) {
  char head[kFrameHeadBytes];
  VLMHB_ASSIGN(const bool whole_head, ReadAt(fd, offset, head, sizeof head));
  if (!whole_head) return false;
  const uint32_t size = ReadU32(head);
  if (size == 0 || size > kMaxPayloadBytes || size > file_size - offset - kFrameHeadBytes)
    return false;
  payload.resize(size);
  VLMHB_ASSIGN(const bool whole, ReadAt(fd, offset + kFrameHeadBytes, payload.data(), size));
  return whole && Crc32(payload) == ReadU32(head + 4);
}

Result<uint64_t> FileSize(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoError(errno, "cannot look at the journal");
  return static_cast<uint64_t>(info.st_size);
}

// The offset of the first frame after a header that fits `identity`.
Result<uint64_t> CheckHeader(int fd, uint64_t file_size, std::string_view identity) {
  std::string magic(kMagic.size(), '\0');
  std::string payload;
  VLMHB_ASSIGN(bool whole, ReadAt(fd, 0, magic.data(), magic.size()));
  if (whole && magic == kMagic) {
    VLMHB_ASSIGN(whole, ReadFrame(fd, kMagic.size(), file_size, payload));
  } else {
    whole = false;
  }
  if (!whole) return Error(ErrorCode::kCorrupt, "not an answer journal, or its header is damaged");
  VLMHB_ASSIGN(const json::value header, ParseJson(payload));
  const std::string found =
      header.is_object() ? FindString(header.get_object(), "identity") : std::string();
  if (found != identity)
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("it was written for another configuration (identity {}, now {}); "
                             "move it away to begin anew",
                             found, identity));
  return kMagic.size() + kFrameHeadBytes + payload.size();
}

}  // namespace

Result<uint64_t> PayloadId(std::string_view payload) {
  constexpr std::string_view kStart = "{\"id\":";
  uint64_t id = 0;
  if (payload.starts_with(kStart)) {
    const char* begin = payload.data() + kStart.size();
    const char* end = payload.data() + payload.size();
    const auto parsed = std::from_chars(begin, end, id);
    if (parsed.ec == std::errc() && parsed.ptr != end && (*parsed.ptr == ',' || *parsed.ptr == '}'))
      return id;
  }
  return Error(ErrorCode::kCorrupt, "a journal frame does not start with an id");
}

Journal::Journal(os::Path path, std::string identity, os::FileLock lock)
    : path_(std::move(path)), identity_(std::move(identity)), lock_(std::move(lock)) {}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      identity_(std::move(other.identity_)),
      lock_(std::move(other.lock_)),
      fd_(std::move(other.fd_)),
      index_(std::move(other.index_)),
      first_frame_(other.first_frame_),
      end_(other.end_),
      dropped_bytes_(other.dropped_bytes_),
      count_(other.count_.load()),
      broken_(std::move(other.broken_)) {}

Result<Journal> Journal::Open(const os::Path& folder, std::string_view identity) {
  const os::Path path = folder / kJournalFile;
  VLMHB_ASSIGN(os::FileLock lock, os::FileLock::TryLock(path.string() + ".lock"));
  // The header is published whole: a journal either has it or does not exist.
  if (!std::filesystem::exists(path)) VLMHB_TRY(os::WriteFileAtomic(path, Header(identity)));
  Journal journal(path, std::string(identity), std::move(lock));
  VLMHB_TRY(journal.Load());
  return journal;
}

Result<void> Journal::Load() {
  VLMHB_ASSIGN(fd_, os::OpenFile(path_, O_RDWR | O_APPEND));
  VLMHB_ASSIGN(index_, JournalIndex::Create(path_.string() + ".idx"));
  if (Result<void> scanned = Scan(); !scanned.ok())
    return std::move(scanned).error().With(fmt::format("opening {}", path_.string()));
  return {};
}

Result<void> Journal::Scan() {
  count_ = 0;
  VLMHB_ASSIGN(const uint64_t file_size, FileSize(fd_.get()));
  VLMHB_ASSIGN(first_frame_, CheckHeader(fd_.get(), file_size, identity_));
  end_ = first_frame_;
  std::string payload;
  while (end_ < file_size) {
    VLMHB_ASSIGN(const bool whole, ReadFrame(fd_.get(), end_, file_size, payload));
    if (!whole) break;
    VLMHB_ASSIGN(const uint64_t id, PayloadId(payload));
    VLMHB_ASSIGN(const bool seen, Contains(id));
    if (seen) return Error(ErrorCode::kCorrupt, fmt::format("id {} is there twice", id));
    VLMHB_TRY(index_.Set(id, end_));
    end_ += kFrameHeadBytes + payload.size();
    ++count_;
  }
  dropped_bytes_ = file_size - end_;
  if (dropped_bytes_ > 0 && ::ftruncate(fd_.get(), static_cast<off_t>(end_)) != 0)
    return ErrnoError(errno, "cannot cut the torn tail off");
  return {};
}

Result<void> Journal::Append(std::span<const std::string> payloads) {
  if (broken_.has_value()) return *broken_;
  std::string frames;
  std::vector<std::pair<uint64_t, uint64_t>> places;  // id, offset
  for (const std::string& payload : payloads) {
    VLMHB_ASSIGN(const uint64_t id, PayloadId(payload));
    VLMHB_ASSIGN(const bool seen, Contains(id));
    if (seen || payload.size() > kMaxPayloadBytes)
      return Error(ErrorCode::kInternal, fmt::format("the answer to sample {} is {}", id,
                                                     seen ? "journaled already" : "too long"));
    places.emplace_back(id, end_ + frames.size());
    AppendFrame(frames, payload);
  }
  std::sort(places.begin(), places.end());
  const auto same_id = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(places.begin(), places.end(), same_id) != places.end())
    return Error(ErrorCode::kInternal, "two answers to one sample are to be journaled");

  VLMHB_TRY(WriteFrames(frames));
  for (const auto& [id, offset] : places) {
    if (Result<void> set = index_.Set(id, offset); !set.ok()) {
      broken_ = set.error();
      return *broken_;
    }
  }
  end_ += frames.size();
  count_ += payloads.size();
  return {};
}

Result<void> Journal::WriteFrames(std::string_view frames) {
  Result<void> written = os::WriteAll(fd_.get(), frames, path_.string());
  if (written.ok() && ::fdatasync(fd_.get()) != 0) {
    broken_ = ErrnoError(errno, fmt::format("cannot sync {}", path_.string()));
    return *broken_;
  }
  if (!written.ok() && ::ftruncate(fd_.get(), static_cast<off_t>(end_)) != 0)
    broken_ = written.error();
  return written;
}

Result<void> Journal::Filter(const std::function<bool(std::string_view)>& keep) {
  VLMHB_ASSIGN(os::AtomicFile kept, os::AtomicFile::Create(path_));
  VLMHB_TRY(kept.Append(Header(identity_)));
  std::string frame;
  const auto copy = [&](uint64_t, std::string_view payload) -> Result<void> {
    if (!keep(payload)) return {};
    frame.clear();
    AppendFrame(frame, payload);
    return kept.Append(frame);
  };
  VLMHB_TRY(VisitInOrder(copy));
  VLMHB_TRY(kept.Publish());
  return Load();
}

Result<void> Journal::VisitById(const Visitor& visitor) const {
  std::string payload;
  return index_.Visit([&](uint64_t id, uint64_t offset) -> Result<void> {
    VLMHB_ASSIGN(const bool whole, ReadFrame(fd_.get(), offset, end_, payload));
    if (!whole)
      return Error(ErrorCode::kCorrupt,
                   fmt::format("{}: the frame of sample {} is damaged", path_.string(), id));
    return visitor(id, payload);
  });
}

Result<void> Journal::VisitInOrder(const Visitor& visitor) const {
  std::string payload;
  for (uint64_t offset = first_frame_; offset < end_;) {
    VLMHB_ASSIGN(const bool whole, ReadFrame(fd_.get(), offset, end_, payload));
    if (!whole)
      return Error(ErrorCode::kCorrupt,
                   fmt::format("{}: the frame at byte {} is damaged", path_.string(), offset));
    VLMHB_ASSIGN(const uint64_t id, PayloadId(payload));
    VLMHB_TRY(visitor(id, payload));
    offset += kFrameHeadBytes + payload.size();
  }
  return {};
}

}  // namespace vlmhb::store
