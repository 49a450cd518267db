// vlmhb-scripted-worker: a model plug-in that does what its load parameters say. The fake model of
// every test that needs a plug-in process, and the trivial worker of the benchmarks.
//
// Load parameters, all optional; an unknown one is `load_failed`:
//   answer        template of the answer, default "{image}"; {image} is the base name of the first
//                 image ("data-<crc32>" for one inside of the request, "" without one), {prompt}
//                 the user's text
//   delta_count   pieces into which the answer is cut, default 1
//   delay_ms      waited before each piece, default 0
//   usage         true: words of the prompt and of the answer; or an object sent as it is,
//                 {"prompt_tokens":1,"completion_tokens":2}; default: no usage
//   ask_log       file to which every generate request appends "<image>\t<prompt>\n" with one write
//                 (line breaks in the prompt become spaces), before anything else happens to it
//   behaviour     object: image base name, or "*" for all others, -> what happens instead:
//     crash                 abort() before any answer; "scripted crash" on standard error
//     crash_midway          the same after the first delta
//     crash_once:<marker>   crash if the file <marker> does not exist, after making it
//     exit:<status>         exits with that status
//     hang                  never answers, reads nothing
//     slow:<ms>             answers after that time
//     error:<code>          answers `error` with that code of the protocol (not load_failed)
//     retry                 answers `error`, code `internal`, `retryable` true
//     oom                   std::bad_alloc, thus `out_of_memory`
//     eat:<mb>              allocates and touches that many MB of 10^6 bytes, then answers
//     garbage               writes bytes that are no frame
//     invalid_utf8          writes a delta frame with ill-formed UTF-8
//     print                 prints to standard output, then answers
//     empty                 an answer without any text
//     length                answers with finish_reason `length`
//   crash_on_load, hang_on_load   true: instead of `loaded`
//   crash_once    like behaviour {"*":"crash_once:<marker>"}, beside the other behaviours
//
// A CMake target that needs its path: $<TARGET_FILE:vlmhb-scripted-worker>.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>
#include <span>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "os/file.h"
#include "worker/plugin.h"

