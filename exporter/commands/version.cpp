#include <fmt/core.h>
#include <httplib.h>
#include <sqlite3.h>
#include <zlib.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "exporter/commands/commands.hpp"
#include "exporter/version.hpp"

namespace ipw {

int version_command() {
  std::printf("ipw-sidecar %s (commit %s, %s)\n", kVersion, kCommit, kCompiler);
  std::printf("cpp-httplib %s, nlohmann-json %d.%d.%d, sqlite %s, zlib %s, fmt %d.%d.%d\n", CPPHTTPLIB_VERSION,
              NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH,
              sqlite3_libversion(), zlibVersion(), FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  return kSuccess;
}

}  // namespace ipw
