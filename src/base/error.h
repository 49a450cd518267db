#pragma once
// What can go wrong, in about ten kinds, and what each kind means to the three
// callers that must react to it: a retry loop, a shell (exit status) and an
// HTTP client (status). One table, in error.cc, answers all three.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vlmhb {

// Values are written to files (as their names, see ErrorCodeName); do not rename.
enum class ErrorCode {
  kInvalidConfig,  // the user's input is wrong; fixing it is up to them
  kNotFound,       // a named thing does not exist
  kUnavailable,    // the environment cannot do it now (sandbox, lock, backend down)
  kTimeout,        // a bounded wait ran out
  kCancelled,      // somebody asked to stop
  kPermission,     // the operating system said no
  kNoSpace,        // the disk, a quota or a memory limit is full
  kIo,             // reading or writing failed otherwise
  kCorrupt,        // data is not what its format promises
  kUnsupported,    // known, but not available in this build or on this machine
  kInternal,       // a bug here
};

// Stable lower-case name, for instance "invalid_config".
std::string_view ErrorCodeName(ErrorCode code);
std::optional<ErrorCode> ErrorCodeFromName(std::string_view name);

// Whether trying the same thing again can help.
bool IsRetryable(ErrorCode code);

// The process exit status for an error of this code (docs/errors.md).
int ExitStatus(ErrorCode code);

// The HTTP status the API wrapper answers with for an error of this code.
int HttpStatus(ErrorCode code);

// A value type. `message` says what failed, on what, why, and what to do, in
// one line; each layer it passes adds one line of context, innermost first.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<std::string>& context() const { return context_; }

  // Adds "while <context>" and returns the same error.
  Error&& With(std::string context) && {
    context_.push_back(std::move(context));
    return std::move(*this);
  }

  // "message (while a; while b)".
  std::string ToString() const;

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<std::string> context_;
};

// Builds an error from errno-style `error_number`: "<what>: <strerror>", with the
// code that fits (EACCES -> kPermission, ENOSPC -> kNoSpace, ENOENT -> kNotFound, ...).
Error ErrnoError(int error_number, std::string_view what);

}  // namespace vlmhb
