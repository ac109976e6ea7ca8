#pragma once

#include <string>
#include <string_view>

#include "exporter/accounting/record.hpp"

namespace ipw {

// A record as the contract writes it: one JSON object on one line; what is unknown is null.
std::string to_json(const AttemptRecord& record);
// The columns of the contract, in its order, for `export --format csv` (RFC 4180). Nested scopes become columns such as
// `node_energy_gross_j`.
std::string csv_header();
std::string to_csv(const AttemptRecord& record);

}  // namespace ipw
