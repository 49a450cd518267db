#include "store/journal.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <map>
#include <vector>

namespace vlmhb::store {
namespace {

std::string Payload(uint64_t id, size_t bytes = 20) {
  return "{\"id\":" + std::to_string(id) + ",\"x\":\"" + std::string(bytes, 'a') + "\"}";
}

Result<void> AppendOne(Journal& journal, uint64_t id, size_t bytes = 20) {
  return journal.Append(std::vector<std::string>{Payload(id, bytes)});
}

std::vector<uint64_t> IdsById(const Journal& journal) {
  std::vector<uint64_t> ids;
  EXPECT_TRUE(journal
                  .VisitById([&](uint64_t id, std::string_view payload) -> Result<void> {
                    EXPECT_EQ(*PayloadId(payload), id);
                    ids.push_back(id);
                    return {};
                  })
                  .ok());
  return ids;
}

std::vector<uint64_t> IdsInOrder(const Journal& journal) {
  std::vector<uint64_t> ids;
  EXPECT_TRUE(journal
                  .VisitInOrder([&](uint64_t id, std::string_view) -> Result<void> {
                    ids.push_back(id);
                    return {};
                  })
                  .ok());
  return ids;
}

std::string Bytes(const os::Path& path) { return *os::ReadFile(path); }

void Overwrite(const os::Path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class JournalTest : public testing::Test {
 protected:
  Journal Open() { return std::move(Journal::Open(folder_.path(), "abc")).value(); }
  os::Path path() const { return folder_.path() / kJournalFile; }

  os::TempFolder folder_;
};

TEST_F(JournalTest, KeepsWhatWasAppended) {
  {
    Journal journal = Open();
    EXPECT_EQ(journal.size(), 0u);
    ASSERT_TRUE(journal.Append(std::vector<std::string>{Payload(7), Payload(2)}).ok());
    ASSERT_TRUE(AppendOne(journal, 5).ok());
    EXPECT_TRUE(*journal.Contains(7));
    EXPECT_FALSE(*journal.Contains(6));
    EXPECT_FALSE(*journal.Contains(1'000'000'000'000));
  }
  const Journal journal = Open();
  EXPECT_EQ(journal.size(), 3u);
  EXPECT_EQ(journal.dropped_bytes(), 0u);
  EXPECT_TRUE(*journal.Contains(5));
  EXPECT_EQ(IdsById(journal), (std::vector<uint64_t>{2, 5, 7}));
  EXPECT_EQ(IdsInOrder(journal), (std::vector<uint64_t>{7, 2, 5}));
}

// The index is then a file of 32 GB with five entries: only what is there is read.
TEST_F(JournalTest, IdsFarApartAreVisitedInOrder) {
  Journal journal = Open();
  for (const uint64_t id : {4'000'000'000u, 0u, 70'000u, 8'191u, 8'192u})
    ASSERT_TRUE(AppendOne(journal, id).ok());
  EXPECT_EQ(IdsById(journal), (std::vector<uint64_t>{0, 8'191, 8'192, 70'000, 4'000'000'000}));
}

TEST_F(JournalTest, ATornTailIsCutAtEveryByte) {
  std::string whole;
  size_t before_last = 0;
  {
    Journal journal = Open();
    ASSERT_TRUE(AppendOne(journal, 0).ok());
    before_last = Bytes(path()).size();
    ASSERT_TRUE(AppendOne(journal, 1).ok());
    whole = Bytes(path());
  }
  for (size_t size = before_last; size < whole.size(); ++size) {
    Overwrite(path(), whole.substr(0, size));
    Journal journal = Open();
    EXPECT_EQ(IdsById(journal), std::vector<uint64_t>{0}) << size;
    EXPECT_EQ(journal.dropped_bytes(), size - before_last);
    ASSERT_TRUE(AppendOne(journal, 1).ok());
    EXPECT_EQ(Bytes(path()), whole) << size;
  }
}

TEST_F(JournalTest, AFlippedBitInTheLastFrameDropsIt) {
  { Journal journal = Open(); }
  const size_t header = Bytes(path()).size();
  {
    Journal journal = Open();
    ASSERT_TRUE(AppendOne(journal, 3).ok());
  }
  const std::string whole = Bytes(path());
  for (size_t i = header; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    Overwrite(path(), damaged);
    EXPECT_EQ(Open().size(), 0u) << i;
  }
}

TEST_F(JournalTest, ATailOfZerosIsNoFrame) {
  std::string whole;
  {
    Journal journal = Open();
    ASSERT_TRUE(AppendOne(journal, 3).ok());
    whole = Bytes(path());
  }
  Overwrite(path(), whole + std::string(4096, '\0'));
  const Journal journal = Open();
  EXPECT_EQ(journal.size(), 1u);
  EXPECT_EQ(journal.dropped_bytes(), 4096u);
  EXPECT_EQ(Bytes(path()), whole);
}

TEST_F(JournalTest, RefusesAnotherIdentity) {
  { Journal journal = Open(); }
  const auto other = Journal::Open(folder_.path(), "def");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_NE(other.error().message().find("identity abc, now def"), std::string::npos);
}

TEST_F(JournalTest, RefusesWhatIsNoJournal) {
  for (const std::string_view bytes : {"", "VLMH", "VLMHBJ1\n", "something else entirely"}) {
    Overwrite(path(), bytes);
    const auto opened = Journal::Open(folder_.path(), "abc");
    ASSERT_FALSE(opened.ok()) << bytes;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorrupt) << bytes;
    EXPECT_EQ(Bytes(path()), bytes) << "a foreign file is not touched";
  }
}

TEST_F(JournalTest, RefusesADuplicateId) {
  Journal journal = Open();
  ASSERT_TRUE(AppendOne(journal, 3).ok());
  const std::string before = Bytes(path());
  EXPECT_EQ(AppendOne(journal, 3).error().code(), ErrorCode::kInternal);
  EXPECT_FALSE(journal.Append(std::vector<std::string>{Payload(4), Payload(4)}).ok());
  EXPECT_FALSE(journal.Append(std::vector<std::string>{"{\"x\":1}"}).ok());
  EXPECT_EQ(Bytes(path()), before);
  EXPECT_TRUE(AppendOne(journal, 4).ok());
}

TEST_F(JournalTest, AJournalWithADuplicateIdIsCorrupt) {
  std::string frame;
  {
    Journal journal = Open();
    const size_t header = Bytes(path()).size();
    ASSERT_TRUE(AppendOne(journal, 3).ok());
    frame = Bytes(path()).substr(header);
  }
  Overwrite(path(), Bytes(path()) + frame);
  const auto opened = Journal::Open(folder_.path(), "abc");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().message().find("id 3 is there twice"), std::string::npos);
}

TEST_F(JournalTest, AFilterKeepsWhatItIsToldTo) {
  Journal journal = Open();
  for (const uint64_t id : {4, 1, 3}) ASSERT_TRUE(AppendOne(journal, id).ok());
  ASSERT_TRUE(
      journal.Filter([](std::string_view payload) { return *PayloadId(payload) != 1; }).ok());
  EXPECT_EQ(IdsInOrder(journal), (std::vector<uint64_t>{4, 3}));
  EXPECT_FALSE(*journal.Contains(1));
  ASSERT_TRUE(AppendOne(journal, 1).ok()) << "it may be answered again";
  EXPECT_EQ(IdsById(journal), (std::vector<uint64_t>{1, 3, 4}));
  EXPECT_FALSE(Journal::Open(folder_.path(), "abc").ok()) << "the lock is still held";
}

TEST_F(JournalTest, IsLocked) {
  const Journal held = Open();
  const auto second = Journal::Open(folder_.path(), "abc");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
}

TEST_F(JournalTest, AWriteThatFailsHalfwayLeavesNothingBehind) {
  Journal journal = Open();
  ASSERT_TRUE(AppendOne(journal, 0).ok());
  const std::string before = Bytes(path());
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{before.size() + 100, old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const auto failed = AppendOne(journal, 1, 1000);
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(Bytes(path()), before);
  EXPECT_FALSE(*journal.Contains(1));
  EXPECT_TRUE(AppendOne(journal, 1, 1000).ok()) << "it may be tried again";
  EXPECT_EQ(IdsById(journal), (std::vector<uint64_t>{0, 1}));
}

// Runs in a child with a mount namespace of its own; exit code 77: not permitted here.
int FillASmallDisk(const os::Path& folder) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0)
    return 77;
  Journal journal = std::move(Journal::Open(folder, "abc")).value();
  uint64_t id = 0;
  while (true) {
    const Result<void> appended = AppendOne(journal, id, 5000);
    if (!appended.ok() && appended.error().code() != ErrorCode::kNoSpace) return 1;
    if (!appended.ok()) break;
    if (++id > 100) return 2;
  }
  if (id == 0 || journal.size() != id || IdsById(journal).size() != id) return 3;
  return 0;
}

