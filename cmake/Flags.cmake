# One target that every library, program and test of ours links: language level, warnings, sanitizers, coverage.
add_library(ipw_flags INTERFACE)
target_compile_features(ipw_flags INTERFACE cxx_std_20)
target_include_directories(ipw_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ipw_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror>)

if(IPW_SANITIZE)
  target_compile_options(ipw_flags INTERFACE -fsanitize=${IPW_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(ipw_flags INTERFACE -fsanitize=${IPW_SANITIZE})
  # g++ 12 reports false positives of these two under sanitizers.
  target_compile_options(ipw_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-tsan>)
endif()
if(IPW_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "IPW_BUILD_FUZZERS needs clang: set CMAKE_CXX_COMPILER")
  endif()
  # Warnings are for the compiler that the project is built with.
  target_compile_options(ipw_flags INTERFACE -fsanitize=fuzzer-no-link -O1 -g -Wno-error)
endif()
if(IPW_COVERAGE)
  target_compile_options(ipw_flags INTERFACE --coverage)
  target_link_options(ipw_flags INTERFACE --coverage)
endif()

set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

find_program(IPW_CCACHE ccache)
if(IPW_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${IPW_CCACHE})
endif()
