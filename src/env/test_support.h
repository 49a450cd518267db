#pragma once
// What the tests of environments share. Waits end with the event or fail after a generous time.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "env/process_env_manager.h"
#include "os/file.h"

namespace vlmhb::env {

inline constexpr std::chrono::milliseconds kPlenty{30'000};

#define ASSERT_OK(expression)                                    \
  do {                                                           \
    const auto& ok_result = (expression);                        \
    ASSERT_TRUE(ok_result.ok()) << ok_result.error().ToString(); \
  } while (false)
#define EXPECT_OK(expression)                                    \
  do {                                                           \
    const auto& ok_result = (expression);                        \
    EXPECT_TRUE(ok_result.ok()) << ok_result.error().ToString(); \
  } while (false)

inline std::unique_ptr<ProcessEnvManager> MakeProcessManager(SandboxMode mode,
                                                             const Path& scratch) {
  return std::make_unique<ProcessEnvManager>(
      ProcessEnvOptions{.sandbox = mode, .scratch = scratch});
}

inline TaskStatus WaitForEnd(EnvManager& manager, const std::string& id) {
  const auto deadline = std::chrono::steady_clock::now() + kPlenty;
  TaskStatus status = manager.Status(id);
  while (std::holds_alternative<Running>(status) && std::chrono::steady_clock::now() < deadline) {
    manager.WaitForChange(std::chrono::milliseconds(1000));
    status = manager.Status(id);
  }
  return status;
}

inline void WaitForText(EnvManager& manager, const Path& file, std::string_view text) {
  const auto deadline = std::chrono::steady_clock::now() + kPlenty;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto content = os::ReadFile(file);
    if (content.ok() && content->find(text) != std::string::npos) return;
    manager.WaitForChange(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << file << " never said '" << text << "'";
}

}  // namespace vlmhb::env
