#include "docker/pull_progress.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace vlmhb::docker {
namespace {

constexpr size_t kLongestLine = 1u << 20;
constexpr size_t kMostLayers = 10'000;
constexpr int64_t kMostBytes = int64_t{1} << 50;  // of a layer, so that sums fit

bool ContainsAny(std::string_view text, std::initializer_list<std::string_view> needles) {
  return std::ranges::any_of(needles, [&](std::string_view needle) {
    return text.find(needle) != std::string_view::npos;
  });
}

}  // namespace

bool PullProgress::Feed(std::string_view chunk) {
  while (!chunk.empty()) {
    const size_t end = std::min(chunk.find('\n'), chunk.size());
    too_long_ = too_long_ || line_.size() + end > kLongestLine;
    if (!too_long_) line_ += chunk.substr(0, end);
    if (end == chunk.size()) break;
    TakeLine();
    chunk.remove_prefix(end + 1);
  }
  return Recount();
}

void PullProgress::Finish() {
  TakeLine();
  Recount();
}

void PullProgress::TakeLine() {
  const std::string text = std::move(line_);
  line_.clear();
  if (std::exchange(too_long_, false) || Trim(text).empty()) return;
  const Result<json::value> parsed = ParseJson(text);
  if (!parsed.ok() || !parsed->is_object()) return;
  const json::object& line = parsed->as_object();
  if (const json::object* detail = FindObject(line, "errorDetail"))
    error_ = FindString(*detail, "message", FindString(line, "error", "no reason given"));
  else if (const std::string error = FindString(line, "error"); !error.empty())
    error_ = error;
  const std::string id = FindString(line, "id");
  if (!id.empty()) TakeLayer(id, FindString(line, "status"), line);
}

void PullProgress::TakeLayer(const std::string& id, const std::string& status,
                             const json::object& line) {
  auto found = layers_.find(id);
  if (found == layers_.end()) {
    // Other lines have ids that are none of layers ("Pulling from library/debian", id "12").
    constexpr std::array<std::string_view, 5> kOfLayers = {
        "Pulling fs layer", "Waiting", "Downloading", "Download complete", "Already exists"};
    if (std::ranges::find(kOfLayers, status) == kOfLayers.end()) return;
    if (layers_.size() >= kMostLayers) return;
    found = layers_.emplace(id, Layer()).first;
  }
  Layer& layer = found->second;
  if (status == "Downloading") {
    const json::object* detail = FindObject(line, "progressDetail");
    if (detail == nullptr) return;
    layer.bytes_done = std::clamp<int64_t>(FindInt(*detail, "current", 0), 0, kMostBytes);
    layer.bytes_total = std::clamp<int64_t>(FindInt(*detail, "total", 0), 0, kMostBytes);
    layer.bytes_total = std::max(layer.bytes_total, layer.bytes_done);
  } else if (ContainsAny(status, {"Download complete", "Already exists", "Pull complete"})) {
    layer.done = true;
    layer.bytes_done = layer.bytes_total;
  }
}

bool PullProgress::Recount() {
  env::PullProgress now;
  for (const auto& [id, layer] : layers_) {
    ++now.layers_total;
    now.layers_done += layer.done ? 1 : 0;
    now.bytes_done += layer.bytes_done;
    now.bytes_total += layer.bytes_total;
  }
  const bool changed = now.layers_done != total_.layers_done ||
                       now.layers_total != total_.layers_total ||
                       now.bytes_done != total_.bytes_done || now.bytes_total != total_.bytes_total;
  total_ = now;
  return changed;
}

ErrorCode PullErrorCode(std::string_view message) {
  const std::string text = AsciiLower(message);
  if (ContainsAny(text, {"no such host", "connection refused", "timeout", "timed out",
                         "no route to host", "network is unreachable", "deadline exceeded",
                         "server misbehaving", "connection reset",
                         "tls: ", "x509:", "http response to https", "toomanyrequests"}))
    return ErrorCode::kUnavailable;
  if (ContainsAny(text, {"denied", "unauthorized", "authentication required", "forbidden",
                         "incorrect username or password", "no basic auth"}))
    return ErrorCode::kPermission;
  if (ContainsAny(text, {"not found", "manifest unknown", "name unknown", "no such image",
                         "does not exist", "no matching manifest"}))
    return ErrorCode::kNotFound;
  if (ContainsAny(text, {"no space left"})) return ErrorCode::kNoSpace;
  return ErrorCode::kInternal;
}

}  // namespace vlmhb::docker
