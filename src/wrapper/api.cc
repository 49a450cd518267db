#include "wrapper/api.h"

#include <fmt/format.h>

#include "base/text.h"

namespace vlmhb::wrapper {
namespace {

constexpr size_t kMaxAnswerBytes = 64u << 20;

int64_t WallSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(SystemClock().Wall()).count();
}

asio::awaitable<void> RespondJson(http::ResponseWriter& writer, int status, std::string body) {
  const http::Headers headers = {{"Content-Type", "application/json"}};
  co_await writer.Respond(status, headers, body);
}

asio::awaitable<void> RespondError(http::ResponseWriter& writer, const ApiError& error) {
  std::string body = ErrorText(error);
  co_await RespondJson(writer, error.status, std::move(body));
}

}  // namespace

// One chat request on its way. Lives in the frame of Chat.
struct Api::Call {
  const http::IncomingRequest& request;
  http::ResponseWriter& writer;
  ChatReply reply;
  bool stream = false;
  bool include_usage = false;

  std::shared_ptr<PluginHost> host;  // while it works on this request
  Nanos handed_over_at{};
  Generation generated;
  std::string text;  // the answer so far, if it is not streamed
  std::optional<int64_t> peak_memory_bytes;
};

Api::Api(asio::any_io_executor executor, const WrapperOptions& options, PluginPool& pool)
    : executor_(executor), options_(options), pool_(pool), created_seconds_(WallSeconds()) {}

asio::awaitable<void> Api::Handle(const http::IncomingRequest& request,
                                  http::ResponseWriter& writer) {
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  const bool is_chat = path == "/v1/chat/completions";
  if (!is_chat && path != "/v1/models" && path != "/health") {
    const ApiError error{404, "bad_request",
                         fmt::format("there is no {}; /v1/chat/completions, /v1/models and /health "
                                     "are served",
                                     Truncate(SanitizeUtf8(path), 200)),
                         false};
    co_return co_await RespondError(writer, error);
  }
  const std::string_view method = is_chat ? "POST" : "GET";
  if (request.method != method) {
    const ApiError error{405, "bad_request", fmt::format("{} takes {} only", path, method), false};
    co_return co_await RespondError(writer, error);
  }
  if (is_chat)
    co_await Chat(request, writer);
  else if (path == "/health")
    co_await Health(writer);
  else
    co_await Models(writer);
}

asio::awaitable<void> Api::Health(http::ResponseWriter& writer) {
  const PluginPool::Phase phase = pool_.phase();
  json::object state = {{"processes", pool_.processes()}, {"queued", pool_.queued()}};
  switch (phase) {
    case PluginPool::Phase::kLoading:
      state["status"] = "loading";
      break;
    case PluginPool::Phase::kReady:
      state["status"] = "ready";
      break;
    case PluginPool::Phase::kUnavailable:
      state["status"] = "unavailable";
      state["error"] = pool_.Unavailable().message;
      break;
  }
  co_await RespondJson(writer, phase == PluginPool::Phase::kReady ? 200 : 503, ToJson(state));
}

asio::awaitable<void> Api::Models(http::ResponseWriter& writer) {
  const json::object model = {{"id", options_.model},
                              {"object", "model"},
                              {"created", created_seconds_},
                              {"owned_by", "vlmhb"}};
  const json::object list = {{"object", "list"}, {"data", json::array{model}}};
  co_await RespondJson(writer, 200, ToJson(list));
}

asio::awaitable<void> Api::Chat(const http::IncomingRequest& request,
                                http::ResponseWriter& writer) {
  auto parsed = ParseChatRequest(request.body, options_.model, options_.allow_file_roots);
  if (const auto* error = std::get_if<ApiError>(&parsed))
    co_return co_await RespondError(writer, *error);
  ChatRequest& chat = std::get<ChatRequest>(parsed);

  std::string id = fmt::format("chatcmpl-{:x}-{}", created_seconds_, next_id_++);
  Call call{request, writer, ChatReply(std::move(id), options_.model, WallSeconds())};
  call.stream = chat.stream;
  call.include_usage = chat.include_usage;
  call.generated.messages = std::move(chat.messages);
  call.generated.params = std::move(chat.params);
  call.generated.timeout = options_.timeout;
  call.generated.on_delta = [this, &call](std::string_view text) { return TakeDelta(call, text); };

  const std::optional<ApiError> error = co_await Generate(call);
  if (writer.client_gone()) co_return;
  if (error.has_value())
    co_await Fail(call, *error);
  else
    co_await Answer(call);
}

