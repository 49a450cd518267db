#pragma once
// Which texts a sample is asked with (docs/formats/prompts.md).

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/annotation_reader.h"
#include "data/prompt_rows.h"
#include "data/sample_fields.h"
#include "data/template.h"
#include "os/file.h"

namespace vlmhb::data {

// An empty text counts as absent, here as in the files.
struct PromptSpec {
  std::optional<std::string> system;
  std::optional<std::string> fixed;
  std::optional<os::Path> collection;   // of rows
  std::optional<json::object> mapping;  // a collection by type of document, for this model
  std::optional<std::string> fallback;
};

Result<PromptSpec> ParsePromptSpec(const json::object& object);

enum class PromptSource {
  kNone,     // there is no text
  kConfig,   // `prompt` or `system_prompt` of the run
  kFixed,    // `fixed_prompt` or `fixed_system_prompt` of a mapping
  kMapping,  // the mapping, by the class of the document
  kDefault,  // `user_prompt` or `system_prompt` of a mapping
  kRow,      // a row of a collection
  kSample,   // the sample's own question or system prompt
  kTask,     // `prompt` of the task
};
std::string_view PromptSourceName(PromptSource source);

struct PromptOrigin {
  PromptSource source = PromptSource::kNone;
  // In a mapping the JSON pointer; of a row "line 3"; of kConfig "system_prompt" or "prompt"; of a
  // sample the column.
  std::string place;
};

// What is wrong with one text.
struct PromptProblem {
  PromptOrigin origin;
  std::string message;
};

struct Prompt {
  std::string text;
  PromptOrigin origin;
};

struct SamplePrompts {
  Prompt system;  // empty: none is sent
  Prompt user;
};

// Immutable once made, so thread-safe. Everything but a sample's own texts is a template.
class PromptResolver {
 public:
  // What is wrong with texts goes to `problems`; the resolver is to be used if there are none. With
  // `fields` null nothing is known of the samples yet: then it is no resolver to use, but
  // everything else has been checked. An error is one of reading the collection of rows.
  static Result<PromptResolver> Create(const PromptSpec& spec, const SampleFields* fields,
                                       std::vector<PromptProblem>& problems);
  // The same with the first problem as the error (kInvalidConfig).
  static Result<PromptResolver> Create(const PromptSpec& spec, const SampleFields& fields);

  // System: config, fixed, mapping, default, sample. User: config, fixed, mapping, row, default,
  // sample, task. kInvalidConfig if there is no user prompt; kNoSpace for one that is too long.
  Result<SamplePrompts> Resolve(const AnnotationRow& row) const;

 private:
  struct Entry {
    Template text;
    PromptOrigin origin;
  };
  struct Pair {
    std::optional<Entry> system;
    std::optional<Entry> user;
  };
  friend class PromptCompiler;

  const Entry* SystemOf(const AnnotationRow& row) const;
  const Entry* UserOf(const AnnotationRow& row) const;

  Pair config_;
  Pair fixed_;
  std::unordered_map<std::string, Pair> by_class_;
  std::unordered_map<std::string, Entry> rows_;
  Pair default_;
  std::optional<Entry> task_;
};

}  // namespace vlmhb::data
