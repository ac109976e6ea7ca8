#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/power_source.hpp"

namespace ipw::probes::sources {

// The parts of Apple silicon that have energy counters, in the order of the channels.
enum class ApplePart { cpu, gpu, ane, dram };
constexpr std::size_t kAppleParts = 4;

// Of `parts` that are there: one channel each, and before them "soc", their sum, which contains them: the accelerator
// of such a machine. `model` is what the system calls the chip.
std::vector<Channel> apple_channels(std::span<const ApplePart> parts, std::string_view model);

// A counter of IOReport's group "Energy Model".
struct AppleCounter {
  std::string name, unit;
};
// Its figure, in its unit, and how long ago its driver wrote it; no age where the driver does not say.
struct AppleValue {
  std::int64_t value{0};
  std::optional<Seconds> age;
};

// "mJ", "uJ", "nJ" to joules; nothing for others.
std::optional<double> apple_unit(std::string_view label);

// What the counters of an Apple chip add up to. The group has hundreds of names, clusters and cores beside their sums,
// so a part is only ever read from its coarsest counters: "CPU Energy", else "DIE_0_CPU Energy" and so on (Ultra
// chips); "GPU Energy", else "GPU0"...; "ANE", else "ANE0"..., else "ANE0_0"...; "DRAM" as ANE. Counters in millijoules
// are published every one to two seconds, so a reading is stamped with the oldest time of its counters. Pure; one
// thread.
class AppleSoc {
 public:
  // Errors: unavailable, when there is no counter for CPU or GPU; invalid, for a unit that is not known.
  static Result<AppleSoc> from(std::span<const AppleCounter> counters, std::string_view model);

  std::span<const Channel> channels() const { return channels_; }
  // `value_of` gives the figure of the counter at an index of `counters`. One reading per channel. Errors: those of
  // value_of; unavailable, when a counter has not been written for 10 s; invalid, when it is negative.
  std::vector<Result<StampedReading>> read(const std::function<Result<AppleValue>(std::size_t)>& value_of,
                                           MonoTime now);

 private:
  struct Term {
    std::size_t counter;
    double factor;
    std::string name;
  };
  using Sum = std::vector<Term>;
  static Result<StampedReading> sum_of(const Sum& sum, const std::function<Result<AppleValue>(std::size_t)>& value_of,
                                       MonoTime now);

  std::vector<Channel> channels_;
  std::vector<Sum> sums_;  // by channel, without the first
  std::vector<MonoTime> last_;
};

}  // namespace ipw::probes::sources
