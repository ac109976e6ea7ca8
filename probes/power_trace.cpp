#include "probes/power_trace.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace ipw::probes {
namespace {

constexpr std::size_t kLongestLine = 1U << 20U;

PowerTraceValue value_of(const StampedReading& reading, MonoTime begun) {
  PowerTraceValue made;
  made.energy = std::holds_alternative<Joules>(reading.value);
  made.value = std::visit([](auto quantity) { return quantity.value; }, reading.value);
  made.stamp = between(begun, reading.at);
  if (!made.energy || !reading.power) return made;
  const double watts = reading.power->value.value;
  if (!std::isfinite(watts) || watts < 0) return made;
  made.power = reading.power->value;
  made.power_stamp = between(begun, reading.power->at);
  return made;
}

Result<PowerTraceValue> entry_of(const Result<StampedReading>& reading, MonoTime begun) {
  if (!reading) return reading.error();
  auto made = value_of(*reading, begun);
  if (!std::isfinite(made.value) || made.value < 0)
    return Error{Errc::invalid, "the source gave a value that is impossible"};
  return made;
}

}  // namespace

Result<PowerTraceWriter> PowerTraceWriter::create(const std::filesystem::path& path, std::span<const Channel> channels,
                                                  MonoTime begun) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file)
    return Error{Errc::unavailable,
                 path.string() + ": it cannot be written: " + std::strerror(errno != 0 ? errno : EIO)};
  PowerTraceWriter writer(path, std::move(file), channels.size(), begun);
  if (auto ok = writer.write(trace_header(channels)); !ok) return ok.error();
  return writer;
}

Result<void> PowerTraceWriter::add(MonoTime at, std::span<const Result<StampedReading>> readings, std::size_t first) {
  PowerTraceLine line{std::max(between(begun_, at), Seconds{0}), {}};
  line.entries.resize(channels_);
  for (std::size_t i = 0; i < readings.size() && first + i < channels_; ++i) {
    auto entry = entry_of(readings[i], begun_);
    if (entry) line.at = std::max({line.at, entry->stamp, entry->power_stamp});
    line.entries[first + i] = std::move(entry);
  }
  return write(trace_line(line));
}

Result<void> PowerTraceWriter::write(const std::string& line) {
  errno = 0;
  file_ << line << '\n' << std::flush;
  if (file_) return {};
  return Error{Errc::unavailable,
               path_.string() + ": it cannot be written: " + std::strerror(errno != 0 ? errno : EIO)};
}

std::string PowerTrace::place() const {
  return path_.string() + ":" + std::to_string(line_number_);
}

Error PowerTrace::wrong(const std::string& message) const {
  return {Errc::invalid, place() + ": " + message};
}

Result<PowerTrace> PowerTrace::open(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return Error{Errc::invalid, path.string() + ": this is a folder"};
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Error{Errc::invalid, path.string() + ": it cannot be read: " + std::strerror(errno != 0 ? errno : EIO)};
  PowerTrace trace(path, std::move(file));
  const auto there = trace.read_line();
  if (!there) return there.error();
  if (!*there) return trace.wrong("the file is empty");
  auto channels = parse_trace_header(trace.line_);
  if (!channels) return trace.wrong(channels.error().message);
  trace.channels_ = std::move(*channels);
  trace.energy_.resize(trace.channels_.size());
  trace.first_reading_ = trace.file_.tellg();
  trace.header_lines_ = trace.line_number_;
  return trace;
}

// False at the end.
Result<bool> PowerTrace::read_line() {
  do {
    line_.clear();
    ++line_number_;
    ended_ = false;
    for (int c = file_.get(); c != '\n'; c = file_.get()) {
      ended_ = c == std::ifstream::traits_type::eof();
      if (ended_) break;
      line_ += static_cast<char>(c);
      if (line_.size() > kLongestLine) return wrong("the line is longer than 1 MiB");
    }
  } while (line_.empty() && !ended_);
  return !line_.empty();
}

Result<std::optional<PowerTraceLine>> PowerTrace::next() {
  const auto there = read_line();
  if (!there) return there.error();
  if (!*there) return std::optional<PowerTraceLine>();
  auto line = parse_trace_line(line_, channels_.size());
  if (!line && ended_) return std::optional<PowerTraceLine>();  // cut off while it was written
  if (!line) return wrong(line.error().message);
  if (auto ok = check(*line); !ok) return ok.error();
  return std::optional(std::move(*line));
}

Result<void> PowerTrace::check(const PowerTraceLine& line) {
  if (line.at < last_at_) return wrong("`at` goes back in time");
  last_at_ = line.at;
  for (std::size_t i = 0; i < line.entries.size(); ++i) {
    const auto& entry = line.entries[i];
    if (!entry || !*entry) continue;
    const bool energy = (*entry)->energy;
    if (energy_[i].value_or(energy) != energy)
      return wrong("channel `" + channels_[i].name + "` has shown joules and watts");
    energy_[i] = energy;
  }
  return {};
}

void PowerTrace::rewind() {
  file_.clear();
  file_.seekg(first_reading_);
  line_number_ = header_lines_;
  last_at_ = Seconds{0};
}

}  // namespace ipw::probes
