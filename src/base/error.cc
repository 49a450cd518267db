#include "base/error.h"

#include <array>
#include <cerrno>
#include <system_error>

namespace vlmhb {
namespace {

struct CodeRow {
  std::string_view name;
  bool retryable;
  int exit_status;
  int http_status;
};

// Indexed by ErrorCode. docs/errors.md prints this table; a test keeps them equal.
constexpr std::array<CodeRow, 11> kCodes = {{
    {"invalid_config", false, 2, 400},
    {"not_found", false, 2, 404},
    {"unavailable", true, 3, 503},
    {"timeout", true, 1, 504},
    {"cancelled", false, 130, 499},
    {"permission", false, 3, 403},
    {"no_space", false, 3, 507},
    {"io", false, 3, 500},
    {"corrupt", false, 2, 422},
    {"unsupported", false, 3, 501},
    {"internal", false, 4, 500},
}};

const CodeRow& Row(ErrorCode code) { return kCodes.at(static_cast<size_t>(code)); }

ErrorCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermission;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
      return ErrorCode::kNoSpace;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::kNotFound;
    case ETIMEDOUT:
      return ErrorCode::kTimeout;
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

std::string_view ErrorCodeName(ErrorCode code) { return Row(code).name; }

std::optional<ErrorCode> ErrorCodeFromName(std::string_view name) {
  for (size_t i = 0; i < kCodes.size(); ++i)
    if (kCodes[i].name == name) return static_cast<ErrorCode>(i);
  return std::nullopt;
}

bool IsRetryable(ErrorCode code) { return Row(code).retryable; }
int ExitStatus(ErrorCode code) { return Row(code).exit_status; }
int HttpStatus(ErrorCode code) { return Row(code).http_status; }

std::string Error::ToString() const {
  std::string text = message_;
  for (size_t i = 0; i < context_.size(); ++i) {
    text += i == 0 ? " (while " : "; while ";
    text += context_[i];
  }
  if (!context_.empty()) text += ")";
  return text;
}

Error ErrnoError(int error_number, std::string_view what) {
  return Error(CodeOfErrno(error_number),
               std::string(what) + ": " + std::generic_category().message(error_number));
}

}  // namespace vlmhb
