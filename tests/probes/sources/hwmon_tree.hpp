#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "probes/power_source.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::testing {

// A copy of one of testdata/sysfs, links kept as links, that a test changes; or an empty tree that it fills.
class HwmonTree {
 public:
  HwmonTree() = default;
  explicit HwmonTree(const std::string& fixture) {
    namespace fs = std::filesystem;
    fs::copy(testdata() / "sysfs" / fixture, root(), fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  }

  const std::filesystem::path& root() const { return folder_.path(); }

  // Replaces a file whole, as no reader may see half of one.
  void put(const std::string& file, const std::string& text) const {
    const auto path = root() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path.string() + ".new") << text << "\n";
    std::filesystem::rename(path.string() + ".new", path);
  }
  void put(const std::string& file, double number) const { put(file, std::to_string(std::llround(number))); }
  void erase(const std::string& path) const { std::filesystem::remove_all(root() / path); }
  // A folder in the place of a file: reading it fails as an I/O error does.
  void break_file(const std::string& file) const {
    erase(file);
    std::filesystem::create_directories(root() / file);
  }
  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories((root() / path).parent_path());
    std::filesystem::create_symlink(target, root() / path);
  }
  void deny(const std::string& file) const {
    ::chmod(root().c_str(), 0755);
    ::chmod((root() / file).c_str(), 0);
  }

  Result<std::unique_ptr<probes::PowerSource>> open(const std::string& source, const std::string& options = "") const {
    auto given = options_from(options);
    return probes::power_sources().find(source)->open(given, {root(), &clock});
  }

  FakeClock clock;

 private:
  TemporaryFolder folder_;
};

// Root may read anything: while this lives, the test is nobody.
class AsNobody {
 public:
  AsNobody() : was_root_(::geteuid() == 0) {
    if (was_root_) {
      EXPECT_EQ(::seteuid(65534), 0);
    }
  }
  ~AsNobody() {
    if (was_root_) {
      EXPECT_EQ(::seteuid(0), 0);
    }
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool was_root_;
};

inline std::vector<std::string> described(const probes::PowerSource& source) {
  std::vector<std::string> all;
  for (const auto& c : source.channels())
    all.push_back(c.name + " " + std::string(probes::to_text(c.domain)) + " " + c.device.id +
                  (c.parent.empty() ? "" : " in " + c.parent));
  return all;
}

// The watts or joules of a reading; not a number where it has none, so that no comparison holds.
inline double value(const Result<probes::StampedReading>& reading) {
  if (!reading) return std::numeric_limits<double>::quiet_NaN();
  return std::visit([](auto quantity) { return quantity.value; }, reading->value);
}

// What may become of a sensor's file, and what a source must say then.
struct SensorFault {
  const char* name;
  const char* content;  // nullptr: see `name`
  Errc code;
  const char* message;
};
inline const std::vector<SensorFault>& sensor_faults() {
  static const std::vector<SensorFault> kFaults{
      {"garbage", "N/A", Errc::invalid, "expected a number, got `N/A`"},
      {"empty", "", Errc::invalid, "expected a number, got ``"},
      {"not finite", "inf", Errc::invalid, "expected a number, got `inf`"},
      {"two numbers", "12 13", Errc::invalid, "expected a number, got `12 13`"},
      {"gone", nullptr, Errc::unavailable, "it does not exist (any more)"},
      {"broken", nullptr, Errc::retry, "Is a directory"},
  };
  return kFaults;
}

// Inflicts `fault` upon `file` of an open source and expects channel `index` to tell of it, and no other. `mend` is a
// content with which it reads again.
inline void expect_fault_told(const HwmonTree& tree, probes::PowerSource& source, const std::string& file,
                              std::size_t index, const std::string& mend) {
  for (const auto& fault : sensor_faults()) {
    SCOPED_TRACE(std::string(fault.name) + " " + file);
    if (fault.content != nullptr)
      tree.put(file, fault.content);
    else if (std::string(fault.name) == "gone")
      tree.erase(file);
    else
      tree.break_file(file);
    const auto readings = source.read();
    ASSERT_FALSE(readings[index]);
    EXPECT_EQ(readings[index].error().code, fault.code);
    EXPECT_THAT(readings[index].error().message, ::testing::HasSubstr(fault.message));
    EXPECT_THAT(readings[index].error().message, ::testing::HasSubstr(file));
    for (std::size_t i = 0; i < readings.size(); ++i) EXPECT_TRUE(i == index || readings[i]) << i;
    if (std::string(fault.name) == "broken") tree.erase(file);
    tree.put(file, mend);
    EXPECT_TRUE(source.read()[index]) << "it is back";
  }
}

}  // namespace ipw::testing
