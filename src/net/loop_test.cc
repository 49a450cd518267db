#include "net/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <memory>
#include <random>
#include <vector>

namespace vlmhb::net {
namespace {

using testing::ElementsAre;

class LoopTest : public testing::Test {
 protected:
  LoopTest() { EXPECT_TRUE(loop_.Open().ok()); }
  void Run() { EXPECT_TRUE(loop_.Run(stop_).ok()); }

  // Notes its name and, as the last one, ends the loop.
  class Note final : public Timer {
   public:
    Note(LoopTest& test, int name, bool last = false) : test_(test), name_(name), last_(last) {}
    void OnTime(Nanos now) override {
      test_.noted_.push_back(name_);
      test_.late_.push_back(now - at);
      if (last_) test_.stop_ = true;
    }
    Nanos at{};

   private:
    LoopTest& test_;
    int name_;
    bool last_;
  };

  Loop loop_;
  std::atomic<bool> stop_ = false;
  std::vector<int> noted_;
  std::vector<Nanos> late_;
};

TEST_F(LoopTest, TimersComeInTheirOrderAndNeverEarly) {
  std::mt19937 random(1);
  const Nanos begin = Now();
  std::vector<std::unique_ptr<Note>> notes;
  std::vector<std::pair<Nanos, int>> expected;
  for (int i = 0; i < 500; ++i) {
    notes.push_back(std::make_unique<Note>(*this, i));
    notes.back()->at = begin + Nanos(random() % 3'000'000);
    loop_.Arm(*notes.back(), notes.back()->at);
  }
  for (int i = 0; i < 500; i += 3) {  // some are moved, some removed
    notes[i]->at = begin + Nanos(random() % 3'000'000);
    loop_.Arm(*notes[i], notes[i]->at);
  }
  for (int i = 1; i < 500; i += 3) loop_.Disarm(*notes[i]);
  for (int i = 2; i < 500; i += 30) notes[i].reset();
  for (int i = 0; i < 500; ++i)
    if (i % 3 != 1 && notes[i] != nullptr) expected.emplace_back(notes[i]->at, i);
  std::sort(expected.begin(), expected.end());
  Note last(*this, -1, /*last=*/true);
  last.at = begin + Nanos(4'000'000);
  loop_.Arm(last, last.at);
  Run();
  ASSERT_EQ(noted_.size(), expected.size() + 1);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(noted_[i], expected[i].second);
  for (const Nanos late : late_) EXPECT_GE(late.count(), 0);
  EXPECT_FALSE(last.armed());
}

TEST_F(LoopTest, ATimerMayArmItselfAgain) {
  class Thrice final : public Timer {
   public:
    Thrice(Loop& loop, std::atomic<bool>& stop) : loop_(loop), stop_(stop) {}
    void OnTime(Nanos now) override {
      if (++count == 3)
        stop_ = true;
      else
        loop_.Arm(*this, now);
    }
    int count = 0;

   private:
    Loop& loop_;
    std::atomic<bool>& stop_;
  } thrice(loop_, stop_);
  loop_.Arm(thrice, Now());
  Run();
  EXPECT_EQ(thrice.count, 3);
}

TEST_F(LoopTest, DescriptorsAndTheEndOfABatch) {
  class Reader final : public Watcher {
   public:
    explicit Reader(std::atomic<bool>& stop) : stop_(stop) {}
    void OnEvents(uint32_t events) override {
      EXPECT_NE(events & EPOLLIN, 0u);
      stop_ = true;
    }

   private:
    std::atomic<bool>& stop_;
  } reader(stop_);
  const os::Fd event(::eventfd(1, EFD_NONBLOCK));
  ASSERT_TRUE(loop_.Add(event.get(), EPOLLIN, reader).ok());
  bool ended = false;
  loop_.AfterBatch([&] { ended = true; });
  Run();
  EXPECT_TRUE(ended);

  // Removed, it is not told any more.
  stop_ = false;
  loop_.Remove(event.get());
  Note last(*this, 7, /*last=*/true);
  loop_.Arm(last, Now());
  Run();
  EXPECT_THAT(noted_, ElementsAre(7));
}

TEST(Loop, WithSpinTimesAreStillNotEarly) {
  Loop loop(Nanos(2'000'000));
  ASSERT_TRUE(loop.Open().ok());
  class Once final : public Timer {
   public:
    explicit Once(std::atomic<bool>& stop) : stop_(stop) {}
    void OnTime(Nanos now) override {
      at = now;
      stop_ = true;
    }
    Nanos at{};

   private:
    std::atomic<bool>& stop_;
  };
  std::atomic<bool> stop = false;
  Once once(stop);
  const Nanos due = Now() + Nanos(1'000'000);
  loop.Arm(once, due);
  ASSERT_TRUE(loop.Run(stop).ok());
  EXPECT_GE(once.at, due);
}

}  // namespace
}  // namespace vlmhb::net
