#pragma once
// How one sample, or one attempt at it, ended. Values are in files by name
// (docs/formats/answers.md).

#include <optional>
#include <string_view>

namespace vlmhb::store {

enum class Outcome {
  kOk,
  kTruncated,     // an answer, cut by max_tokens
  kBadRow,        // the annotation row cannot be used
  kMissingImage,  // its image file does not exist
  kBadImage,      // its image cannot be read
  kBadRequest,    // the model refuses the request
  kTimeout,
  kCrashed,      // the backend died
  kUnavailable,  // no backend took the request
  kHttpError,    // any other HTTP status
  kIncomplete,   // the stream ended without a finish reason
  kInternal,
};

std::string_view OutcomeName(Outcome outcome);
std::optional<Outcome> OutcomeFromName(std::string_view name);

// A failure is never an answer.
inline bool IsAnswer(Outcome outcome) {
  return outcome == Outcome::kOk || outcome == Outcome::kTruncated;
}

}  // namespace vlmhb::store
