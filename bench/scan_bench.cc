// How fast a load client's scanners read streamed answers, beside parsing each event as JSON.
//
//   scan_bench

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/json.h"
#include "load/event_facts.h"
#include "load/stream_scanner.h"

namespace vlmhb {
namespace {

constexpr int kEvents = 100;

// As vLLM's: one answer, whose events differ in their text.
std::string Stream() {
  std::string stream;
  for (int i = 0; i < kEvents; ++i)
    stream += fmt::format(
        R"(data: {{"id":"chatcmpl-0f1e2d3c4b5a69788796a5b4c3d2e1f0","object":"chat.completion.chunk",)"
        R"("created":1764000000,"model":"Qwen/Qwen2.5-VL-7B-Instruct","choices":[{{"index":0,)"
        R"("delta":{{"content":" word{}"}},"logprobs":null,"finish_reason":null}}]}})"
        "\n\n",
        i % 7 * 1000);
  return stream;
}

struct Tokens : load::StreamScanner::Sink {
  void OnData(std::string_view data) override {
    const load::EventFacts facts = remember ? scanner.Scan(data) : load::EventScanner().Scan(data);
    count += facts.token();
  }
  load::EventScanner scanner;
  bool remember = true;
  int64_t count = 0;
};

struct Parsed : load::StreamScanner::Sink {
  void OnData(std::string_view data) override {
    const auto event = ParseJson(data);
    const auto& delta = event->at("choices").at(0).at("delta").as_object();
    count += !FindString(delta, "content").empty();
  }
  int64_t count = 0;
};

template <typename Sink>
void Scan(benchmark::State& state, Sink& sink) {
  const std::string stream = Stream();
  load::StreamScanner scanner(sink);
  for (auto _ : state) {
    if (!scanner.Feed(stream).ok()) state.SkipWithError("the stream is not read");
  }
  if (sink.count != state.iterations() * kEvents) state.SkipWithError("a token was not seen");
  state.SetItemsProcessed(state.iterations() * kEvents);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(stream.size()));
}

void BM_Tokens(benchmark::State& state) {
  Tokens sink;
  Scan(state, sink);
}
BENCHMARK(BM_Tokens);

void BM_TokensNothingRemembered(benchmark::State& state) {
  Tokens sink;
  sink.remember = false;
  Scan(state, sink);
}
BENCHMARK(BM_TokensNothingRemembered);

void BM_TokensByJson(benchmark::State& state) {
  Parsed sink;
  Scan(state, sink);
}
BENCHMARK(BM_TokensByJson);

}  // namespace
}  // namespace vlmhb

BENCHMARK_MAIN();
