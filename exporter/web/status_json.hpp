#pragma once

#include <string>

#include "exporter/accounting/snapshot.hpp"

namespace ipw::web {

struct ServiceState {
  bool ready{false};
  std::string demo_notice;  // "" : not the demo
};

// A snapshot as /api/v1/status and /api/v1/targets show it: JSON; what is unknown is null.
std::string status_json(const Snapshot& snapshot, const ServiceState& service);
std::string targets_json(const Snapshot& snapshot);

}  // namespace ipw::web
