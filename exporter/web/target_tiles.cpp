#include "exporter/web/target_tiles.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/accounting/statistics.hpp"
#include "exporter/web/html.hpp"

namespace ipw::web {
namespace {

constexpr std::string_view kWindow = "24h";

// One figure with its caption, and in small what bounds or qualifies it.
std::string tile(std::string_view caption, const std::string& value, const std::string& note = "") {
  return fmt::format("<div class=tile><dt>{}</dt><dd>{}</dd>{}</div>\n", caption, value,
                     note.empty() ? "" : "<dd class=note>" + note + "</dd>");
}

const WindowFigures* last_day(const TargetSnapshot& target) {
  if (!target.windows) return nullptr;
  const auto found = std::ranges::find(*target.windows, kWindow, &WindowFigures::window);
  return found == target.windows->end() ? nullptr : &*found;
}

// With bounds over the last day where there are enough queries for them, else since the start and without.
std::string accuracy_tile(const TargetSnapshot& target) {
  if (const auto* day = last_day(target); day != nullptr && day->all.accuracy) {
    const auto& estimate = *day->all.accuracy;
    return tile("Accuracy", percentage(estimate.value),
                fmt::format("{} to {}", percentage(estimate.bounds.lower), percentage(estimate.bounds.upper)));
  }
  const auto verdicts = all_verdicts(target);
  const auto n = static_cast<double>(verdicts.all());
  if (n == 0) return tile("Accuracy", "–", "nothing judged yet");
  const auto bounds = wilson(verdicts.score, n);
  return tile("Accuracy", percentage(verdicts.score / n),
              fmt::format("{} to {}, n = {}", percentage(bounds.lower), percentage(bounds.upper), verdicts.all()));
}

struct EnergyFigure {
  std::string_view caption, unit;
  std::optional<Estimate> ClusteredEfficiency::*bounded;
  std::optional<double> Efficiency::*plain;
};

std::string energy_tile(const TargetSnapshot& target, const EnergyLabels& labels, const EnergyFigure& shown) {
  if (const auto* day = last_day(target); day != nullptr) {
    const auto found = day->all.energy.find(labels);
    if (found != day->all.energy.end() && found->second.*shown.bounded) {
      const auto& estimate = *(found->second.*shown.bounded);
      return tile(shown.caption, figure(estimate.value, shown.unit), bounds_text(estimate.bounds));
    }
  }
  const auto metered = all_metered(target.energy.at(labels));
  const auto value = efficiency(metered).*shown.plain;
  return tile(shown.caption, figure(value, shown.unit),
              fmt::format("of {} queries: too few for bounds", metered.queries));
}

// The headline is the narrowest scope that is metered; the others stand in the table.
std::string energy_tiles(const TargetSnapshot& target) {
  constexpr EnergyFigure kFigures[] = {
      {"Intelligence per joule", "1/J", &ClusteredEfficiency::per_joule, &Efficiency::per_joule},
      {"Intelligence per watt", "1/W", &ClusteredEfficiency::per_watt_by_query, &Efficiency::per_watt_by_query},
      {"Energy per query", "J", &ClusteredEfficiency::joules_per_query, &Efficiency::joules_per_query}};
  if (target.energy.empty()) return tile("Intelligence per joule", "–", "no power is metered for this target");
  std::string html;
  for (const auto& shown : kFigures) html += energy_tile(target, target.energy.begin()->first, shown);
  return html;
}

std::string latency_tiles(const TargetSnapshot& target) {
  const auto per_token = mean(target.per_output_token);
  return tile("Time to first token", figure(mean(target.first_token), "s"), "") +
         tile("Answer time", figure(mean(target.duration), "s"), "to the last token") +
         tile("Speed", figure(per_token ? ratio(1, *per_token) : std::nullopt, "tokens/s"), "per stream");
}

std::string progress_tile(const TargetSnapshot& target) {
  const auto all = target.info.replayed.queries();
  const double part = ratio(static_cast<double>(target.cycle_done), static_cast<double>(all)).value_or(0);
  const BarPart bar[] = {{"done", part, "done"}};
  return tile(fmt::format("Cycle {}", target.cycle),
              fmt::format("{} <small>of {}</small>", target.cycle_done, all) +
                  bar_html(bar, fmt::format("{} of this cycle is done", percentage(part))),
              fmt::format("{} in flight, {} to judge", target.in_flight, target.judgements_pending));
}

// What the notes of the tiles leave out.
std::string about_tiles(const TargetSnapshot& target) {
  std::string text = "Bounds are 95 %, over 24 hours";
  if (const auto* day = last_day(target)) text += fmt::format(" and {} queries", day->all.queries);
  if (!target.energy.empty()) {
    const auto& [scope, quality] = target.energy.begin()->first;
    text += fmt::format("; joules and watts are those of the {} scope, {}", to_text(scope), to_text(quality));
  }
  return "<p class=counts>" + text + ". Times are means since the start.</p>\n";
}

}  // namespace

std::string headline(const TargetSnapshot& target) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (!target.energy.empty())
    if (const auto watts = efficiency(all_metered(target.energy.begin()->second)).per_watt_by_query)
      add("IPW " + figure(watts, "1/W"));
  const auto verdicts = all_verdicts(target);
  if (const auto right = ratio(verdicts.score, static_cast<double>(verdicts.all()))) add(percentage(*right) + " right");
  return text;
}

std::string target_tiles(const TargetSnapshot& target) {
  return "<dl class=tiles>\n" + energy_tiles(target) + accuracy_tile(target) + latency_tiles(target) +
         progress_tile(target) + "</dl>\n" + about_tiles(target);
}

}  // namespace ipw::web