// Waits for a process and lets it answer. A client that goes away is noticed in both.
asio::awaitable<std::optional<ApiError>> Api::Generate(Call& call) {
  const auto ticket = std::make_shared<PluginPool::Ticket>(executor_);
  call.writer.OnDisconnect([this, ticket, &call] {
    if (call.host != nullptr)
      call.host->Cancel(call.generated);
    else
      pool_.Leave(ticket);
  });
  co_await pool_.Acquire(ticket);
  if (ticket->refused.has_value()) co_return *ticket->refused;
  call.handed_over_at = http::SteadyNow();
  const std::shared_ptr<PluginHost> host = ticket->host;
  if (call.writer.client_gone()) {
    pool_.Release(host, PluginPool::Left::kAlive);
    co_return ApiError{499, "cancelled", "the client has gone", false};
  }
  call.host = host;
  std::optional<ApiError> error = co_await host->Generate(call.generated);
  call.host = nullptr;
  if (call.text.size() > kMaxAnswerBytes)
    error = ApiError{500, "internal",
                     fmt::format("the answer is longer than {} bytes", kMaxAnswerBytes), false};
  if (host->alive()) call.peak_memory_bytes = pool_.PeakMemoryBytes(*host);
  // A process that was killed because nobody wanted its answer is not to blame.
  const bool unwanted = error.has_value() && error->code == "cancelled";
  pool_.Release(host, host->alive() || unwanted          ? PluginPool::Left::kAlive
                      : call.generated.broken_in_company ? PluginPool::Left::kBrokenInCompany
                                                         : PluginPool::Left::kBroken);
  co_return error;
}

asio::awaitable<bool> Api::TakeDelta(Call& call, std::string_view text) {
  if (!call.stream) {
    call.text += text;
    co_return call.text.size() <= kMaxAnswerBytes;
  }
  const bool first = call.generated.deltas == 1;
  if (first) call.writer.StartEvents({});
  const std::string chunk = call.reply.DeltaChunk(text, first);
  const Result<void> sent = co_await call.writer.SendEvent(chunk);
  co_return sent.ok();
}

Performance Api::Measured(const Call& call) const {
  const Generation& generated = call.generated;
  const Nanos received = call.request.first_byte_at;
  Performance performance;
  if (generated.deltas > 0) performance.ttft_ms = ToMillis(generated.first_delta_at - received);
  performance.latency_ms = ToMillis(generated.done_at - received);
  performance.queue_ms = ToMillis(call.handed_over_at - call.request.complete_at);
  const int64_t tokens =
      generated.usage.has_value() ? generated.usage->completion_tokens.value_or(0) : 0;
  // One delta for many tokens has no time between tokens.
  if (tokens > 1 && generated.deltas > 1)
    performance.tpot_ms = ToMillis(generated.last_delta_at - generated.first_delta_at) /
                          static_cast<double>(tokens - 1);
  if (call.peak_memory_bytes.has_value())
    performance.peak_memory_mb = static_cast<double>(*call.peak_memory_bytes) / 1e6;
  if (generated.gpu_memory_bytes.has_value())
    performance.gpu_memory_mb = static_cast<double>(*generated.gpu_memory_bytes) / 1e6;
  return performance;
}

asio::awaitable<void> Api::Answer(Call& call) {
  const Performance performance = Measured(call);
  const Generation& generated = call.generated;
  if (!call.stream) {
    http::Headers headers = {{"Content-Type", "application/json"}};
    headers.push_back({"X-Latency-Ms", fmt::format("{:.3f}", *performance.latency_ms)});
    if (performance.ttft_ms.has_value())
      headers.push_back({"X-TTFT-Ms", fmt::format("{:.3f}", *performance.ttft_ms)});
    const std::string body =
        call.reply.Completion(call.text, generated.finish_reason, generated.usage, performance);
    co_await call.writer.Respond(200, headers, body);
    co_return;
  }
  if (generated.deltas == 0) call.writer.StartEvents({});
  std::vector<std::string> events = {call.reply.FinishChunk(generated.finish_reason)};
  if (call.include_usage && generated.usage.has_value())
    events.push_back(call.reply.UsageChunk(*generated.usage));
  events.push_back(ChatReply::PerformanceEvent(performance));
  events.push_back("[DONE]");
  for (const std::string& event : events) {
    const Result<void> sent = co_await call.writer.SendEvent(event);
    if (!sent.ok()) co_return;
  }
  co_await call.writer.Finish();
}

asio::awaitable<void> Api::Fail(Call& call, const ApiError& error) {
  const bool streaming = call.stream && call.generated.deltas > 0;
  if (!streaming) co_return co_await RespondError(call.writer, error);
  const std::string event = ErrorText(error);
  const Result<void> sent = co_await call.writer.SendEvent(event);
  if (sent.ok()) co_await call.writer.Finish();
}

}  // namespace vlmhb::wrapper
