#include "worker/channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace vlmhb::worker {
namespace {

constexpr size_t kReadBytes = 256u << 10;
constexpr Millis kStopPoll{100};

Nanos Now() {
  return std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch());
}

Error Gone() { return Error(ErrorCode::kIo, "its output ended"); }

// The byte counts of a message; kCorrupt if they are not what the protocol allows.
Result<std::vector<size_t>> AttachmentSizes(const json::object& message) {
  std::vector<size_t> sizes;
  const json::value* member = message.if_contains("attachments");
  if (member == nullptr) return sizes;
  if (!member->is_array()) return Error(ErrorCode::kCorrupt, "'attachments' is not a list");
  size_t total = 0;
  for (const json::value& item : member->get_array()) {
    const int64_t* bytes = item.if_int64();
    if (bytes == nullptr || *bytes < 0 || static_cast<size_t>(*bytes) > kMaxAttachmentBytes)
      return Error(ErrorCode::kCorrupt,
                   fmt::format("an attachment is not of 0 to {} bytes", kMaxAttachmentBytes));
    sizes.push_back(static_cast<size_t>(*bytes));
    total += sizes.back();
  }
  if (total > kMaxAttachedBytes)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("attachments of {} bytes, {} are allowed", total, kMaxAttachedBytes));
  return sizes;
}

}  // namespace

Channel::Channel(os::Fd stream, os::Fd errors, ErrorTail& tail, const std::atomic<bool>* stop)
    : stream_(std::move(stream)), errors_(std::move(errors)), tail_(tail), stop_(stop) {
  for (const int fd : {stream_.get(), errors_.get()})
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

Result<void> Channel::Wait(short events, Nanos deadline) {
  while (true) {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
      return Error(ErrorCode::kCancelled, "stopped");
    const Nanos left = deadline - Now();
    if (left.count() <= 0) return Error(ErrorCode::kTimeout, "it took too long");
    const Millis wait = std::min(kStopPoll, std::chrono::ceil<Millis>(left));
    // A negative descriptor is passed over.
    std::array<pollfd, 2> fds = {pollfd{stream_.get(), events, 0},
                                 pollfd{errors_open_ ? errors_.get() : -1, POLLIN, 0}};
    ::poll(fds.data(), fds.size(), static_cast<int>(wait.count()));
    if (fds[1].revents != 0) {
      std::array<char, 4096> text;
      const ssize_t n = ::read(errors_.get(), text.data(), text.size());
      if (n > 0) tail_.Take({text.data(), static_cast<size_t>(n)});
      errors_open_ = n > 0 || (n < 0 && errno == EAGAIN);
    }
    if (fds[0].revents != 0) return {};
  }
}

Result<void> Channel::Send(const json::object& message, Millis timeout) {
  VLMHB_ASSIGN(const std::string frame, EncodeFrame(message));
  const Nanos deadline = Now() + timeout;
  std::string_view rest = frame;
  while (!rest.empty()) {
    const ssize_t n = ::send(stream_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      rest.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      VLMHB_TRY(Wait(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return Gone();
    }
  }
  return {};
}

Result<void> Channel::ReadSome(std::string& into, size_t bytes, Nanos deadline) {
  const size_t before = into.size();
  while (true) {
    ssize_t n = 0;
    into.resize_and_overwrite(before + bytes, [&](char* data, size_t) {
      n = ::read(stream_.get(), data + before, bytes);
      return before + static_cast<size_t>(std::max<ssize_t>(n, 0));
    });
    if (n > 0) return {};
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) return Gone();
    VLMHB_TRY(Wait(POLLIN, deadline));
  }
}

Result<void> Channel::ReadAttachments(Message& message, Nanos deadline) {
  VLMHB_ASSIGN(const std::vector<size_t> sizes, AttachmentSizes(message.object));
  for (const size_t size : sizes) {
    std::string bytes(decoder_.TakeRaw(size));
    bytes.reserve(size);
    while (bytes.size() < size) VLMHB_TRY(ReadSome(bytes, size - bytes.size(), deadline));
    message.attachments.push_back(std::move(bytes));
  }
  return {};
}

Result<Message> Channel::Receive(Millis timeout) {
  const Nanos deadline = Now() + timeout;
  while (true) {
    VLMHB_ASSIGN(std::optional<json::object> object, decoder_.Next());
    if (object.has_value()) {
      Message message{std::move(*object), {}};
      VLMHB_TRY(ReadAttachments(message, deadline));
      return message;
    }
    chunk_.clear();
    VLMHB_TRY(ReadSome(chunk_, kReadBytes, deadline));
    decoder_.Feed(chunk_);
  }
}

}  // namespace vlmhb::worker