namespace vlmhb::worker {
namespace {

constexpr std::string_view kParams[] = {"answer",     "delta_count",   "delay_ms",
                                        "usage",      "ask_log",       "behaviour",
                                        "crash_once", "crash_on_load", "hang_on_load"};

// "error:bad_image" -> name "error", argument "bad_image".
struct Behaviour {
  std::string name;
  std::string argument;
};

constexpr std::string_view kBehaviours[] = {
    "crash", "crash_midway", "crash_once", "exit",         "hang",  "slow",  "error", "retry",
    "oom",   "eat",          "garbage",    "invalid_utf8", "print", "empty", "length"};

Result<void> CheckOneOf(std::span<const std::string_view> known, std::string_view what,
                        std::string_view name) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return {};
  return Error(ErrorCode::kInvalidConfig, fmt::format("unknown {} '{}'", what, name));
}

Result<Behaviour> ParseBehaviour(std::string_view text) {
  const size_t colon = std::min(text.find(':'), text.size());
  Behaviour behaviour{std::string(text.substr(0, colon)),
                      std::string(text.substr(std::min(colon + 1, text.size())))};
  VLMHB_TRY(CheckOneOf(kBehaviours, "behaviour", behaviour.name));
  return behaviour;
}

int64_t ToInt(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

[[noreturn]] void Crash() {
  std::fputs("scripted crash\n", stderr);
  std::abort();
}

[[noreturn]] void Hang() {
  while (true) ::pause();
}

void CrashOnce(const std::string& marker) {
  const int fd = ::open(marker.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd >= 0) Crash();
}

void SleepMs(int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

int64_t CountWords(std::string_view text) {
  int64_t words = 0;
  for (const std::string_view word : Split(text, ' ')) words += word.empty() ? 0 : 1;
  return words;
}

std::string ImageName(const Prompt& prompt) {
  if (prompt.images.empty()) return "";
  const ImagePart& image = prompt.images[0];
  if (image.path.empty()) return fmt::format("data-{:08x}", Crc32(image.data));
  return image.path.substr(image.path.rfind('/') + 1);
}

std::string Expand(std::string_view form, std::string_view image, std::string_view prompt) {
  std::string text;
  while (!form.empty()) {
    const size_t brace = std::min(form.find('{'), form.size());
    text += form.substr(0, brace);
    form.remove_prefix(brace);
    if (form.starts_with("{image}")) {
      text += image;
      form.remove_prefix(7);
    } else if (form.starts_with("{prompt}")) {
      text += prompt;
      form.remove_prefix(8);
    } else if (!form.empty()) {
      text += '{';
      form.remove_prefix(1);
    }
  }
  return text;
}

// The errors that the library turns into the protocol's code of that name.
constexpr std::pair<std::string_view, ErrorCode> kErrors[] = {
    {"bad_request", ErrorCode::kInvalidConfig}, {"bad_image", ErrorCode::kCorrupt},
    {"out_of_memory", ErrorCode::kNoSpace},     {"unsupported", ErrorCode::kUnsupported},
    {"internal", ErrorCode::kInternal},
};

// "scripted error bad_image"; for an unknown name an `internal` that says so.
Error ScriptedError(std::string_view name) {
  for (const auto& [known, code] : kErrors)
    if (known == name) return Error(code, fmt::format("scripted error {}", name));
  return Error(ErrorCode::kInternal, fmt::format("no scripted error has the name '{}'", name));
}

class ScriptedPlugin : public Plugin {
 public:
  // `raw_output` is where frames go: for answers that the library would never send.
  explicit ScriptedPlugin(int raw_output) : raw_output_(raw_output) {}

  Result<void> Load(const json::object& params) override {
    for (const auto& param : params) VLMHB_TRY(CheckOneOf(kParams, "parameter", param.key()));
    if (FindBool(params, "crash_on_load", false)) Crash();
    if (FindBool(params, "hang_on_load", false)) Hang();
    answer_ = FindString(params, "answer", "{image}");
    delta_count_ = std::max<int64_t>(1, FindInt(params, "delta_count", 1));
    delay_ms_ = FindInt(params, "delay_ms", 0);
    count_words_ = FindBool(params, "usage", false);
    crash_once_ = FindString(params, "crash_once");
    if (const json::object* usage = FindObject(params, "usage"))
      usage_ = Usage{FindInt(*usage, "prompt_tokens", 0), FindInt(*usage, "completion_tokens", 0)};
    if (const json::object* behaviours = FindObject(params, "behaviour")) {
      for (const auto& member : *behaviours) {
        VLMHB_ASSIGN(behaviours_[std::string(member.key())],
                     ParseBehaviour(FindString(*behaviours, member.key())));
      }
    }
    const std::string ask_log = FindString(params, "ask_log");
    if (!ask_log.empty()) {
      VLMHB_ASSIGN(ask_log_, os::OpenFile(ask_log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC));
    }
    return {};
  }

  Result<Finish> Generate(const GenerateRequest& request, const Emit& emit) override {
    VLMHB_ASSIGN(const Prompt prompt, ReadPrompt(request.messages));
    const std::string image = ImageName(prompt);
    VLMHB_TRY(LogAsk(image, prompt.text));
    if (!crash_once_.empty()) CrashOnce(crash_once_);
    const Behaviour* behaviour = Find(image);
    if (behaviour == nullptr) return Answer(image, prompt.text, emit, /*crash_midway=*/false);

    VLMHB_TRY(Misbehave(*behaviour, request.id));
    if (behaviour->name == "empty") return Finish{};
    VLMHB_ASSIGN(Finish finish,
                 Answer(image, prompt.text, emit, behaviour->name == "crash_midway"));
    if (behaviour->name == "length") finish.reason = FinishReason::kLength;
    return finish;
  }

 private:
  const Behaviour* Find(const std::string& image) const {
    if (behaviours_.empty()) return nullptr;
    auto it = behaviours_.find(image);
    if (it == behaviours_.end()) it = behaviours_.find("*");
    return it == behaviours_.end() ? nullptr : &it->second;
  }

  Result<void> LogAsk(const std::string& image, std::string prompt) {
    if (!ask_log_.valid()) return {};
    std::replace(prompt.begin(), prompt.end(), '\n', ' ');
    return os::WriteAll(ask_log_.get(), image + '\t' + prompt + '\n', "the ask_log");
  }

  // What happens before an answer. Returns where an answer follows.
  Result<void> Misbehave(const Behaviour& behaviour, int64_t id) {
    const std::string& name = behaviour.name;
    const std::string& argument = behaviour.argument;
    if (name == "crash") Crash();
    if (name == "crash_once") CrashOnce(argument);
    if (name == "hang") Hang();
    if (name == "exit") ::_exit(static_cast<int>(ToInt(argument)));
    if (name == "slow") SleepMs(ToInt(argument));
    if (name == "oom") throw std::bad_alloc();
    if (name == "eat") Eat(ToInt(argument) * 1'000'000);
    if (name == "print") std::puts("a line that is no frame");
    if (name == "garbage") return WriteRaw("a line that is no frame\n");
    if (name == "invalid_utf8") return WriteRawFrame(id);
    if (name == "error") return ScriptedError(argument);
    if (name == "retry") return Error(ErrorCode::kUnavailable, "scripted error, try again");
    return {};
  }

  void Eat(int64_t bytes) { eaten_.assign(static_cast<size_t>(bytes), 'x'); }

  Result<void> WriteRaw(std::string_view bytes) const {
    return os::WriteAll(raw_output_, bytes, "standard output");
  }

  Result<void> WriteRawFrame(int64_t id) const {
    const std::string payload =
        fmt::format(R"({{"type":"delta","id":{},"text":"{}"}})", id, "\xFF");
    return WriteRaw(std::string{static_cast<char>(payload.size()), 0, 0, 0} + payload);
  }

  Result<Finish> Answer(const std::string& image, const std::string& prompt, const Emit& emit,
                        bool crash_midway) {
    const std::string text = Expand(answer_, image, prompt);
    const auto count = static_cast<size_t>(delta_count_);
    size_t begin = 0;
    for (size_t i = 1; i <= count; ++i) {
      size_t end = std::max(begin, text.size() * i / count);
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      if (delay_ms_ > 0) SleepMs(delay_ms_);
      VLMHB_TRY(emit(std::string_view(text).substr(begin, end - begin)));
      if (crash_midway) Crash();
      begin = end;
    }
    Finish finish;
    finish.usage = usage_;
    if (count_words_) finish.usage = Usage{CountWords(prompt), CountWords(text)};
    return finish;
  }

  int raw_output_;
  std::string answer_;
  int64_t delta_count_ = 1;
  int64_t delay_ms_ = 0;
  bool count_words_ = false;
  std::optional<Usage> usage_;
  std::string crash_once_;
  std::map<std::string, Behaviour> behaviours_;
  os::Fd ask_log_;
  std::vector<char> eaten_;
};

}  // namespace
}  // namespace vlmhb::worker

int main() {
  const rlimit no_core = {0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  vlmhb::worker::ScriptedPlugin plugin(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  return vlmhb::worker::RunPlugin(plugin, "scripted", "1");
}
