#pragma once
// Result<T>: a value or an Error, for failures that are expected. An own thin
// class, since std::expected is out of reach of the clang that builds the fuzzers.
//
//   Result<int> Parse(std::string_view text);
//   VLMHB_ASSIGN(int n, Parse("12"));          // returns the error upwards
//   VLMHB_TRY(Check(n));                       // the same for Result<void>
//   return std::move(error).With("reading x"); // adds a line of context

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace vlmhb {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  T& value() & {
    CHECK(ok(), error_unchecked().c_str());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(ok(), error_unchecked().c_str());
    return std::get<0>(state_);
  }
  // By value, so that `for (x : *F())` and `const auto& x = *F()` are safe.
  T value() && {
    CHECK(ok(), error_unchecked().c_str());
    return std::move(std::get<0>(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::move(std::get<1>(state_)); }

 private:
  std::string error_unchecked() const { return ok() ? "" : std::get<1>(state_).ToString(); }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { CHECK(ok(), error_->ToString().c_str()); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace vlmhb

#define VLMHB_CONCAT_(a, b) a##b
#define VLMHB_CONCAT(a, b) VLMHB_CONCAT_(a, b)

// Evaluates a Result<void> (or discards a value) and returns its error upwards.
#define VLMHB_TRY(expression)                                               \
  do {                                                                      \
    auto vlmhb_try_result = (expression);                                   \
    if (!vlmhb_try_result.ok()) return std::move(vlmhb_try_result).error(); \
  } while (false)

// VLMHB_ASSIGN(auto x, F()): declares or assigns from a Result, or returns its error.
#define VLMHB_ASSIGN(lhs, expression) \
  VLMHB_ASSIGN_(VLMHB_CONCAT(vlmhb_result_, __LINE__), lhs, expression)
#define VLMHB_ASSIGN_(result, lhs, expression)        \
  auto result = (expression);                         \
  if (!result.ok()) return std::move(result).error(); \
  lhs = std::move(result).value()
