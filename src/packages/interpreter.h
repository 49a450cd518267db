#pragma once
// Which Python packages are for.

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::packages {

struct Interpreter {
  std::string version;         // "3.11.2"
  std::string implementation;  // "cpython"
  std::string abi;             // "cpython-311-x86_64-linux-gnu"; "" if it has no name for it
  std::string platform;        // "linux-x86_64"
  // What a layer depends on besides, and a lock does not: its path and the C library.
  std::string system;

  // "cpython 3.11 on linux-x86_64 (cpython-311-x86_64-linux-gnu)": all that a lock depends on.
  std::string Kind() const;
};

// The members "python", "implementation", "abi", "platform", and "system" if it is not empty.
json::object InterpreterToJson(const Interpreter& interpreter);
// kCorrupt unless it names a version, an implementation and a platform.
Result<Interpreter> InterpreterFromJson(const json::object& object);

// A program for `python3 -c` that prints this object about itself.
extern const char* const kDescribeInterpreter;

}  // namespace vlmhb::packages
