#include <cmath>
#include <string>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/markdown.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/commands/table.hpp"
#include "exporter/statistics/quantile.hpp"

namespace ipw {
namespace {

constexpr const char* kUnknown = "-";

std::string count(std::uint64_t n) {
  return std::to_string(n);
}

std::string figure_or(std::optional<double> value) {
  return value ? figure(*value) : kUnknown;
}

std::string with_error(double value, double error) {
  return figure(value) + " ± " + figure(error);
}

void add_fits(MarkdownTable& table, const FitSums& fits, const std::string& scope) {
  for (std::size_t y = 0; y < kFitY; ++y)
    for (std::size_t x = 0; x < kFitX; ++x) {
      const auto line = fits[y][x].fit();
      if (!line) continue;
      const auto of_x = static_cast<FitX>(x);
      const auto of_y = static_cast<FitY>(y);
      table.add({std::string(to_text(of_y)), std::string(to_text(of_x)), scope, count(line->n),
                 with_error(line->intercept, line->intercept_error), with_error(line->slope, line->slope_error),
                 figure_or(line->r2), figure(line->mean_y), std::string(published_name(of_x, of_y))});
    }
}

void add_distribution(MarkdownTable& table, const std::string& name, const std::string& unit, const Values& values) {
  if (values.empty()) return;
  const std::vector<double> all(values.begin(), values.end());
  double sum = 0, least = all.front(), most = all.front();
  for (const double value : all) {
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  table.add({name, unit, count(all.size()), figure(least), figure_or(quantile(all, 0.5)),
             figure(sum / static_cast<double>(all.size())), figure_or(quantile(all, 0.95)),
             figure_or(quantile(all, 0.99)), figure(most)});
}

std::string labelled(const EnergyLabels& labels) {
  return std::string(to_text(labels.first)) + ", " + std::string(to_text(labels.second));
}

std::string heading(const TargetReport& target) {
  return "\n### " + markdown_escaped(target.target) + "\n\n";
}

}  // namespace

std::string fits_markdown(const Report& report) {
  std::string text;
  for (const auto& target : report.targets) {
    if (target.figures.points().seen() == 0) continue;
    MarkdownTable table({"y", "over x", "scope", "n", "intercept", "slope", "R²", "mean y", "published name"});
    add_fits(table, target.figures.fits(), kUnknown);
    for (const auto& [labels, figures] : target.figures.scopes()) add_fits(table, figures.fits, labelled(labels));
    text += heading(target) + table.text();
  }
  if (text.empty()) return text;
  return "\n## Fitted lines\n\nOrdinary least squares, y = intercept + slope · x, over answered queries of which both "
         "are "
         "known; ± one standard error. Seconds, joules, watts; log is natural. They say what goes together, not what "
         "causes what; at more than one query at a time a query's watts and seconds are also those of its "
         "neighbours.\n" +
         text;
}

std::string distributions_markdown(const Report& report) {
  std::string text;
  for (const auto& target : report.targets) {
    if (target.figures.points().seen() == 0) continue;
    MarkdownTable table({"of a query", "unit", "n", "least", "median", "mean", "p95", "p99", "most"});
    add_distribution(table, "time to first token", "s", target.figures.first_tokens());
    add_distribution(table, "latency", "s", target.figures.latencies());
    add_distribution(table, "output tokens", "", target.figures.output_tokens());
    for (const auto& [labels, figures] : target.figures.scopes()) {
      add_distribution(table, "energy (" + labelled(labels) + ")", "J", figures.joules);
      add_distribution(table, "mean power (" + labelled(labels) + ")", "W", figures.watts);
    }
    text += heading(target) + table.text();
  }
  return text.empty() ? text : "\n## Distributions\n\nOf answered queries.\n" + text;
}

std::string formulas_markdown(const Report& report) {
  std::vector<std::string> header{"formula", "whose"};
  for (const auto& target : report.targets) header.push_back(target.target);
  MarkdownTable table(header);
  const auto add = [&](const std::string& name, const std::string& whose, auto value) {
    std::vector<std::string> row{name, whose};
    for (const auto& target : report.targets) row.push_back(value(target));
    table.add(row);
  };
  const auto ours = [](const TargetReport& target) {
    const auto& metered = target.summary.metered();
    for (const auto& [labels, sums] : metered)
      if (labels.first == probes::Scope::accelerator) return efficiency(sums);
    return Efficiency{};
  };
  add("IPJ: score over joules of the same queries", "ipw-sidecar",
      [&](const auto& target) { return figure_or(ours(target).per_joule); });
  add("IPW, per query: score over the summed mean power of the same queries", "ipw-sidecar, paper",
      [&](const auto& target) { return figure_or(ours(target).per_watt_by_query); });
  add("IPW, over time: mean score over joules per busy second", "ipw-sidecar",
      [&](const auto& target) { return figure_or(ours(target).per_watt_by_time); });
  const auto published = [&](const std::string& name, const std::string& program, auto figure_of) {
    add(name, "published harness" + program, [&](const TargetReport& target) { return figure_of(target.published); });
  };
  using Figures = PublishedFigures;
  published("IPJ: accuracy over mean joules", ", analyze",
            [](const Figures& f) { return figure_or(f.per_joule_analyze()); });
  published("IPJ: accuracy over the joules of the whole run", ", run and bench",
            [](const Figures& f) { return figure_or(f.per_joule_run()); });
  published("IPW: accuracy over mean of joules / latency", ", analyze",
            [](const Figures& f) { return figure_or(f.per_watt_analyze()); });
  published("IPW: accuracy over mean of sampled watts", ", run and bench",
            [](const Figures& f) { return figure_or(f.per_watt_run()); });
  published("accuracy, without what could not be scored", "",
            [](const Figures& f) { return f.accuracy() ? percent(*f.accuracy()) : kUnknown; });
  published("queries that it leaves out of its accuracy", "", [](const Figures& f) { return count(f.unscored()); });
  published("energies that it imputes", ", analyze", [](const Figures& f) { return count(f.imputed()); });
  return "\n## Formulas\n\nThe accelerator's joules and watts. The published harness's formulas over the same records, "
         "beside ours: its `run` divides by the energy of the whole run, and so falls as the run grows.\n\n" +
         table.text();
}

std::string failures_markdown(const Report& report) {
  std::string text;
  for (const auto& target : report.targets) {
    if (target.failures.all() == 0) continue;
    MarkdownTable counts({"what", "reason", "queries"});
    for (const auto& [failure, n] : target.failures.counts())
      counts.add({failure.first, failure.second.empty() ? kUnknown : failure.second, count(n)});
    MarkdownTable newest({"ended", "query", "what", "reason"});
    for (const auto& failure : target.failures.newest())
      newest.add({target.imported ? kUnknown : rfc3339(failure.at).substr(0, 19) + "Z", failure.query_id, failure.what,
                  failure.reason});
    text += heading(target) + counts.text() + "\nThe newest:\n\n" + newest.text();
  }
  return text.empty() ? text
                      : "\n## Failures\n\nQueries that were not answered, were cut off, or whose answer could not be "
                        "judged. They count as wrong.\n" +
                            text;
}

}  // namespace ipw
