#include "wrapper/plugin_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "http/test_peer.h"
#include "os/file.h"

namespace vlmhb::wrapper {
namespace {

using http::LoopThread;
using testing::HasSubstr;

// What one request came to.
struct Outcome {
  std::optional<ApiError> error;
  std::string text;
  Generation generated;
};

class PluginPoolTest : public testing::Test {
 protected:
  PluginPoolTest() { options_.command.argv = {VLMHB_SCRIPTED_WORKER}; }
  void TearDown() override {
    if (pool_ == nullptr) return;
    loop_.Run([this]() -> asio::awaitable<void> { co_await pool_->Stop(); });
    loop_.Call([this] { pool_.reset(); });
  }

  void Start(json::object load_params) {
    options_.command.load_params = std::move(load_params);
    options_.first_pause = Millis(1);
    loop_.Call([this] {
      pool_ = std::make_unique<PluginPool>(loop_.executor(), options_, log_);
      pool_->Start();
    });
  }
  void StartBehaving(std::string_view behaviour) {
    Start({{"answer", "answer"}, {"behaviour", {{"bad.png", behaviour}}}});
  }
  bool Reaches(PluginPool::Phase phase) {
    return loop_.Eventually([this, phase] { return pool_->phase() == phase; });
  }

  asio::awaitable<Outcome> Request(std::string image, std::shared_ptr<PluginPool::Ticket> ticket) {
    Outcome outcome;
    co_await pool_->Acquire(ticket);
    if (ticket->refused.has_value()) {
      outcome.error = ticket->refused;
      co_return outcome;
    }
    Generation& generated = generations_[image];
    generated = Generation{};
    generated.messages = {
        {{"role", "user"}, {"content", {{{"type", "image"}, {"path", "/" + image}}}}}};
    generated.timeout = timeout_;
    generated.on_delta = [&outcome](std::string_view text) -> asio::awaitable<bool> {
      outcome.text += text;
      co_return true;
    };
    const std::shared_ptr<PluginHost> host = ticket->host;
    ++running_;
    outcome.error = co_await host->Generate(generated);
    outcome.generated = generated;
    pool_->Release(host, host->alive()                 ? PluginPool::Left::kAlive
                         : generated.broken_in_company ? PluginPool::Left::kBrokenInCompany
                                                       : PluginPool::Left::kBroken);
    co_return outcome;
  }
  std::shared_ptr<PluginPool::Ticket> MakeTicket() {
    return std::make_shared<PluginPool::Ticket>(loop_.executor());
  }
  Outcome Ask(std::string image) {
    const auto ticket = MakeTicket();
    return loop_.Run([&, this] { return Request(image, ticket); });
  }
  // Starts a request whose end is reported in `outcomes_`, in order.
  std::shared_ptr<PluginPool::Ticket> AskInBackground(std::string image) {
    const auto ticket = MakeTicket();
    loop_.Call([&, this] {
      asio::co_spawn(loop_.executor(), Request(std::move(image), ticket),
                     [this](std::exception_ptr, Outcome outcome) { outcomes_.push_back(outcome); });
    });
    return ticket;
  }

