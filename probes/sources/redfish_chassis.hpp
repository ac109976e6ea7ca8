#pragma once

#include <string>
#include <vector>

#include "base/options.hpp"
#include "probes/sources/redfish_service.hpp"

namespace ipw::probes::sources {

// One resource to get, and the numbers in it, as JSON pointers.
struct RedfishNumbers {
  std::string path;
  std::vector<std::string> pointers;
};

// A chassis that measures its power, and how that is read: the sum of all numbers, in watts. Where it counts joules as
// well, those stand in the first resource.
struct RedfishChassis {
  std::string id, type, model;
  std::vector<RedfishNumbers> power;
  std::string energy;
};

// Every chassis of the service that shows power: its EnvironmentMetrics, else what its power supplies take in, else the
// older Power resource. Errors: unavailable, when none does, or the service does not answer.
Result<std::vector<RedfishChassis>> find_redfish_chassis(RedfishService& service);

// The one that is meant: `wanted` by its id; without, the only one, or the only one that is no part of another machine.
// Errors: invalid, with `place`, when there is no such one or several can be meant: it lists them.
Result<RedfishChassis> choose_redfish_chassis(const std::vector<RedfishChassis>& found, const std::string& wanted,
                                              const std::string& place);

}  // namespace ipw::probes::sources
