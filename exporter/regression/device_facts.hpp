#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>

#include "exporter/accounting/snapshot.hpp"
#include "exporter/regression/epoch.hpp"

namespace ipw {

// What decides how much work these devices do with a joule, as their driver says: `driver`, `power_cap_watts`,
// `partition`. Of several devices that differ, all values.
Facts facts_of(std::span<const DeviceSnapshot> devices, const std::set<std::string>& ids);

// A power cap may follow the temperature, up and down: facts count once they have stayed the same for a while. The
// first ones count at once. One thread.
class SteadyFacts {
 public:
  static constexpr std::chrono::seconds kSteady{30};
  // The facts, when they are new and count.
  std::optional<Facts> see(Facts facts, MonoTime now);

 private:
  Facts counted_, seen_;
  MonoTime since_{};
};

}  // namespace ipw
