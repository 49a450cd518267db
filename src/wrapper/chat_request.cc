#include "wrapper/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "wrapper/image_part.h"

namespace vlmhb::wrapper {
namespace {

constexpr std::array<std::string_view, 4> kRoles = {"system", "developer", "user", "assistant"};
// Members that are the API's business and mean nothing to a plug-in.
constexpr std::array<std::string_view, 6> kNotParams = {"model",          "messages", "stream",
                                                        "stream_options", "n",        "user"};

using MaybeError = std::optional<ApiError>;

template <size_t n>
bool Contains(const std::array<std::string_view, n>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string_view ToView(const json::string& text) { return {text.data(), text.size()}; }

MaybeError AppendImage(json::object& part, const std::string& where,
                       std::span<const os::Path> file_roots, json::array& parts) {
  const json::value* url = part.if_contains("image_url");
  if (url != nullptr && url->is_object()) url = url->get_object().if_contains("url");
  if (url == nullptr || !url->is_string())
    return BadRequest(where + R"(: {"type":"image_url","image_url":{"url":"…"}} expected)");
  auto image = ImagePart(ToView(url->get_string()), where, file_roots);
  if (auto* error = std::get_if<ApiError>(&image)) return std::move(*error);
  parts.push_back(std::move(std::get<json::object>(image)));
  return std::nullopt;
}

MaybeError AppendPart(json::value& value, const std::string& where,
                      std::span<const os::Path> file_roots, json::array& parts) {
  if (!value.is_object()) return BadRequest(where + " is not an object");
  json::object& part = value.get_object();
  const std::string type = FindString(part, "type");
  if (type == "image_url") return AppendImage(part, where, file_roots, parts);
  if (type != "text")
    return BadRequest(fmt::format("{}.type: 'text' or 'image_url' expected, not '{}'", where,
                                  Truncate(type, 100)));
  json::value* text = part.if_contains("text");
  if (text == nullptr || !text->is_string()) return BadRequest(where + ".text is not a string");
  parts.push_back(json::object{{"type", "text"}, {"text", std::move(*text)}});
  return std::nullopt;
}

MaybeError AppendMessage(json::value& value, const std::string& where,
                         std::span<const os::Path> file_roots, json::array& messages) {
  if (!value.is_object()) return BadRequest(where + " is not an object");
  json::object& message = value.get_object();
  const std::string role = FindString(message, "role");
  if (!Contains(kRoles, role))
    return BadRequest(fmt::format("{}.role: one of {} expected, not '{}'", where,
                                  fmt::join(kRoles, ", "), Truncate(role, 100)));
  json::value* content = message.if_contains("content");
  if (content != nullptr && content->is_string()) {
    messages.push_back(json::object{{"role", role}, {"content", std::move(*content)}});
    return std::nullopt;
  }
  if (content == nullptr || !content->is_array())
    return BadRequest(where + ".content is neither a string nor an array of parts");
  json::array parts;
  for (size_t i = 0; i < content->get_array().size(); ++i) {
    MaybeError error = AppendPart(content->get_array()[i], fmt::format("{}.content[{}]", where, i),
                                  file_roots, parts);
    if (error.has_value()) return error;
  }
  messages.push_back(json::object{{"role", role}, {"content", std::move(parts)}});
  return std::nullopt;
}

MaybeError ReadMessages(json::object& body, std::span<const os::Path> file_roots,
                        ChatRequest& request) {
  json::value* messages = body.if_contains("messages");
  if (messages == nullptr || !messages->is_array() || messages->get_array().empty())
    return BadRequest("messages: an array of at least one message expected");
  json::array& array = messages->get_array();
  for (size_t i = 0; i < array.size(); ++i) {
    MaybeError error =
        AppendMessage(array[i], fmt::format("messages[{}]", i), file_roots, request.messages);
    if (error.has_value()) return error;
  }
  return std::nullopt;
}

MaybeError ReadStream(const json::object& body, ChatRequest& request) {
  const json::value* stream = body.if_contains("stream");
  if (stream != nullptr && !stream->is_null()) {
    if (!stream->is_bool()) return BadRequest("stream is not a boolean");
    request.stream = stream->get_bool();
  }
  const json::value* options = body.if_contains("stream_options");
  if (options == nullptr || options->is_null()) return std::nullopt;
  if (!options->is_object()) return BadRequest("stream_options is not an object");
  if (!request.stream) return BadRequest("stream_options: only with \"stream\": true");
  const json::value* usage = options->get_object().if_contains("include_usage");
  if (usage == nullptr) return std::nullopt;
  if (!usage->is_bool()) return BadRequest("stream_options.include_usage is not a boolean");
  request.include_usage = usage->get_bool();
  return std::nullopt;
}

bool IsStringOrStrings(const json::value& value) {
  if (value.is_string()) return true;
  return value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                         [](const json::value& item) { return item.is_string(); });
}

// What is wrong with a well-known sampling parameter; nullptr: nothing.
const char* ParamProblem(std::string_view name, const json::value& value) {
  const auto number = [&] { return value.is_number() ? value.to_number<double>() : -1; };
  if (name == "max_tokens" || name == "max_completion_tokens")
    return value.is_int64() && value.get_int64() > 0 ? nullptr : "a positive integer expected";
  if (name == "seed") return value.is_int64() ? nullptr : "an integer expected";
  if (name == "temperature") return number() >= 0 ? nullptr : "a number, 0 or more, expected";
  if (name == "top_p")
    return number() > 0 && number() <= 1 ? nullptr : "a number over 0, up to 1, expected";
  if (name == "stop")
    return IsStringOrStrings(value) ? nullptr : "a string or an array of strings expected";
  return nullptr;
}

MaybeError ReadParams(json::object& body, ChatRequest& request) {
  if (const json::value* n = body.if_contains("n"))
    if (!n->is_null() && (!n->is_int64() || n->get_int64() != 1))
      return BadRequest("n: only 1 is served");
  for (auto& member : body) {
    const std::string_view name = member.key();
    if (Contains(kNotParams, name) || member.value().is_null()) continue;
    if (const char* problem = ParamProblem(name, member.value()))
      return BadRequest(fmt::format("{}: {}", name, problem));
    const bool newer_name = name == "max_completion_tokens";
    request.params[newer_name ? "max_tokens" : name] = std::move(member.value());
  }
  return std::nullopt;
}

}  // namespace

std::variant<ChatRequest, ApiError> ParseChatRequest(std::string_view body, std::string_view model,
                                                     std::span<const os::Path> file_roots) {
  Result<json::value> parsed = ParseJson(body);
  if (!parsed.ok()) return BadRequest("the body is not JSON: " + parsed.error().message());
  if (!parsed->is_object()) return BadRequest("the body is not a JSON object");
  json::object& object = parsed->get_object();

  const std::string name = FindString(object, "model");
  if (name != model)
    return ApiError{name.empty() ? 400 : 404, "bad_request",
                    name.empty() ? fmt::format("model: a string expected ('{}')", model)
                                 : fmt::format("model '{}' is not served here, only '{}'",
                                               Truncate(name, 200), model),
                    false};
  ChatRequest request;
  if (MaybeError error = ReadStream(object, request)) return std::move(*error);
  if (MaybeError error = ReadMessages(object, file_roots, request)) return std::move(*error);
  if (MaybeError error = ReadParams(object, request)) return std::move(*error);
  return request;
}

}  // namespace vlmhb::wrapper
