#pragma once
// CHECK(condition, "why it must hold"): for programmer errors only, always on,
// aborts with the place. Never on anything that comes from outside.

#include <cstdio>
#include <cstdlib>

#define CHECK(condition, why)                                                                     \
  do {                                                                                            \
    if (!(condition)) {                                                                           \
      std::fprintf(stderr, "%s:%d: CHECK(%s) failed: %s\n", __FILE__, __LINE__, #condition, why); \
      std::abort();                                                                               \
    }                                                                                             \
  } while (false)
