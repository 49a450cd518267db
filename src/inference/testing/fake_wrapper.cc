// vlmhb-fake-wrapper --spec FILE: a scripted API wrapper for the runner's tests. It answers by the
// user's text:
//   ok…                 three deltas "a", "b", "c", usage (2, 3), performance
//   plain…              one delta with the images' base names, no usage
//   empty, length       no text; finish_reason `length`
//   hang                no answer; hang_once:<marker>: none while the file <marker> is missing
//   (made) die                 SIGKILL to itself; die_once:<marker> as above cut                 a
//   delta, then the connection breaks unfinished          a stream without a finish reason garbage
//   an event that is no JSON error:<code>        status 422 with that code, retryable false
//   retry:<code>        status 503 with that code, retryable true
//   midway:<code>       an error event after a delta
//   status:<n>          that status with a text body
// load_params: ask_log (file, one line per request), health (status text other than "ready"),
// die_at_start (message for standard error).

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/json.h"
#include "http/server.h"
#include "os/file.h"

namespace vlmhb {
namespace {

namespace asio = boost::asio;

struct Question {
  std::string text;
  std::string images;  // base names, joined by commas
};

Question Parse(const std::string& body) {
  const json::value value = *ParseJson(body);
  const json::array& messages = value.at("messages").as_array();
  const json::array& parts = messages.back().at("content").as_array();
  Question question;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const std::string_view url = parts[i].at("image_url").at("url").as_string();
    question.images += (i == 0 ? "" : ",") + std::string(url.substr(url.rfind('/') + 1));
  }
  question.text = std::string(parts.back().at("text").as_string());
  return question;
}

std::string Delta(std::string_view text) {
  return ToJson(
      json::object{{"choices", json::array{json::object{{"delta", {{"content", text}}}}}}});
}
std::string Finish(std::string_view reason) {
  return ToJson(json::object{{"choices", json::array{json::object{{"delta", json::object()},
                                                                  {"finish_reason", reason}}}}});
}
std::string ErrorBody(std::string_view code, bool retryable) {
  return ToJson(json::object{
      {"error",
       {{"message", fmt::format("scripted {}", code)}, {"code", code}, {"retryable", retryable}}}});
}
constexpr std::string_view kUsage =
    R"({"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3}})";
constexpr std::string_view kPerformance =
    R"({"choices":[],"performance":{"ttft_ms":1.5,"latency_ms":2.5,"tpot_ms":null,)"
    R"("queue_ms":0.25,"peak_memory_mb":12.5,"gpu_memory_mb":3.5}})";

// True the first time, for any process.
bool FirstTime(const std::string& marker) {
  return os::OpenFile(marker, O_CREAT | O_EXCL | O_WRONLY).ok();
}

asio::awaitable<void> Hang() {
  asio::steady_timer forever(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
  co_await forever.async_wait(asio::use_awaitable);
}

class FakeWrapper {
 public:
  explicit FakeWrapper(json::object params) : params_(std::move(params)) {}

  asio::awaitable<void> Handle(const http::IncomingRequest& request, http::ResponseWriter& writer) {
    if (request.target == "/health") {
      const std::string status = FindString(params_, "health", "ready");
      const std::string body = ToJson(json::object{{"status", status}, {"error", "scripted"}});
      co_await writer.Respond(status == "ready" ? 200 : 503, {}, body);
      co_return;
    }
    const Question question = Parse(request.body);
    Log(question.text);
    const size_t colon = std::min(question.text.find(':'), question.text.size());
    const std::string verb = question.text.substr(0, colon);
    const std::string argument = question.text.substr(std::min(colon + 1, question.text.size()));
    if (verb == "die" || (verb == "die_once" && FirstTime(argument))) ::raise(SIGKILL);
    if (verb == "hang" || (verb == "hang_once" && FirstTime(argument))) co_await Hang();
    if (verb == "error" || verb == "retry") {
      const std::string body = ErrorBody(argument, verb == "retry");
      co_await writer.Respond(verb == "retry" ? 503 : 422, {}, body);
    } else if (verb == "status") {
      co_await writer.Respond(std::atoi(argument.c_str()), {}, "scripted status");
    } else {
      co_await Stream(verb, argument, question.images, writer);
    }
  }

 private:
  asio::awaitable<void> Stream(const std::string& verb, const std::string& argument,
                               const std::string& images, http::ResponseWriter& writer) {
    writer.StartEvents({});
    if (verb == "garbage") co_await writer.SendEvent("no JSON");
    if (verb == "cut" || verb == "midway" || verb == "unfinished")
      co_await writer.SendEvent(Delta("part"));
    if (verb == "midway") co_await writer.SendEvent(ErrorBody(argument, false));
    if (verb == "cut") co_return;
    if (verb == "garbage" || verb == "midway" || verb == "unfinished") {
      co_await writer.Finish();
      co_return;
    }
    if (verb == "plain") {
      co_await writer.SendEvent(Delta(images));
    } else if (verb != "empty") {
      for (const char* text : {"a", "b", "c"}) co_await writer.SendEvent(Delta(text));
    }
    co_await writer.SendEvent(Finish(verb == "length" ? "length" : "stop"));
    if (verb != "plain" && verb != "empty") co_await writer.SendEvent(kUsage);
    co_await writer.SendEvent(kPerformance);
    co_await writer.SendEvent("[DONE]");
    co_await writer.Finish();
  }

  void Log(const std::string& text) {
    const std::string file = FindString(params_, "ask_log");
    if (file.empty()) return;
    const Result<os::Fd> fd = os::OpenFile(file, O_WRONLY | O_CREAT | O_APPEND);
    if (fd.ok()) (void)os::WriteAll(fd->get(), text + "\n", file);
  }

  json::object params_;
};

int Serve(const std::string& spec_file) {
  const json::object spec = ParseJson(*os::ReadFile(spec_file))->as_object();
  const json::object params = *GetObject(spec, "load_params");
  if (const std::string message = FindString(params, "die_at_start"); !message.empty()) {
    std::fprintf(stderr, "%s\n", message.c_str());
    return 3;
  }
  FakeWrapper wrapper(params);
  asio::io_context io(1);
  const auto server = http::Server::Listen(
      io.get_executor(), *http::Endpoint::Parse(*GetString(spec, "listen")), {},
      [&](const http::IncomingRequest& request, http::ResponseWriter& writer) {
        return wrapper.Handle(request, writer);
      });
  if (!server.ok()) return 4;
  io.run();
  return 0;
}

}  // namespace
}  // namespace vlmhb

int main(int argc, char** argv) {
  return argc == 3 && std::string_view(argv[1]) == "--spec" ? vlmhb::Serve(argv[2]) : 2;
}
