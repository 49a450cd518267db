#include "mock/script.h"

#include <fmt/format.h>

#include "base/json.h"
#include "http/message.h"

namespace vlmhb::mock {
namespace {

constexpr std::string_view kToken = "mock ";
constexpr std::string_view kId = "chatcmpl-mock";
// Of a slow body: so many bytes at a time, so far apart.
constexpr size_t kSlowBytes = 64;
constexpr Nanos kSlowGap{10'000'000};
// A garbled answer: no version of HTTP begins like that.
constexpr std::string_view kGarbage = "\x16\x03\x01\x02\x01 garbage \xff\xfe\r\n\r\n";

std::string Text(int64_t tokens) {
  std::string text;
  for (int64_t i = 0; i < tokens; ++i) text += kToken;
  return text;
}

json::object Usage(int64_t tokens) {
  return {{"prompt_tokens", 1}, {"completion_tokens", tokens}, {"total_tokens", tokens + 1}};
}

std::string Head(int status, std::string_view more) {
  return fmt::format("HTTP/1.1 {} {}\r\n{}X-Mock-Request: ", status, http::ReasonPhrase(status),
                     more);
}

std::string ErrorBody(std::string_view message, std::string_view type) {
  return ToJson(json::object{{"error", {{"message", message}, {"type", type}, {"code", type}}}});
}

// --- Streams ---

std::string Chunk(std::string_view data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

class Stream {
 public:
  Stream(const Options& options, Script& script) : options_(options), script_(script) {
    base_ = {
        {"id", kId}, {"object", "chat.completion.chunk"}, {"created", 0}, {"model", options.model}};
    script_.head = Head(200, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n");
    script_.bytes = "\r\n\r\n";
  }

  void Event(json::object members) {
    for (const auto& member : base_) members.emplace(member.key(), member.value());
    Data(ToJson(members));
  }
  void Data(std::string_view data) { script_.bytes += Chunk(fmt::format("data: {}\n\n", data)); }
  void Delta(json::object delta, json::value finish_reason = nullptr) {
    Event({{"choices",
            json::array{
                {{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", finish_reason}}}}});
  }
  // What was added since the last step is due then.
  void Due(Nanos after) { script_.steps.push_back({after, script_.bytes.size()}); }

  void Tokens(bool with_role) {
    const Nanos first = options_.latency.value_or(options_.ttft);
    for (int64_t left = options_.tokens; left > 0; left -= options_.tokens_per_event) {
      const int64_t count = std::min(left, options_.tokens_per_event);
      json::object delta;
      if (with_role && script_.events == 0) delta["role"] = "assistant";
      delta["content"] = Text(count);
      Delta(std::move(delta));
      if (script_.events == 0) script_.first_event_end = script_.bytes.size();
      Due(first + options_.gap * script_.events);
      ++script_.events;
      script_.tokens += count;
    }
  }

  // The end comes with the last token.
  void Finish(bool usage) {
    Delta({}, "stop");
    if (usage) Event({{"choices", json::array()}, {"usage", Usage(script_.tokens)}});
    Data("[DONE]");
    script_.bytes += "0\r\n\r\n";
    if (script_.steps.empty())
      Due(options_.latency.value_or(options_.ttft));
    else
      script_.steps.back().end = script_.bytes.size();
  }

 private:
  const Options& options_;
  Script& script_;
  json::object base_;
};

Script StreamScript(const Options& options, bool usage, bool empty) {
  Script script;
  Stream stream(options, script);
  if (options.early_head) {
    stream.Delta({{"role", "assistant"}, {"content", ""}});
    stream.Due(Nanos(0));
  }
  if (!empty) stream.Tokens(/*with_role=*/!options.early_head);
  stream.Finish(usage);
  return script;
}

// --- Plain answers ---

Script BodyScript(int status, std::string_view more, std::string_view body, Nanos after) {
  Script script;
  script.head = Head(
      status,
      fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n{}", body.size(), more));
  script.bytes = fmt::format("\r\n\r\n{}", body);
  script.steps = {{after, script.bytes.size()}};
  return script;
}

Script AnswerScript(const Options& options, bool empty) {
  const int64_t tokens = empty ? 0 : options.tokens;
  const int64_t events = (options.tokens + options.tokens_per_event - 1) / options.tokens_per_event;
  const json::object message{{"role", "assistant"}, {"content", Text(tokens)}};
  const json::object completion{
      {"id", kId},
      {"object", "chat.completion"},
      {"created", 0},
      {"model", options.model},
      {"choices", json::array{{{"index", 0}, {"message", message}, {"finish_reason", "stop"}}}},
      {"usage", Usage(tokens)}};
  Script script = BodyScript(200, "", ToJson(completion),
                             options.latency.value_or(options.ttft + options.gap * (events - 1)));
  script.tokens = tokens;
  return script;
}

// --- Faults ---

// Leaves out everything behind `end` in the bytes.
void CutAt(Script& script, size_t end) {
  script.bytes.resize(end);
  std::erase_if(script.steps, [&, begin = size_t{0}](const Script::Step& step) mutable {
    const bool behind = begin >= end;
    begin = step.end;
    return behind;
  });
  if (!script.steps.empty()) script.steps.back().end = end;
}

void StallAfterFirst(Script& script, bool stream) {
  CutAt(script, stream ? script.first_event_end : script.bytes.size() / 2);
  script.then = Script::Then::kStall;
}

void MakeSlow(Script& script) {
  std::vector<Script::Step> slow;
  Nanos at = script.steps.front().after;
  for (size_t end = kSlowBytes; end < script.bytes.size() + kSlowBytes; end += kSlowBytes) {
    slow.push_back({at, std::min(end, script.bytes.size())});
    at += kSlowGap;
  }
  script.steps = std::move(slow);
}

Script Faulty(const Options& options, Asked asked, FaultKind fault) {
  const auto answer = [&](bool empty) {
    return asked.stream ? StreamScript(options, asked.usage, empty) : AnswerScript(options, empty);
  };
  const Nanos first = options.latency.value_or(options.ttft);
  Script script;
  switch (fault) {
    case FaultKind::kTooManyRequests:
      return BodyScript(429, fmt::format("Retry-After: {}\r\n", options.retry_after_s),
                        ErrorBody("too many requests (a fault that was asked for)", "rate_limit"),
                        Nanos(0));
    case FaultKind::kServerError:
      return BodyScript(500, "", ErrorBody("a fault that was asked for", "internal"), first);
    case FaultKind::kReset:
      script.then = Script::Then::kReset;
      return script;
    case FaultKind::kStallBefore:
      script.then = Script::Then::kStall;
      return script;
    case FaultKind::kStallAfter:
      script = answer(/*empty=*/false);
      StallAfterFirst(script, asked.stream);
      return script;
    case FaultKind::kCut:
      script = answer(/*empty=*/false);
      CutAt(script, script.bytes.size() / 2);
      script.then = Script::Then::kClose;
      return script;
    case FaultKind::kGarbage:
      script.bytes = kGarbage;
      script.steps = {{first, script.bytes.size()}};
      script.then = Script::Then::kClose;
      return script;
    case FaultKind::kSlowBody:
      script = answer(/*empty=*/false);
      MakeSlow(script);
      return script;
    case FaultKind::kEmpty:
      return answer(/*empty=*/true);
  }
  return script;
}

}  // namespace

Script ChatScript(const Options& options, Asked asked, std::optional<FaultKind> fault) {
  if (fault.has_value()) return Faulty(options, asked, *fault);
  return asked.stream ? StreamScript(options, asked.usage, /*empty=*/false)
                      : AnswerScript(options, /*empty=*/false);
}

Script PlainScript(int status, std::string_view body) {
  return BodyScript(status, "", body, Nanos(0));
}

}  // namespace vlmhb::mock
