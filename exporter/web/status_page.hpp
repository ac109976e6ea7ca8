#pragma once

#include <string>

#include "exporter/accounting/snapshot.hpp"
#include "exporter/web/http_server.hpp"

namespace ipw::web {

// The page at `/`: a snapshot for people, complete without scripts; a small script fetches it again every two seconds.
Response status_page(const Snapshot& snapshot, const std::string& demo_notice);

}  // namespace ipw::web