  LoopThread loop_;
  Log log_;
  PoolOptions options_;
  Millis timeout_{30'000};
  std::unique_ptr<PluginPool> pool_;
  std::vector<Outcome> outcomes_;
  std::map<std::string, Generation> generations_;  // by image
  std::atomic<int> running_ = 0;
};

TEST_F(PluginPoolTest, AnswersWithDeltasUsageAndTimes) {
  Start({{"answer", "one two {image}"},
         {"delta_count", 3},
         {"usage", {{"prompt_tokens", 4}, {"completion_tokens", 5}}}});
  const Nanos before = http::SteadyNow();
  const Outcome outcome = Ask("a.png");
  ASSERT_FALSE(outcome.error.has_value()) << outcome.error->message;
  EXPECT_EQ(outcome.text, "one two a.png");
  EXPECT_EQ(outcome.generated.deltas, 3u);
  EXPECT_EQ(outcome.generated.usage->completion_tokens, 5);
  EXPECT_LE(before, outcome.generated.first_delta_at);
  EXPECT_LE(outcome.generated.first_delta_at, outcome.generated.last_delta_at);
  EXPECT_LE(outcome.generated.last_delta_at, outcome.generated.done_at);
}

struct BadCase {
  const char* behaviour;
  const char* code;
  int status;
  bool process_survives;
  const char* mention;
};

class BadBehaviour : public PluginPoolTest, public testing::WithParamInterface<BadCase> {};

TEST_P(BadBehaviour, FailsItsOwnRequestAndNoOther) {
  const BadCase& bad = GetParam();
  if (std::string_view(bad.behaviour) == "hang") timeout_ = Millis(300);
  StartBehaving(bad.behaviour);
  ASSERT_TRUE(Reaches(PluginPool::Phase::kReady));
  {
    const auto ticket = MakeTicket();
    const Outcome outcome = loop_.Run([&, this] { return Request("bad.png", ticket); });
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->code, bad.code) << outcome.error->message;
    EXPECT_EQ(outcome.error->status, bad.status);
    EXPECT_THAT(outcome.error->message, HasSubstr(bad.mention));
    EXPECT_EQ(ticket->host->alive(), bad.process_survives);
  }
  timeout_ = Millis(30'000);
  for (int i = 0; i < 2; ++i) {
    const Outcome good = Ask("good.png");
    EXPECT_FALSE(good.error.has_value()) << good.error->message;
    EXPECT_EQ(good.text, "answer");
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadBehaviour,
    testing::Values(BadCase{"crash", "crashed", 502, false,
                            "signal 6 (Aborted); its last messages: scripted crash"},
                    BadCase{"crash_midway", "crashed", 502, false, "scripted crash"},
                    BadCase{"exit:7", "crashed", 502, false, "exit code 7"},
                    BadCase{"exit:0", "crashed", 502, false, "exit code 0"},
                    BadCase{"hang", "timeout", 504, false, "in time"},
                    BadCase{"garbage", "protocol_error", 502, false, "broke the protocol"},
                    BadCase{"invalid_utf8", "protocol_error", 502, false, "broke the protocol"},
                    BadCase{"error:bad_image", "bad_image", 422, true, "scripted error"},
                    BadCase{"error:bad_request", "bad_request", 400, true, "scripted error"},
                    BadCase{"error:internal", "internal", 500, true, "scripted error"},
                    BadCase{"oom", "out_of_memory", 500, true, ""}));

TEST_F(PluginPoolTest, StandardOutputIsKeptApartAndEmptyAnswersAreAnswers) {
  Start({{"answer", "answer"}, {"behaviour", {{"p.png", "print"}, {"e.png", "empty"}}}});
  EXPECT_EQ(Ask("p.png").text, "answer");
  const Outcome empty = Ask("e.png");
  EXPECT_FALSE(empty.error.has_value());
  EXPECT_EQ(empty.generated.deltas, 0u);
}

TEST_F(PluginPoolTest, AProcessThatDiesIdleIsReplaced) {
  Start({});
  const auto ticket = MakeTicket();
  loop_.Run([&, this] { return Request("a.png", ticket); });
  const std::shared_ptr<PluginHost> first = ticket->host;
  loop_.Call([&] { first->Kill(); });
  const auto next = MakeTicket();
  const Outcome outcome = loop_.Run([&, this] { return Request("b.png", next); });
  EXPECT_FALSE(outcome.error.has_value()) << outcome.error->message;
  EXPECT_NE(next->host, first);
}

TEST_F(PluginPoolTest, ProcessesWorkSideBySideAndTheQueueIsBounded) {
  options_.processes = 2;
  options_.max_queue = 1;
  StartBehaving("hang");
  ASSERT_TRUE(Reaches(PluginPool::Phase::kReady));
  const std::shared_ptr<PluginPool::Ticket> hanging[] = {AskInBackground("bad.png"),
                                                         AskInBackground("bad.png")};
  ASSERT_TRUE(loop_.Eventually([this] { return running_ == 2; }));
  AskInBackground("good.png");
  ASSERT_TRUE(loop_.Eventually([this] { return pool_->queued() == 1; }));
  const Outcome refused = Ask("good.png");
  ASSERT_TRUE(refused.error.has_value());
  EXPECT_EQ(refused.error->status, 503);
  EXPECT_TRUE(refused.error->retryable);
  // The two hanging processes are replaced, and the one that waited is served.
  loop_.Call([&] {
    for (const auto& ticket : hanging) ticket->host->Kill();
  });
  ASSERT_TRUE(loop_.Eventually([this] { return outcomes_.size() == 3; }));
  EXPECT_EQ(std::count_if(outcomes_.begin(), outcomes_.end(),
                          [](const Outcome& outcome) { return outcome.text == "answer"; }),
            1);
}

TEST_F(PluginPoolTest, WaitingIsFirstComeFirstServed) {
  Start({{"delay_ms", 1}});
  for (int i = 0; i < 20; ++i) AskInBackground(std::to_string(i));
  ASSERT_TRUE(loop_.Eventually([this] { return outcomes_.size() == 20; }));
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(outcomes_[i].text, std::to_string(i));
}

TEST_F(PluginPoolTest, LeavingTheQueueAndCancellingARunningRequest) {
  options_.command.cancel_grace = Millis(50);
  StartBehaving("hang");
  const auto running = AskInBackground("bad.png");
  ASSERT_TRUE(loop_.Eventually([this] { return running_ == 1; }));
  const auto waiting = AskInBackground("good.png");
  ASSERT_TRUE(loop_.Eventually([this] { return pool_->queued() == 1; }));
  loop_.Call([&] { pool_->Leave(waiting); });
  ASSERT_TRUE(loop_.Eventually([this] { return outcomes_.size() == 1; }));
  EXPECT_EQ(outcomes_[0].error->code, "cancelled");
  EXPECT_EQ(running_, 1);

  loop_.Call([&] { running->host->Cancel(generations_["bad.png"]); });
  ASSERT_TRUE(loop_.Eventually([this] { return outcomes_.size() == 2; }));
  EXPECT_EQ(outcomes_[1].error->code, "cancelled");
  EXPECT_FALSE(loop_.Call([&] { return running->host->alive(); })) << "it did not obey";
  EXPECT_EQ(Ask("good.png").text, "answer");
}

TEST_F(PluginPoolTest, AModelThatCannotBeLoadedMakesThePoolUnavailable) {
  Start({{"no_such_parameter", 1}});
  const Outcome outcome = Ask("a.png");  // waits in the queue until it is clear
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.error->code, "unavailable");
  EXPECT_THAT(outcome.error->message, HasSubstr("no_such_parameter"));
  EXPECT_EQ(Ask("a.png").error->status, 503);
}

TEST_F(PluginPoolTest, StartingIsTriedAFewTimesOnly) {
  options_.start_failures = 3;
  options_.processes = 2;
  Start({{"crash_on_load", true}});
  const Outcome outcome = Ask("a.png");
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.error->code, "unavailable");
  EXPECT_THAT(outcome.error->message, HasSubstr("scripted crash"));
}

TEST_F(PluginPoolTest, AModelThatNeverLoadsOrAProgramThatIsMissingOrSilent) {
  options_.command.load_timeout = Millis(100);
  Start({{"hang_on_load", true}});
  EXPECT_THAT(Ask("a.png").error->message, HasSubstr("loading"));
  TearDown();

  options_.command.argv = {"/nonexistent/plug-in"};
  Start({});
  EXPECT_THAT(Ask("a.png").error->message, HasSubstr("/nonexistent/plug-in"));
  TearDown();

  options_.command.argv = {"/bin/sleep", "100"};
  options_.command.hello_timeout = Millis(50);
  options_.start_failures = 2;
  Start({});
  EXPECT_THAT(Ask("a.png").error->message, HasSubstr("greeting"));
  TearDown();

  options_.command.argv = {"/bin/sh", "-c", "echo this is no frame; cat >/dev/null"};
  options_.command.hello_timeout = Millis(10'000);
  Start({});
  EXPECT_THAT(Ask("a.png").error->message, HasSubstr("protocol"));
}

TEST_F(PluginPoolTest, ManyBrokenRequestsInARowMakeItUnavailable) {
  options_.request_failures = 3;
  StartBehaving("crash");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Ask("bad.png").error->code, "crashed");
  EXPECT_EQ(Ask("good.png").text, "answer");  // begins the count anew
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask("bad.png").error->code, "crashed");
  EXPECT_EQ(Ask("good.png").error->code, "unavailable");
}

TEST_F(PluginPoolTest, PeakMemoryCountsWhatARequestTook) {
  StartBehaving("eat:200");
  const auto ticket = MakeTicket();
  loop_.Run([&, this] { return Request("good.png", ticket); });
  const auto before = loop_.Call([&] { return pool_->PeakMemoryBytes(*ticket->host); });
  loop_.Run([this] { return Request("bad.png", MakeTicket()); });
  const auto after = loop_.Call([&] { return pool_->PeakMemoryBytes(*ticket->host); });
  ASSERT_TRUE(before.has_value() && after.has_value());
  EXPECT_GT(*after, *before + 190'000'000);
}

// tests/plugins/scripted_batches.py: takes several requests at a time.
class BatchTest : public PluginPoolTest {
 protected:
  BatchTest() { options_.command.argv = {"/usr/bin/python3", VLMHB_SCRIPTED_BATCHES, "model"}; }
  // The plug-in takes three requests, and waits for `gather` before it answers them together.
  void StartGathering(int gather, int then) {
    Start({{"requests", 3}, {"gather", gather}, {"then", then}});
    ASSERT_TRUE(Reaches(PluginPool::Phase::kReady));
  }
  void AskAll(std::initializer_list<std::string> images) {
    for (const std::string& image : images) AskInBackground(image);
  }
  bool Ended(size_t count) {
    return loop_.Eventually([this, count] { return outcomes_.size() == count; });
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const Outcome& outcome : outcomes_)
      texts.push_back(outcome.error.has_value() ? outcome.error->code : outcome.text);
    return texts;
  }
};

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST_F(BatchTest, AnswersOfSeveralRequestsComeSideBySide) {
  StartGathering(3, 3);
  AskAll({"a", "b", "c", "d"});
  ASSERT_TRUE(Ended(3));
  EXPECT_THAT(Texts(), UnorderedElementsAre("a!", "b!", "c!"));
  EXPECT_EQ(outcomes_[0].generated.deltas, 2u);
  EXPECT_EQ(outcomes_[0].generated.gpu_memory_bytes, 1'500'000);
  EXPECT_EQ(running_, 4) << "the fourth has one of the places that became free";
  AskAll({"e", "f"});
  EXPECT_TRUE(Ended(6));
}

