#pragma once
// Which text a sample is asked with (docs/formats/stage.md, "prompt"). Immutable once loaded, so
// thread-safe.

#include <optional>
#include <string>
#include <unordered_map>

#include "base/json.h"
#include "base/result.h"
#include "data/annotation_reader.h"
#include "os/file.h"

namespace vlmhb::data {

// An empty text counts as absent, here as in the files.
struct PromptSpec {
  std::optional<std::string> system;
  std::optional<std::string> fixed;
  std::optional<os::Path> collection;
  std::optional<std::string> fallback;
};

Result<PromptSpec> ParsePromptSpec(const json::object& object);

// A prompt collection: CSV with the columns prompt and doc_class_question_type (the two joined by
// one space); of several rows with one key the first counts.
class PromptCollection {
 public:
  // kInvalidConfig if it is no such file; at most 16 MiB.
  static Result<PromptCollection> Load(const os::Path& path);

  // nullptr if there is none. Owned by the collection.
  const std::string* Find(const std::string& doc_class, const std::string& question_type) const;
  size_t size() const { return prompts_.size(); }

 private:
  std::unordered_map<std::string, std::string> prompts_;
};

class PromptResolver {
 public:
  static Result<PromptResolver> Create(const PromptSpec& spec);

  const std::string& system() const { return system_; }  // empty: none
  // The user prompt: fixed, else the collection's, else the sample's question, else the fallback.
  // kInvalidConfig if there is none of them.
  Result<std::string> Resolve(const AnnotationRow& row) const;

 private:
  std::string system_;
  std::string fixed_;
  PromptCollection collection_;
  std::string fallback_;
};

}  // namespace vlmhb::data
