# vlmhb_module(name DEPS base os dep_json ...)
#
# A module is src/<name>/: every *.cc is its library vlmhb_<name>, every *_test.cc its test program
# <name>_test. PCH: headers to precompile for this module instead of the common ones. DEPS without the prefix dep_ are other modules; ARCHITECTURE.md has the same table and
# tests/check_includes.py compares the #includes with it.
function(vlmhb_module name)
  cmake_parse_arguments(arg "" "" "DEPS;PCH" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(libraries vlmhb_flags)
  foreach(dep ${arg_DEPS})
    if(dep MATCHES "^dep_")
      list(APPEND libraries ${dep})
    else()
      list(APPEND libraries vlmhb_${dep})
    endif()
  endforeach()

  if(sources)
    add_library(vlmhb_${name} STATIC ${sources})
    target_link_libraries(vlmhb_${name} PUBLIC ${libraries})
    if(arg_PCH)
      target_precompile_headers(vlmhb_${name} PRIVATE ${arg_PCH})
    else()
      vlmhb_precompile(vlmhb_${name} "${arg_DEPS}")
    endif()
    set(libraries vlmhb_${name})
  endif()
  if(VLMHB_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${libraries} GTest::gmock GTest::gtest_main)
    target_compile_options(${name}_test PRIVATE -O0)  # what they test is optimised; they need not be
    vlmhb_precompile_test(${name}_test "${arg_DEPS}")
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()

# As vlmhb_precompile, with GoogleTest and without optimisation.
function(vlmhb_precompile_test target deps)
  set(pch vlmhb_pch_test)
  set(headers <gmock/gmock.h> <gtest/gtest.h> <map> <memory> <optional> <string> <vector> <fmt/format.h>
              <boost/json/value.hpp> <boost/json/array.hpp> <boost/json/object.hpp>)
  set(libraries vlmhb_flags dep_json GTest::gmock)
  if("dep_asio" IN_LIST deps)
    set(pch vlmhb_pch_test_asio)
    list(APPEND headers <boost/asio.hpp> <boost/beast/core.hpp> <boost/beast/http.hpp>)
    list(APPEND libraries dep_asio)
  endif()
  if(NOT TARGET ${pch})
    add_library(${pch} OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
    target_link_libraries(${pch} PUBLIC ${libraries})
    target_compile_options(${pch} PRIVATE -O0)
    target_precompile_headers(${pch} PRIVATE ${headers})
  endif()
  target_link_libraries(${target} PRIVATE dep_json)
  target_precompile_headers(${target} REUSE_FROM ${pch})
endfunction()

# One precompiled header for everything light, one for what uses Asio: each is built once and reused.
function(vlmhb_precompile target deps)
  if(NOT TARGET vlmhb_pch)
    file(WRITE ${CMAKE_BINARY_DIR}/pch.cc "")
    add_library(vlmhb_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
    target_link_libraries(vlmhb_pch PUBLIC vlmhb_flags dep_json)
    target_precompile_headers(vlmhb_pch PRIVATE <algorithm> <chrono> <filesystem> <functional>
      <map> <memory> <optional> <string> <string_view> <vector> <fmt/format.h>
      <boost/json/value.hpp> <boost/json/array.hpp> <boost/json/object.hpp>)
    add_library(vlmhb_pch_asio OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
    target_link_libraries(vlmhb_pch_asio PUBLIC vlmhb_flags dep_json dep_asio)
    target_precompile_headers(vlmhb_pch_asio PRIVATE <algorithm> <chrono> <filesystem>
      <functional> <map> <memory> <optional> <string> <string_view> <vector> <fmt/format.h>
      <boost/json/value.hpp> <boost/json/array.hpp> <boost/json/object.hpp>
      <boost/asio.hpp> <boost/beast/core.hpp> <boost/beast/http.hpp>)
  endif()
  if("dep_asio" IN_LIST deps)
    target_link_libraries(${target} PRIVATE dep_json)
    target_precompile_headers(${target} REUSE_FROM vlmhb_pch_asio)
  else()
    target_precompile_headers(${target} REUSE_FROM vlmhb_pch)
  endif()
endfunction()
