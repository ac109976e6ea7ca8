#include <string>

#include "exporter/commands/markdown.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/commands/table.hpp"

namespace ipw {
namespace {

constexpr const char* kUnknown = "-";

std::string bounded(const std::optional<Estimate>& figure_of, std::string (*shown)(double)) {
  if (!figure_of) return kUnknown;
  return shown(figure_of->value) + " (" + shown(figure_of->bounds.lower) + " to " + shown(figure_of->bounds.upper) +
         ")";
}

void add_rows(MarkdownTable& table, const std::vector<std::string>& name, const FigureSet& figures) {
  const auto add = [&](const std::vector<std::string>& energy) {
    auto row = name;
    row.push_back(std::to_string(figures.queries));
    row.push_back(bounded(figures.accuracy, percent));
    row.insert(row.end(), energy.begin(), energy.end());
    table.add(row);
  };
  for (const auto& [labels, energy] : figures.energy)
    add({std::string(to_text(labels.first)) + ", " + std::string(to_text(labels.second)),
         std::to_string(energy.queries), bounded(energy.joules_per_query, figure), bounded(energy.per_joule, figure),
         bounded(energy.per_watt_by_query, figure), bounded(energy.per_watt_by_time, figure)});
  if (figures.energy.empty()) add({kUnknown, "0", kUnknown, kUnknown, kUnknown, kUnknown});
}

std::string title(const WindowFigures& window) {
  if (window.window == "cycle") return "the newest cycle";
  return window.window == "all" ? "all records" : "the last " + window.window + " before the newest record";
}

}  // namespace

std::string windows_markdown(const Report& report) {
  std::string text;
  for (const auto& target : report.targets)
    for (const auto& window : target.windows) {
      const bool timeless = target.imported && window.window != "all";
      if (window.all.queries == 0 || timeless) continue;
      MarkdownTable table({"subject", "language", "queries", "accuracy", "scope", "metered", "joules per query", "IPJ",
                           "IPW, per query", "IPW, over time"});
      add_rows(table, {"all", "all"}, window.all);
      for (const auto& slice : window.slices)
        add_rows(table,
                 {slice.subject.empty() ? kUnknown : slice.subject, slice.language.empty() ? kUnknown : slice.language},
                 slice.figures);
      text += "\n### " + markdown_escaped(target.target) + ", " + title(window) + "\n\n" + table.text();
    }
  if (text.empty()) return text;
  return "\n## Windows\n\nIn brackets: 95 %, clustered by query. What has fewer than " +
         std::to_string(kMinimumQueries) + " queries has no figures.\n" + text;
}

}  // namespace ipw
