#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "exporter/accounting/record.hpp"

namespace ipw::web {

// What is known about the power while a query ran.
struct PowerHistory {
  bool known{false};              // at least a part of the curve is
  std::optional<WallTime> since;  // from when on there is a history; nothing without any power source
};

// The content of the page of one attempt. `same` are the attempts of the same query, its own among them.
std::string query_html(const AttemptRecord& record, const std::vector<AttemptRecord>& same,
                       const PowerHistory& history);

// Its times as a bar and a table: scheduled, sent, first token, first token of the answer, last token.
std::string query_times_html(const AttemptRecord& record);
// What it drew, by scope.
std::string query_energy_html(const AttemptRecord& record);
// Attempts as rows with links to their pages.
std::string attempts_table(const std::string& name, const std::vector<AttemptRecord>& records);

}  // namespace ipw::web
