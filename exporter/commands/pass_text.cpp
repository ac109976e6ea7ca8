#include "exporter/commands/pass_text.hpp"

#include <algorithm>
#include <map>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/table.hpp"
#include "exporter/statistics/quantile.hpp"

namespace ipw {
namespace {

// Of seconds; what is not known of so few says how many it takes.
std::string quantile_text(const std::vector<double>& values, double q) {
  const auto found = quantile(values, q);
  return found ? figure(*found) + " s" : "- (needs " + std::to_string(values_for_quantile(q)) + " answers)";
}

std::string ratio(double numerator, double denominator) {
  return denominator > 0 ? figure(numerator / denominator) : "-";
}

std::string accuracy_text(const PassSummary& pass) {
  const auto n = static_cast<double>(pass.queries());
  if (pass.queries() == 0) return "-";
  const auto bounds = wilson(pass.score(), n);
  return percent(pass.score() / n) + " (" + percent(bounds.lower) + " to " + percent(bounds.upper) + ")";
}

template <class Counts, class Kind>
void add_counts(Table& table, const Counts& counts, Kind) {
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) table.add({"  " + std::string(to_text(static_cast<Kind>(i))), std::to_string(counts[i])});
}

void add_energy(Table& table, const PassSummary& pass) {
  for (const auto& [labels, metered] : pass.metered()) {
    const auto n = static_cast<double>(metered.queries);
    const auto name = std::string(to_text(labels.first)) + ", " + std::string(to_text(labels.second));
    table.add({"energy (" + name + ")",
               figure(metered.energy.value) + " J over " + std::to_string(metered.queries) + " queries"});
    table.add({"  joules per query", ratio(metered.energy.value, n)});
    table.add({"  IPJ, correct per joule", ratio(metered.score, metered.energy.value)});
    table.add({"  IPW, per query", ratio(metered.score, metered.watts)});
    table.add({"  IPW, over time", metered.seconds.value > 0 && n > 0
                                       ? ratio(metered.score / n, metered.energy.value / metered.seconds.value)
                                       : "-"});
  }
  if (pass.metered().empty()) table.add({"energy", "not metered"});
}

}  // namespace

std::string pass_text(const Plan& plan, const std::vector<PassSummary>& passes, const TerminalStyle& style) {
  std::string text;
  for (std::size_t i = 0; i < passes.size(); ++i) {
    const auto& info = plan.targets[i].ledger.info;
    const auto& pass = passes[i];
    Table table({"target " + info.name, info.model + " on " + info.accelerator + ", corpus " + info.corpus});
    table.add({"queries", std::to_string(pass.queries())});
    add_counts(table, pass.outcomes(), replay::Outcome::ok);
    table.add({"accuracy (95 %)", accuracy_text(pass)});
    add_counts(table, pass.verdicts(), replay::VerdictKind::correct);
    table.add({"time to first token, median", quantile_text(pass.first_tokens, 0.5)});
    table.add({"time to first token, p99", quantile_text(pass.first_tokens, 0.99)});
    table.add({"duration, median", quantile_text(pass.durations, 0.5)});
    table.add({"duration, p99", quantile_text(pass.durations, 0.99)});
    table.add({"tokens in, out", std::to_string(pass.input_tokens) + ", " + std::to_string(pass.output_tokens)});
    add_energy(table, pass);
    text += table.text(style) + "\n";
  }
  return text;
}

std::string failure_text(const Snapshot& snapshot) {
  std::map<std::string, int> reasons;
  for (const auto& target : snapshot.targets)
    for (const auto& failure : target.recent_failures)
      ++reasons[std::string(to_text(failure.outcome)) + ", " + failure.outcome_reason];
  const auto commonest = std::ranges::max_element(reasons, {}, [](const auto& entry) { return entry.second; });
  return commonest == reasons.end() ? "no reason was recorded" : commonest->first;
}

}  // namespace ipw
