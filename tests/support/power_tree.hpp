#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/test_data.hpp"

namespace ipw::testing {

// A copy of one of testdata/sysfs whose energy counters a test advances. Files are replaced whole, as no reader may see
// half of one.
class PowerTree {
 public:
  explicit PowerTree(const std::string& fixture) {
    std::filesystem::copy(testdata() / "sysfs" / fixture, root(), std::filesystem::copy_options::recursive);
  }

  const std::filesystem::path& root() const { return folder_.path(); }
  std::filesystem::path zone(const std::string& folder) const { return root() / "sys" / "class" / "powercap" / folder; }

  void write(const std::filesystem::path& file, const std::string& text) const {
    const auto fresh = file.string() + ".new";
    std::ofstream(fresh) << text << "\n";
    std::filesystem::rename(fresh, file);
  }
  void set_joules(const std::string& folder, double joules) const {
    write(zone(folder) / "energy_uj", std::to_string(std::llround(joules * 1e6)));
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace ipw::testing
