// Images: looking, pulling, loading.

#include <fmt/format.h>

#include "base/text.h"
#include "docker/engine_state.h"
#include "docker/image_reference.h"
#include "docker/pull_progress.h"
#include "docker/registry_auth.h"

namespace vlmhb::docker {
namespace {

constexpr size_t kLongestMessage = 1000;

// An engine's id, or a reference whose tag is dropped where it has a digest: engines keep what was
// pulled by digest without a tag.
Result<std::string> LocalName(const std::string& reference) {
  if (IsDigest(reference)) return reference;
  VLMHB_ASSIGN(const ImageReference parsed, ImageReference::Parse(reference));
  if (parsed.digest.empty() || parsed.tag.empty()) return reference;
  return parsed.Name() + "@" + parsed.digest;
}

Error PullError(const std::string& reference, const std::string& message,
                const Credentials& credentials) {
  const std::string shown =
      SanitizeUtf8(Truncate(Trim(HideSecrets(message, credentials)), kLongestMessage));
  const ErrorCode code = PullErrorCode(message);
  return Error(
      code,
      fmt::format("cannot pull {}: {}{}", reference, shown,
                  code == ErrorCode::kPermission ? "; log in to its registry (docker login)" : ""));
}

}  // namespace

Result<json::object> Engine::InspectImage(const std::string& reference) {
  VLMHB_ASSIGN(const std::string name, LocalName(reference));
  VLMHB_TRY(Info());
  return state_->GetJsonObject("/images/" + PercentEncode(name) + "/json",
                               "inspecting the image " + reference);
}

Result<std::string> Engine::ImageId(const std::string& reference) {
  VLMHB_ASSIGN(const json::object image, InspectImage(reference));
  std::string id = FindString(image, "Id");
  if (id.find(':') == std::string::npos) id = "sha256:" + id;
  if (!IsDigest(id)) return State::NoAnswer("inspecting the image " + reference);
  return id;
}

Result<void> Engine::PullImage(const std::string& reference, const env::PullListener& listener) {
  VLMHB_ASSIGN(const ImageReference image, ImageReference::Parse(reference));
  VLMHB_ASSIGN(
      const std::optional<Credentials> stored,
      LoadCredentials(state_->options.docker_config, image.registry, state_->options.helper_env));
  VLMHB_TRY(Info());
  const Credentials credentials = stored.value_or(Credentials());
  http::Request request = state_->Make(
      "POST", "/images/create" + Query({{"fromImage", image.Name()},
                                        {"tag", image.digest.empty() ? image.tag : image.digest}}));
  if (stored.has_value())
    request.headers.push_back({"X-Registry-Auth", RegistryAuthHeader(credentials, image.registry)});

  PullProgress progress;
  VLMHB_ASSIGN(const http::Response response,
               state_->client.CallStreaming(request, state_->options.pull_stall,
                                            [&](std::string_view bytes) {
                                              if (progress.Feed(bytes) && listener)
                                                listener(progress.total());
                                            }));
  if (response.status != 200) {
    const Error refusal = ResponseError(response, "pulling");
    // Engines answer with 404 and 500 for everything that a registry says.
    Error error = PullError(reference, refusal.message(), credentials);
    if (error.code() != ErrorCode::kInternal) return error;
    return Error(refusal.code(), error.message());
  }
  progress.Finish();
  if (progress.error_message().has_value())
    return PullError(reference, *progress.error_message(), credentials);
  return {};
}

Result<void> Engine::LoadImage(std::string_view tar) {
  VLMHB_TRY(Info());
  http::Request request = state_->Make("POST", "/images/load" + Query({{"quiet", "1"}}));
  request.headers.push_back({"Content-Type", "application/x-tar"});
  request.body = tar;
  VLMHB_ASSIGN(const http::Response response, state_->Repeatable(request));
  if (response.status != 200) return ResponseError(response, "loading an image");
  PullProgress progress;
  progress.Feed(response.body);
  progress.Finish();
  if (!progress.error_message().has_value()) return {};
  return Error(ErrorCode::kInternal,
               fmt::format("the engine cannot load an image: {}",
                           SanitizeUtf8(Truncate(*progress.error_message(), kLongestMessage))));
}

}  // namespace vlmhb::docker
