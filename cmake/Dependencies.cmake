# Third-party libraries, each linked only by the module that may use it (ARCHITECTURE.md, "Fences").
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)

# yaml-cpp named its target `yaml-cpp` up to 0.7 and `yaml-cpp::yaml-cpp` from 0.8 on.
find_package(yaml-cpp CONFIG REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# cpp-httplib's compiled library is ABI-sensitive to its feature macros: pkg-config carries the right ones.
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

# The charts of the status page and of the report, embedded (MIT licence; their own first line says so).
find_path(DYGRAPHS_FOLDER dygraph.min.js PATH_SUFFIXES share/javascript/dygraphs REQUIRED)
