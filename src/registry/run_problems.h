#pragma once
// Collects what is wrong with one run, each with its place in the user's file.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "config/experiment.h"

namespace vlmhb::registry {

class RunProblems {
 public:
  // Both must outlive this object.
  RunProblems(const config::RunConfig& run, std::vector<config::Problem>& problems)
      : run_(run), problems_(problems) {}

  // `key` as in RunConfig::Field().
  void Add(std::string_view key, std::string message) {
    problems_.push_back({run_.Field(key), std::move(message)});
  }
  void Add(std::string_view key, const Error& error) { Add(key, error.ToString()); }
  // One whose place is in a file that the run names.
  void Add(config::Problem problem) { problems_.push_back(std::move(problem)); }

 private:
  const config::RunConfig& run_;
  std::vector<config::Problem>& problems_;
};

}  // namespace vlmhb::registry
