#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "probes/power_source.hpp"
#include "probes/power_trace_line.hpp"

namespace ipw::probes {

// Writes a recording (power_trace_line.hpp), line by line, each handed to the system at once: what is written outlives
// a crash. One thread.
class PowerTraceWriter {
 public:
  // Errors: unavailable, when the file cannot be written; it is replaced if it is there. Names are the caller's to make
  // unique; `begun` is the zero of all times.
  static Result<PowerTraceWriter> create(const std::filesystem::path& path, std::span<const Channel> channels,
                                         MonoTime begun);

  // What the channels from `first` on gave at `at`; the others get null. REQUIRES: `at` does not go back. Errors:
  // unavailable, when the file cannot be written (any more).
  Result<void> add(MonoTime at, std::span<const Result<StampedReading>> readings, std::size_t first = 0);

 private:
  PowerTraceWriter(std::filesystem::path path, std::ofstream file, std::size_t channels, MonoTime begun)
      : path_(std::move(path)), file_(std::move(file)), channels_(channels), begun_(begun) {}
  Result<void> write(const std::string& line);

  std::filesystem::path path_;
  std::ofstream file_;
  std::size_t channels_;
  MonoTime begun_;
};

// Reads one, a line at a time: its length does not matter. One thread.
class PowerTrace {
 public:
  // Reads the header. Errors: invalid, as FILE:LINE: message.
  static Result<PowerTrace> open(const std::filesystem::path& path);

  // As they were recorded.
  std::span<const Channel> channels() const { return channels_; }
  // Nothing at the end; a last line that was cut off while it was written is none. Errors: invalid, as FILE:LINE:
  // message; also when time goes back, or a channel's kind changes.
  Result<std::optional<PowerTraceLine>> next();
  // Back to the first line of readings.
  void rewind();
  // FILE:LINE of the line last read.
  std::string place() const;

 private:
  PowerTrace(std::filesystem::path path, std::ifstream file) : path_(std::move(path)), file_(std::move(file)) {}
  Error wrong(const std::string& message) const;
  Result<bool> read_line();
  Result<void> check(const PowerTraceLine& line);

  std::filesystem::path path_;
  std::ifstream file_;
  std::string line_;
  int line_number_{0}, header_lines_{0};
  bool ended_{false};  // the line last read has no end
  std::streampos first_reading_{};
  std::vector<Channel> channels_;
  std::vector<std::optional<bool>> energy_;  // by channel: the kind that it has shown
  Seconds last_at_{0};
};

}  // namespace ipw::probes
