#include "exporter/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace ipw {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The fields of /proc/self/stat after the command's name, which may hold spaces and brackets: the first is field 3.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double start_time(const std::string& ticks_after_boot) {
  double uptime = 0;
  std::ifstream("/proc/uptime") >> uptime;
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return now - uptime + std::stod(ticks_after_boot) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessSnapshot read_process() {
  ProcessSnapshot process;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) process.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) process.max_fds = files.rlim_cur;
  std::error_code failed;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", failed), end; !failed && fd != end; fd.increment(failed))
    ++process.open_fds;

  constexpr std::size_t kStartTime = 22 - 3, kVirtual = 23 - 3, kResident = 24 - 3;  // proc(5) counts from 1
  const auto fields = stat_fields();
  if (fields.size() <= kResident) return process;
  static const double started = start_time(fields[kStartTime]);
  process.start_time = started;
  process.virtual_bytes = std::stoull(fields[kVirtual]);
  process.resident_bytes = std::stoull(fields[kResident]) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return process;
}

}  // namespace ipw
