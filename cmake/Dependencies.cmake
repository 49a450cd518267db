# Debian 12's packages (scripts/packages.txt), static where they go into vlmhb.
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(Threads REQUIRED)
find_path(YAML_CPP_INCLUDE yaml-cpp/yaml.h REQUIRED)
find_library(YAML_CPP_LIBRARY libyaml-cpp.a REQUIRED)
find_library(UTF8PROC_LIBRARY libutf8proc.a REQUIRED)
find_library(CRYPTO_LIBRARY libcrypto.a REQUIRED)

add_library(dep_json INTERFACE)
target_link_libraries(dep_json INTERFACE Boost::json)
add_library(dep_yaml INTERFACE)
target_include_directories(dep_yaml SYSTEM INTERFACE ${YAML_CPP_INCLUDE})
target_link_libraries(dep_yaml INTERFACE ${YAML_CPP_LIBRARY})
add_library(dep_unicode INTERFACE)
target_compile_definitions(dep_unicode INTERFACE UTF8PROC_STATIC)
target_link_libraries(dep_unicode INTERFACE ${UTF8PROC_LIBRARY})
add_library(dep_crypto INTERFACE)
target_link_libraries(dep_crypto INTERFACE ${CRYPTO_LIBRARY})
# Asio and Beast are header-only; Boost.URL is compiled.
add_library(dep_asio INTERFACE)
target_link_libraries(dep_asio INTERFACE Boost::url Threads::Threads)
# GCC 12 takes Asio's pairs of coroutine allocation functions for mismatched ones when it optimises.
target_compile_options(dep_asio INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
target_compile_definitions(dep_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_CONCEPTS)

if(VLMHB_TESTS)
  find_package(GTest REQUIRED)
endif()