TEST_F(BatchTest, WhatEndsItsProcessInCompanyDoesSoAloneNextTime) {
  options_.request_failures = 2;  // the three that fail together count for none
  const os::TempFolder folder;
  Start({{"requests", 3}, {"gather", 3}, {"alone_after", (folder.path() / "marker").string()}});
  AskAll({"a", "crash", "b"});
  ASSERT_TRUE(Ended(3));
  EXPECT_THAT(Texts(), ElementsAre("crashed", "crashed", "crashed"));
  EXPECT_THAT(outcomes_[0].error->message, HasSubstr("crashed with 3"));
  EXPECT_TRUE(outcomes_[0].error->retryable);

  AskAll({"c", "crash", "d"});  // of the next process, which gets one at a time
  ASSERT_TRUE(Ended(6));
  EXPECT_THAT(Texts(), ElementsAre("crashed", "crashed", "crashed", "c!", "crashed", "d!"));
  EXPECT_THAT(outcomes_[4].error->message, HasSubstr("crashed with 1"));
}

TEST_F(BatchTest, CancellingOneLeavesTheOthers) {
  StartGathering(2, 1);
  const auto endless = AskInBackground("endless");
  AskAll({"a"});
  ASSERT_TRUE(Ended(1));
  loop_.Call([&] { endless->host->Cancel(generations_["endless"]); });
  AskAll({"b"});
  ASSERT_TRUE(Ended(3));
  EXPECT_THAT(Texts(), UnorderedElementsAre("a!", "cancelled", "b!"));
  EXPECT_TRUE(loop_.Call([&] { return endless->host->alive(); }));
}

