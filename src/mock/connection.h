#pragma once
// Internal to mock/: one client's connection.

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "mock/record.h"
#include "mock/request.h"
#include "mock/script.h"
#include "net/loop.h"
#include "os/fd.h"

namespace vlmhb::mock {

class Connection;

// What a connection asks of its server.
class Host {
 public:
  virtual ~Host() = default;
  struct Answer {
    const Script* script;
    uint64_t index;
    std::string_view outcome;  // if it is written to its end; "": it is not recorded
  };
  virtual Answer Choose(const RequestText& request) = 0;
  virtual void Done(const Served& served) = 0;
  // Room to read into; of whoever reads.
  virtual std::span<char> Scratch() = 0;
  // It is closed. It may be destroyed after the loop's batch.
  virtual void Retire(Connection& connection) = 0;
};

class Connection final : public net::Watcher, public net::Timer {
 public:
  Connection(net::Loop& loop, Host& host, os::Fd socket)
      : loop_(loop), host_(host), socket_(std::move(socket)) {}

  Result<void> Open();
  void OnEvents(uint32_t events) override;
  void OnTime(Nanos now) override;
  // What is not answered to its end will not be: tells the host of it.
  void GiveUp();

 private:
  bool closed() const { return !socket_.valid(); }
  // False: the client has closed its side, or the connection is broken.
  bool Read();
  // Parses what has come, with `data` behind it, as far as requests may be taken.
  void TakeRequests(std::string_view data = {});
  void Parse(std::string_view& data);
  void Begin(const Host::Answer& answer);
  // Writes what is due at `now`.
  void Advance(Nanos now);
  bool WriteDue();
  void Finish();
  void Refuse();
  void Close(bool reset);

  net::Loop& loop_;
  Host& host_;
  os::Fd socket_;

  std::string in_;       // read and not parsed
  Nanos received_at_{};  // by the last read
  RequestText text_;
  std::optional<RequestParser> request_;

  const Script* script_ = nullptr;  // what is being answered
  Served served_;
  std::string_view outcome_;
  std::string head_;
  size_t step_ = 0;     // the next one
  size_t due_ = 0;      // bytes of the script that are due
  size_t written_ = 0;  // of the head and the script
};

}  // namespace vlmhb::mock
