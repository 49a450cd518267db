#include "mock/server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/json.h"
#include "base/json_members.h"
#include "base/text.h"
#include "http/listen.h"
#include "mock/connection.h"

namespace vlmhb::mock {
namespace {

constexpr std::string_view kOk = "ok";
constexpr size_t kScratchBytes = 256u << 10;

// nullopt: it is no JSON object.
std::optional<Asked> ReadChat(std::string_view body) {
  Asked asked;
  JsonMembers members(body);
  JsonMembers::Member member;
  while (members.Next(member)) {
    if (member.key == "stream") asked.stream = member.value == "true";
    if (member.key != "stream_options") continue;
    JsonMembers options(member.value);
    while (options.Next(member))
      if (member.key == "include_usage") asked.usage = member.value == "true";
  }
  if (!members.ok()) return std::nullopt;
  return asked;
}

std::string ErrorText(std::string_view message) {
  return ToJson(json::object{
      {"error", {{"message", message}, {"type", "bad_request"}, {"code", "bad_request"}}}});
}

class Server final : public Host, public net::Watcher {
 public:
  Server(const Options& options, Record record)
      : options_(options),
        loop_(options.spin),
        record_(std::move(record)),
        models_(
            PlainScript(200, ToJson(json::object{{"object", "list"},
                                                 {"data", json::array{{{"id", options.model},
                                                                       {"object", "model"},
                                                                       {"created", 0},
                                                                       {"owned_by", "vlmhb"}}}}}))),
        health_(PlainScript(200, R"({"status":"ready"})")),
        no_json_(PlainScript(400, ErrorText("the body is not a JSON object"))),
        not_found_(PlainScript(404, ErrorText("there are POST /v1/chat/completions, GET /v1/models "
                                              "and GET /health"))) {
    for (const bool stream : {false, true})
      for (const bool usage : {false, true}) Chat({stream, usage}, std::nullopt);
  }

  Result<void> Run(const std::atomic<bool>& stop,
                   const std::function<void(std::string_view)>& on_listening) {
    http::Endpoint endpoint = options_.listen;
    VLMHB_ASSIGN(listener_, http::OpenListener(endpoint));
    VLMHB_TRY(loop_.Open());
    VLMHB_TRY(loop_.Add(listener_.get(), EPOLLIN, *this));
    loop_.AfterBatch([this] { retired_.clear(); });
    on_listening(endpoint.ToString());
    const Result<void> ran = loop_.Run(stop);
    for (const auto& [address, connection] : connections_) connection->GiveUp();
    const Result<void> recorded = record_.Flush();
    if (endpoint.is_unix()) ::unlink(endpoint.unix_path.c_str());
    return ran.ok() ? recorded : ran;
  }

  // --- Host ---

  Answer Choose(const RequestText& request) override {
    const std::string_view path =
        std::string_view(request.target).substr(0, request.target.find('?'));
    if (request.method == "GET" && path == "/v1/models") return {&models_, 0, ""};
    if (request.method == "GET" && path == "/health") return {&health_, 0, ""};
    if (request.method != "POST" || path != "/v1/chat/completions") return {&not_found_, 0, ""};
    const std::optional<Asked> asked = ReadChat(request.body);
    if (!asked.has_value()) return {&no_json_, 0, ""};
    const uint64_t index = next_++;
    const std::optional<FaultKind> fault = FaultOf(options_, index);
    return {&Chat(*asked, fault), index, fault.has_value() ? FaultName(*fault) : kOk};
  }

  void Done(const Served& served) override { record_.Add(served); }
  std::span<char> Scratch() override { return scratch_; }

  void Retire(Connection& connection) override {
    const auto found = connections_.find(&connection);
    retired_.push_back(std::move(found->second));
    connections_.erase(found);
    if (!std::exchange(full_, false)) return;
    loop_.Change(listener_.get(), EPOLLIN, *this);
  }

  // --- The listener ---

  void OnEvents(uint32_t) override {
    while (true) {
      os::Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket.valid()) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EMFILE || errno == ENFILE) WaitForRoom();
        return;
      }
      auto connection = std::make_unique<Connection>(loop_, *this, std::move(socket));
      if (connection->Open().ok()) connections_.emplace(connection.get(), std::move(connection));
    }
  }

 private:
  // No more descriptors: those who knock wait in the system's queue until somebody leaves.
  void WaitForRoom() {
    full_ = true;
    loop_.Change(listener_.get(), 0, *this);
  }

  const Script& Chat(Asked asked, std::optional<FaultKind> fault) {
    const int kind = fault.has_value() ? static_cast<int>(*fault) : -1;
    const auto key = std::tuple(kind, asked.stream, asked.usage);
    const auto found = scripts_.find(key);
    if (found != scripts_.end()) return found->second;
    return scripts_.emplace(key, ChatScript(options_, asked, fault)).first->second;
  }

  const Options& options_;
  net::Loop loop_;
  Record record_;
  const Script models_;
  const Script health_;
  const Script no_json_;
  const Script not_found_;
  std::map<std::tuple<int, bool, bool>, Script> scripts_;
  uint64_t next_ = 0;

  std::vector<char> scratch_ = std::vector<char>(kScratchBytes);
  os::Fd listener_;
  bool full_ = false;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> retired_;  // destroyed after the loop's batch
};

}  // namespace

Result<void> RunMock(const Options& options, const std::atomic<bool>& stop,
                     const std::function<void(std::string_view address)>& on_listening) {
  VLMHB_TRY(Check(options));
  VLMHB_ASSIGN(Record record, Record::Create(options.record));
  Server server(options, std::move(record));
  return server.Run(stop, on_listening);
}

}  // namespace vlmhb::mock
