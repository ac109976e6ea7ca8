#pragma once

#include "exporter/web/http_server.hpp"
#include "exporter/web/pages.hpp"

namespace ipw::web {

// /api/v1/queries?target=&verdict=&outcome=&limit= : {"queries": [record, ...]}, newest first.
Response queries_page(const PageSources& sources, const Request& request);

// /api/v1/queries/ID : the record of one attempt, and under `power_samples` what its window's meters showed, where the
// history still has it: [seconds since it was sent, watts], stamped at the middle of the stretch that they are the mean
// of.
Response query_page(const PageSources& sources, const Request& request);

// /api/v1/power?seconds= : the recent power of every channel, [Unix seconds, watts], stamped likewise.
Response power_page(const PageSources& sources, const Request& request);

}  // namespace ipw::web
