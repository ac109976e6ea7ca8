#pragma once

#include "exporter/web/http_server.hpp"
#include "exporter/web/pages.hpp"

namespace ipw::web {

// /queries: the latest attempts, with links that narrow them down (target, verdict, outcome).
Response queries_view(const PageSources& sources, const Request& request);
// /queries/ID: the page of one attempt.
Response query_view(const PageSources& sources, const Request& request);

}  // namespace ipw::web
