#include "probes/sensor_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include "base/text.hpp"

namespace ipw::probes {

SensorFile::~SensorFile() {
  close();
}

SensorFile::SensorFile(SensorFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), buffer_(other.buffer_) {}

Result<void> SensorFile::open() {
  if (fd_ >= 0 && was_replaced()) close();
  if (fd_ >= 0) return {};
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return failed(errno);
  return {};
}

void SensorFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool SensorFile::was_replaced() const {
  struct stat ours {
  }, theirs{};
  if (::fstat(fd_, &ours) != 0 || ::stat(path_.c_str(), &theirs) != 0) return true;
  return ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

Result<std::string_view> SensorFile::read() & {
  if (auto ok = open(); !ok) return ok.error();
  ssize_t size = 0;
  do size = ::pread(fd_, buffer_.data(), buffer_.size(), 0);
  while (size < 0 && errno == EINTR);
  if (size < 0) return failed(errno);
  return std::string_view(buffer_.data(), static_cast<std::size_t>(size));
}

Result<double> SensorFile::number() {
  const auto read_text = read();
  if (!read_text) return read_text.error();
  const auto text = trim(*read_text);
  double value = 0;
  const auto end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && rest == end && std::isfinite(value)) return value;
  return Error{Errc::invalid, path_.string() + ": expected a number, got `" + shortened(text, 40) + "`"};
}

Error SensorFile::failed(int reason) {
  close();
  const auto path = path_.string();
  switch (reason) {
    case EACCES:
    case EPERM:
      return {Errc::unavailable, path + ": no permission to read it: run as root, or give this user read access to it"};
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
      return {Errc::unavailable, path + ": it does not exist (any more)"};
    case ENODATA:
      return {Errc::retry, path + ": the sensor has no data (virtual machines often show a sensor that gives none)"};
    default:
      return {Errc::retry, path + ": " + std::generic_category().message(reason)};
  }
}

}  // namespace ipw::probes
