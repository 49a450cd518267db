#pragma once
// One request for one sample: sent, measured, judged (docs/formats/answers.md).

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "base/clock.h"
#include "http/client.h"
#include "inference/chat_stream.h"
#include "store/answer_row.h"

namespace vlmhb::inference {

struct AttemptResult {
  store::RequestRow row;
  ChatAnswer answer;
  bool retryable = false;
  // It failed in a way that the API wrapper's death or refusal may explain.
  bool ask_wrapper = false;
  // The connection was closed by ourselves; nothing was learned.
  bool cancelled = false;
};

// `row.attempt` is for the caller to set. `timeout` is for all of it.
http::asio::awaitable<AttemptResult> Attempt(http::Connection& connection,
                                             const http::Request& request, Millis timeout,
                                             const Clock& clock);

// Pure: what the transport and the stream say, together.
AttemptResult Judge(const Result<http::Response>& response, ChatAnswer answer);

// tpot_ms by docs/formats/answers.md.
std::optional<double> TimePerOutputToken(const ChatAnswer& answer);

}  // namespace vlmhb::inference
