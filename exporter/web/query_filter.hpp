#pragma once

#include <cstddef>

#include "base/quantity_text.hpp"
#include "base/result.hpp"
#include "exporter/store/journal.hpp"
#include "exporter/web/http_server.hpp"

namespace ipw::web {

// Only these parameters are accepted. Errors: invalid, and which are.
Result<void> check_names(const Request& request, const std::vector<std::string_view>& known);
// A whole number within a range. Errors: invalid.
Result<std::int64_t> integer(const Request& request, const std::string& name, std::int64_t fallback,
                             Range<std::int64_t> range);
// ?target=&verdict=&outcome=&limit=. Errors: invalid, for an unknown name or value.
Result<QueryFilter> query_filter(const Request& request, std::size_t fallback_limit);

}  // namespace ipw::web
