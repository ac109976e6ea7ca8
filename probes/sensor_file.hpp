#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace ipw::probes {

// One small file of /sys or /proc that is read over and over: kept open and read from its start. A failure closes it
// and the next reading opens it anew; so does a file that was replaced or removed (a bind mount's or a test's may be,
// and the open one would then show its last value for ever). Not thread-safe.
class SensorFile {
 public:
  explicit SensorFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~SensorFile();
  SensorFile(SensorFile&& other) noexcept;
  SensorFile& operator=(SensorFile&&) = delete;

  // The first bytes of the file, valid until the next call. Errors: unavailable (gone, no permission: the message says
  // what would help), retry (the device did not answer). Each names the path.
  Result<std::string_view> read() &;
  // The file's only number. Errors: as read(), and invalid, when it is none.
  Result<double> number();

  const std::filesystem::path& path() const { return path_; }

 private:
  Result<void> open();
  void close();
  bool was_replaced() const;
  Error failed(int reason);

  std::filesystem::path path_;
  int fd_{-1};
  std::array<char, 512> buffer_;
};

}  // namespace ipw::probes
