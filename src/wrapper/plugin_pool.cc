#include "wrapper/plugin_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace vlmhb::wrapper {
namespace {

// So many times the requests of a process are served alone after company has ended one: whoever was
// in it asks again within that, also behind others and after a pause.
constexpr int64_t kAloneRounds = 4;

}  // namespace

PluginPool::PluginPool(asio::any_io_executor executor, PoolOptions options, Log& log)
    : executor_(executor),
      options_(std::move(options)),
      log_(log),
      slots_loading_(options_.processes),
      slots_left_(options_.processes),
      no_slots_(executor) {
  for (int i = 0; i < options_.processes; ++i) pauses_.emplace_back(executor);
}

void PluginPool::Start() {
  for (size_t slot = 0; slot < pauses_.size(); ++slot)
    asio::co_spawn(executor_, RunSlot(slot), asio::detached);
}

PluginPool::Phase PluginPool::phase() const {
  if (stopping_ || !gave_up_.empty()) return Phase::kUnavailable;
  return slots_loading_ > 0 ? Phase::kLoading : Phase::kReady;
}

ApiError PluginPool::Unavailable() const {
  if (stopping_) return {503, "unavailable", "the API wrapper is stopping", true};
  return {503, "unavailable", gave_up_, false};
}

// --- Slots ---

// One slot's life: start a process, wait for its end, start the next.
asio::awaitable<void> PluginPool::RunSlot(size_t slot) {
  bool first = true;
  while (phase() != Phase::kUnavailable) {
    const std::shared_ptr<PluginHost> host = co_await StartHost(slot);
    if (std::exchange(first, false)) --slots_loading_;
    if (host == nullptr) break;
    members_.push_back({host});
    Serve();
    co_await host->WaitUntilEnded();
    std::erase_if(members_, [&host](const Member& member) { return member.host == host; });
  }
  if (--slots_left_ > 0) co_return;
  if (!stopping_ && gave_up_.empty()) GiveUp("no plug-in process can be started: " + start_error_);
  no_slots_.Set();
}

// Null: the slot is given up (start_error_ says why), or the pool stops.
asio::awaitable<std::shared_ptr<PluginHost>> PluginPool::StartHost(size_t slot) {
  Millis pause = options_.first_pause;
  for (int failures = 0; phase() != Phase::kUnavailable;) {
    const auto host = std::make_shared<PluginHost>(executor_, options_.command, log_);
    starting_.insert(host);
    const std::optional<ApiError> error = co_await host->Start();
    starting_.erase(host);
    if (!error.has_value() && phase() != Phase::kUnavailable) co_return host;
    host->Kill();
    co_await host->WaitUntilEnded();
    if (!error.has_value()) break;
    start_error_ = error->message;
    log_.Write(fmt::format("a plug-in did not start: {}", start_error_));
    if (!error->retryable || ++failures >= options_.start_failures) break;
    pauses_[slot].expires_after(pause);  // EndAll cuts it short
    co_await pauses_[slot].async_wait(asio::as_tuple(asio::use_awaitable));
    pause = std::min(pause * 2, options_.first_pause * 16);
  }
  co_return nullptr;
}

// --- The queue ---

asio::awaitable<void> PluginPool::Acquire(std::shared_ptr<Ticket> ticket) {
  if (phase() == Phase::kUnavailable) {
    ticket->refused = Unavailable();
    co_return;
  }
  ticket->host = TakePlace();
  if (ticket->host != nullptr) co_return;
  if (waiting_.size() >= options_.max_queue) {
    ticket->refused = ApiError{
        503, "unavailable",
        fmt::format("{} requests wait already; send fewer at a time", waiting_.size()), true};
    co_return;
  }
  waiting_.push_back(ticket);
  co_await ticket->called.Wait();
}

void PluginPool::Leave(const std::shared_ptr<Ticket>& ticket) {
  if (std::erase(waiting_, ticket) == 0) return;
  ticket->refused = ApiError{499, "cancelled", "the request was cancelled", false};
  ticket->called.Set();
}

void PluginPool::Release(const std::shared_ptr<PluginHost>& host, Left left) {
  const auto member =
      std::find_if(members_.begin(), members_.end(),
                   [&host](const Member& candidate) { return candidate.host == host; });
  if (member != members_.end()) {
    --member->taken;
    std::rotate(member, member + 1, members_.end());
  }
  if (left == Left::kBrokenInCompany) {
    alone_left_ = kAloneRounds * host->capacity();
    return Serve();
  }
  if (left == Left::kAlive && alone_left_ > 0) --alone_left_;
  broken_in_a_row_ = left == Left::kBroken ? broken_in_a_row_ + 1 : 0;
  if (broken_in_a_row_ >= options_.request_failures && phase() != Phase::kUnavailable)
    return GiveUp(
        fmt::format("{} requests in a row ended their plug-in process; the log has its "
                    "messages",
                    broken_in_a_row_));
  Serve();
}

std::shared_ptr<PluginHost> PluginPool::TakePlace() {
  Member* best = nullptr;
  for (Member& member : members_) {
    const int64_t places = alone_left_ > 0 ? 1 : member.host->capacity();
    if (!member.host->alive() || member.taken >= places) continue;  // a dead one is replaced
    if (best == nullptr || member.taken <= best->taken) best = &member;
  }
  if (best == nullptr) return nullptr;
  ++best->taken;
  return best->host;
}

void PluginPool::Serve() {
  while (!waiting_.empty()) {
    const std::shared_ptr<PluginHost> host = TakePlace();
    if (host == nullptr) return;
    const std::shared_ptr<Ticket> next = waiting_.front();
    waiting_.pop_front();
    next->host = host;
    next->called.Set();
  }
}

// --- The end ---

void PluginPool::GiveUp(std::string why) {
  gave_up_ = std::move(why);
  log_.Write("no more requests are served: " + gave_up_);
  EndAll();
}

void PluginPool::EndAll() {
  const ApiError refusal = Unavailable();
  for (const std::shared_ptr<Ticket>& ticket : std::exchange(waiting_, {})) {
    ticket->refused = refusal;
    ticket->called.Set();
  }
  for (asio::steady_timer& pause : pauses_) pause.cancel();
  for (const auto& host : starting_) host->Kill();
  for (const Member& member : members_) {
    const std::shared_ptr<PluginHost> host = member.host;
    if (member.taken == 0)
      asio::co_spawn(
          executor_, [host] { return host->Shutdown(); }, asio::detached);
    else
      host->Kill();
  }
}

asio::awaitable<void> PluginPool::Stop() {
  const bool already_ended = phase() == Phase::kUnavailable;
  stopping_ = true;
  if (!already_ended) EndAll();
  co_await no_slots_.Wait();
}

std::optional<int64_t> PluginPool::PeakMemoryBytes(const PluginHost& host) {
  const std::optional<int64_t> now = host.PeakMemoryBytes();
  if (now.has_value()) peak_memory_bytes_ = std::max(peak_memory_bytes_.value_or(0), *now);
  return peak_memory_bytes_;
}

}  // namespace vlmhb::wrapper
