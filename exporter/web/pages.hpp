#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/published.hpp"
#include "base/time.hpp"
#include "exporter/accounting/snapshot.hpp"
#include "exporter/store/journal.hpp"
#include "exporter/web/http_server.hpp"
#include "probes/rig.hpp"

namespace ipw::web {

// What the pages show. Everything outlives the server.
struct PageSources {
  const Published<Snapshot>* snapshots{nullptr};
  const Journal* journal{nullptr};       // may be null
  const probes::Rig* rig{nullptr};       // may be null
  WallAnchor anchor{WallAnchor::now()};  // the one by which records are stamped
  std::function<bool()> ready;           // readiness: sources opened, replayers running
  std::string config_text;               // secrets removed
  std::string demo_notice;               // "" unless this is the demo: what answers, and how power is known
};

// /metrics /-/healthy /-/ready / /queries /queries/* /static/* /api/v1/status /api/v1/targets /api/v1/queries
// /api/v1/queries/* /api/v1/power /api/v1/config  (CONTRACT, "HTTP").
std::vector<Route> pages(PageSources sources);

}  // namespace ipw::web
