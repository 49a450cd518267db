#include "inference/committer.h"

#include <boost/asio/post.hpp>

namespace vlmhb::inference {
namespace {

// What may wait for the disk: lost, and asked again, if the process is killed.
constexpr size_t kMaxWaitingSamples = 512;
constexpr size_t kMaxWaitingBytes = 16u << 20;

}  // namespace

Committer::Committer(store::Journal& journal, asio::any_io_executor executor, Callbacks callbacks)
    : journal_(journal),
      executor_(executor),
      callbacks_(std::move(callbacks)),
      changed_(executor),
      thread_([this] { Work(); }) {}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void Committer::Submit(const store::SampleRecord& record) {
  if (failed_) return;
  std::string payload = store::ToPayload(record);
  ++waiting_samples_;
  waiting_bytes_ += payload.size();
  {
    const std::lock_guard lock(mutex_);
    next_.bytes += payload.size();
    next_.payloads.push_back(std::move(payload));
    if (!store::IsAnswer(record.answer.outcome)) ++next_.failed;
  }
  work_.notify_one();
}

asio::awaitable<void> Committer::WaitForRoom() {
  while (!failed_ && (waiting_samples_ >= kMaxWaitingSamples || waiting_bytes_ >= kMaxWaitingBytes))
    co_await changed_.Wait();
}

asio::awaitable<void> Committer::Drain() {
  while (!failed_ && waiting_samples_ > 0) co_await changed_.Wait();
}

void Committer::Work() {
  while (true) {
    Batch batch;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stop_ || !next_.payloads.empty(); });
      if (stop_) return;
      std::swap(batch, next_);
    }
    Result<void> result = journal_.Append(batch.payloads);
    const bool ok = result.ok();
    asio::post(executor_, [this, batch = std::move(batch), result = std::move(result)] {
      Finish(batch, result);
    });
    if (!ok) return;
  }
}

void Committer::Finish(const Batch& batch, const Result<void>& result) {
  waiting_samples_ -= batch.payloads.size();
  waiting_bytes_ -= batch.bytes;
  if (result.ok()) {
    callbacks_.on_acknowledged({batch.payloads.size(), batch.failed});
  } else if (!failed_) {
    failed_ = true;
    callbacks_.on_error(result.error());
  }
  changed_.Notify();
}

}  // namespace vlmhb::inference
