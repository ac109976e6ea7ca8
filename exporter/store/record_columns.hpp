#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How a record lies in the rows of the journal: what its writer and its reader must agree on.

namespace ipw {

// The columns of the table `attempts` that a record fills, in the order in which it is written and read; what a journal
// of an older version lacks is NULL.
std::string record_columns(std::int64_t version);

constexpr std::string_view kEnergyColumns =
    "scope, quality, validity, gross_j, active_j, prefill_j, decode_j, sd_j, mean_power_w, busy_s";

// Names and values as one text.
std::string slices_text(const std::vector<std::pair<std::string, std::string>>& slices);
std::vector<std::pair<std::string, std::string>> slices_of(std::string_view text);

}  // namespace ipw
