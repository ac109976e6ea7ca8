#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_nvml/fake_power.hpp"

namespace ipw::testing::fake_nvml {

struct Fault {
  std::string kind;
  double from{0}, to{std::numeric_limits<double>::infinity()};
  int code{0};
  double ms{0};
  std::optional<double> watts{}, millijoules{};

  bool holds(double t) const { return from <= t && t < to; }
};

struct Board {
  std::string uuid, name{"NVIDIA H200"};
  Waveform power;
  Counter counter;
  Rhythm instant{0.1, 0, 0.025, 1}, average{0.1, 0, 1, 1};
  double module_watts{0}, limit_watts{700}, max_watts{700};
  unsigned mhz{1980}, max_mhz{1980}, application_mhz{1980};
  unsigned long long reasons{4};
  std::optional<std::vector<std::string>> mig;
  std::set<std::string, std::less<>> supports{"energy_field", "energy_call", "instant", "average",
                                              "limit",        "clock",       "reasons", "mig"};
  int energy_type{3}, power_type{1};  // nvmlValueType_t
  std::string stamps{"call"};
  double stamps_off{0};
  int hidden{0};
  unsigned architecture{9};
  bool is_mig{false};
  std::vector<Fault> faults;

  const Fault* fault(std::string_view kind, double t) const;
};

struct Script {
  std::string driver{"580.65.06"};
  std::optional<double> wall;
  std::vector<Fault> reloads, inits;
  std::vector<Board> boards;
};

// The language that fake_nvml.hpp describes. On an error returns nothing and says what is wrong.
std::optional<Script> parse_script(const std::string& text, std::string& wrong);

}  // namespace ipw::testing::fake_nvml
