#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/web/http_server.hpp"

namespace ipw::web {

// The files of the pages, compiled in. Their addresses carry a digest of their content, so that a browser keeps them
// for good and never shows an old one; without it they are served too, and not kept.

// REQUIRES: `name` is one of the files, such as "page.css".
std::string static_address(std::string_view name);
// /static/NAME for each.
std::vector<Route> static_routes();

}  // namespace ipw::web