TEST_F(JournalTest, AFullDiskIsAnError) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(FillASmallDisk(folder_.path()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "a small tmpfs cannot be mounted here";
  EXPECT_EQ(status, 0);
}

// Sanitizers keep freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

uint64_t PeakMemoryKilobytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss);
}

TEST_F(JournalTest, MemoryDoesNotGrowWithSamples) {
  constexpr uint64_t kBatch = 1000;
  constexpr uint64_t kSamples = 100'000;
  const uint64_t before = PeakMemoryKilobytes();
  {
    Journal journal = Open();
    for (uint64_t first = 0; first < kSamples; first += kBatch) {
      std::vector<std::string> batch;
      for (uint64_t i = kBatch; i > 0; --i) batch.push_back(Payload(first + i - 1, 400));
      ASSERT_TRUE(journal.Append(batch).ok());
    }
  }
  const Journal journal = Open();
  EXPECT_EQ(journal.size(), kSamples);
  uint64_t next = 0;
  ASSERT_TRUE(journal
                  .VisitById([&](uint64_t id, std::string_view) -> Result<void> {
                    EXPECT_EQ(id, next++);
                    return {};
                  })
                  .ok());
  EXPECT_EQ(next, kSamples);
  if (!kSanitized) {
    EXPECT_LT(PeakMemoryKilobytes() - before, 16'000u);
  }
}

TEST_F(JournalTest, AVisitorsErrorStopsTheVisit) {
  Journal journal = Open();
  ASSERT_TRUE(journal.Append(std::vector<std::string>{Payload(0), Payload(1)}).ok());
  int visited = 0;
  const Journal::Visitor refuse = [&](uint64_t, std::string_view) -> Result<void> {
    ++visited;
    return Error(ErrorCode::kIo, "enough");
  };
  EXPECT_EQ(journal.VisitById(refuse).error().message(), "enough");
  EXPECT_EQ(journal.VisitInOrder(refuse).error().message(), "enough");
  EXPECT_EQ(visited, 2);
}

}  // namespace
}  // namespace vlmhb::store
