#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "base/csv.h"
#include "base/text.h"
#include "config/yaml_scalar.h"

namespace vlmhb::config {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxValues = 200'000;

// Leaves the parser at once; never passes the edge of this file.
struct Refused {
  YAML::Mark mark;
  std::string message;
};

size_t CountValues(const json::value& value) {
  size_t count = 1;
  if (const auto* array = value.if_array())
    for (const json::value& item : *array) count += CountValues(item);
  if (const auto* object = value.if_object())
    for (const auto& member : *object) count += CountValues(member.value());
  return count;
}

size_t DepthOf(const json::value& value) {
  size_t depth = 0;
  if (const auto* array = value.if_array())
    for (const json::value& item : *array) depth = std::max(depth, DepthOf(item));
  if (const auto* object = value.if_object())
    for (const auto& member : *object) depth = std::max(depth, DepthOf(member.value()));
  return depth + 1;
}

// Builds the value from the parser's events. The stack holds the open maps and sequences; a map
// whose `key` is empty waits for a key.
class Builder final : public YAML::EventHandler {
 public:
  YamlDocument Take() { return std::move(document_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Refused{mark, "a second YAML document; one file holds one"};
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (WaitsForKey()) return AddProblem(mark, "a key is empty or null"), SetKey(mark, "null");
    Add(mark, nullptr, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (WaitsForKey()) {
      if (anchor != 0) anchors_[anchor] = json::string(text);
      return SetKey(mark, text);
    }
    Add(mark, Resolve(mark, tag, text), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refused{mark, "an alias stands inside of what it names"};
    const json::value& value = found->second;
    if (WaitsForKey()) {
      if (!value.is_string()) throw Refused{mark, "a key is an alias of something that is no text"};
      return SetKey(mark, std::string(value.get_string()));
    }
    // Counted before it is copied: aliases of aliases grow exponentially.
    Count(mark, CountValues(value));
    if (stack_.size() + DepthOf(value) > kMaxDepth) throw Refused{mark, "nested too deeply"};
    Place(mark, value);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, json::array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, json::object());
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenNode {
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    json::value value;
    std::string pointer;
    std::optional<std::string> key;
  };

  bool WaitsForKey() const {
    return !stack_.empty() && stack_.back().value.is_object() && !stack_.back().key.has_value();
  }

  void AddProblem(const YAML::Mark& mark, std::string message) {
    document_.problems.push_back(
        {static_cast<uint64_t>(mark.line) + 1, NextPointer(), std::move(message)});
  }

  void Count(const YAML::Mark& mark, size_t values) {
    count_ += values;
    if (count_ > kMaxValues)
      throw Refused{mark, fmt::format("more than {} values, aliases expanded", kMaxValues)};
  }

  // Pointer of the value that comes next.
  std::string NextPointer() const {
    if (stack_.empty()) return "";
    const OpenNode& parent = stack_.back();
    if (const auto* array = parent.value.if_array())
      return fmt::format("{}/{}", parent.pointer, array->size());
    return parent.key ? fmt::format("{}/{}", parent.pointer, EscapePointer(*parent.key))
                      : parent.pointer;
  }

  void SetKey(const YAML::Mark& mark, const std::string& key) {
    OpenNode& map = stack_.back();
    if (map.value.get_object().contains(key))
      AddProblem(mark, fmt::format("the key '{}' is there twice", key));
    map.key = key;
  }

  json::value Resolve(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return json::string(text);
    const bool core = tag == "?" || tag == "tag:yaml.org,2002:int" ||
                      tag == "tag:yaml.org,2002:float" || tag == "tag:yaml.org,2002:bool" ||
                      tag == "tag:yaml.org,2002:null";
    if (!core) AddProblem(mark, fmt::format("the tag '{}' means nothing here; leave it out", tag));
    std::optional<json::value> value = ResolvePlainScalar(text);
    if (value.has_value()) return *std::move(value);
    AddProblem(mark, fmt::format("the number {} cannot be used; write it in quotes if it is a text",
                                 Truncate(text, 40)));
    return json::string(text);
  }

  void Add(const YAML::Mark& mark, json::value value, YAML::anchor_t anchor) {
    Count(mark, 1);
    if (anchor != 0) anchors_[anchor] = value;
    Place(mark, std::move(value));
  }

  // Puts a finished value into its parent, or makes it the document.
  void Place(const YAML::Mark& mark, json::value value) {
    document_.lines.try_emplace(NextPointer(), static_cast<uint64_t>(mark.line) + 1);
    if (stack_.empty()) {
      document_.value = std::move(value);
      return;
    }
    OpenNode& parent = stack_.back();
    if (auto* array = parent.value.if_array()) {
      array->push_back(std::move(value));
    } else {
      parent.value.get_object()[*parent.key] = std::move(value);
      parent.key.reset();
    }
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            json::value empty) {
    if (WaitsForKey()) throw Refused{mark, "a key is a list or a map; keys are texts"};
    if (stack_.size() >= kMaxDepth) throw Refused{mark, "nested too deeply"};
    if (tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:"))
      AddProblem(mark, fmt::format("the tag '{}' means nothing here; leave it out", tag));
    Count(mark, 1);
    stack_.push_back({mark, anchor, std::move(empty), NextPointer(), std::nullopt});
  }

  void Close() {
    OpenNode closed = std::move(stack_.back());
    stack_.pop_back();
    if (closed.anchor != 0) {
      Count(closed.mark, CountValues(closed.value));
      anchors_[closed.anchor] = closed.value;
    }
    Place(closed.mark, std::move(closed.value));
  }

  YamlDocument document_;
  std::vector<OpenNode> stack_;
  std::map<YAML::anchor_t, json::value> anchors_;
  size_t count_ = 0;
  bool started_ = false;
};

Error NotYaml(const YAML::Mark& mark, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("line {}: {}", static_cast<int64_t>(mark.line) + 1, why));
}

// yaml-cpp takes byte 4 for the end of the text and control characters for anything; YAML allows
// none of them.
std::optional<size_t> FindControlCharacter(std::string_view text) {
  const auto found = std::find_if(text.begin(), text.end(), [](char c) {
    return (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == '\x7F';
  });
  if (found == text.end()) return std::nullopt;
  return static_cast<size_t>(found - text.begin());
}

}  // namespace

Result<YamlDocument> ParseYaml(std::string_view text) {
  if (text.starts_with(kUtf8Bom)) text.remove_prefix(kUtf8Bom.size());
  if (!IsValidUtf8(text)) return Error(ErrorCode::kInvalidConfig, "the text is not UTF-8");
  if (const auto at = FindControlCharacter(text))
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("line {}: a control character (0x{:02X})",
                             1 + std::count(text.begin(), text.begin() + *at, '\n'),
                             static_cast<unsigned char>(text[*at])));
  Builder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return NotYaml(refused.mark, refused.message);
  } catch (const YAML::Exception& exception) {
    return NotYaml(exception.mark, exception.msg);
  }
  return builder.Take();
}

}  // namespace vlmhb::config