TEST_F(BatchTest, OneThatDoesNotEndInTimeTakesTheOthersAlong) {
  StartGathering(3, 3);
  timeout_ = Millis(300);
  AskAll({"late"});
  ASSERT_TRUE(loop_.Eventually([this] { return running_ == 1; }));
  loop_.Call([this] { timeout_ = Millis(30'000); });
  AskAll({"a"});
  ASSERT_TRUE(Ended(2));
  EXPECT_THAT(Texts(), ElementsAre("timeout", "crashed"));
  EXPECT_THAT(outcomes_[1].error->message, HasSubstr("another request"));
}

TEST_F(BatchTest, AnErrorOfNobodyBreaksTheProtocol) {
  StartGathering(2, 2);
  AskAll({"anonymous", "a"});
  ASSERT_TRUE(Ended(2));
  EXPECT_THAT(Texts(), ElementsAre("protocol_error", "protocol_error"));
}

TEST_F(BatchTest, ProcessesAreFilledEvenly) {
  options_.processes = 2;
  StartGathering(3, 3);
  std::map<PluginHost*, int> requests;
  for (const char* image : {"a", "b", "c", "d"}) {
    const auto ticket = AskInBackground(image);
    ASSERT_TRUE(loop_.Eventually([&] { return ticket->host != nullptr; }));
    ++requests[ticket->host.get()];
  }
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests.begin()->second, 2);
}

TEST_F(PluginPoolTest, StopEndsBusyAndWaitingRequests) {
  StartBehaving("hang");
  AskInBackground("bad.png");
  ASSERT_TRUE(loop_.Eventually([this] { return running_ == 1; }));
  AskInBackground("good.png");
  ASSERT_TRUE(loop_.Eventually([this] { return pool_->queued() == 1; }));
  loop_.Run([this]() -> asio::awaitable<void> { co_await pool_->Stop(); });
  ASSERT_TRUE(loop_.Eventually([this] { return outcomes_.size() == 2; }));
  for (const Outcome& outcome : outcomes_) EXPECT_TRUE(outcome.error.has_value());
}

}  // namespace
}  // namespace vlmhb::wrapper
