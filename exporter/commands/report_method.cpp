#include <string>

#include "exporter/commands/markdown.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/version.hpp"

namespace ipw {
namespace {

std::string qualities_of(const Report& report) {
  std::string text;
  for (const auto& target : report.targets)
    for (const auto& [labels, metered] : target.summary.metered()) {
      if (labels.second == probes::Quality::measured) continue;
      text += "- **The joules of " + markdown_escaped(target.target) + " (" + std::string(to_text(labels.first)) +
              ") are " + std::string(to_text(labels.second)) + ", not measured.**\n";
    }
  return text;
}

std::string imports_of(const Report& report) {
  std::string text;
  for (const auto& target : report.targets)
    if (target.imported)
      text += "- " + markdown_escaped(target.target) +
              " is imported: its joules are as the published harness has them, without what lies before the first and "
              "after the last sample of a query, and in some versions only of the last 30 s.\n";
  return text;
}

std::string versions_of(const Report& report) {
  std::string text;
  for (const auto& target : report.targets) {
    if (target.epochs.empty()) continue;
    MarkdownTable table({"since", "fact", "value"});
    for (const auto& epoch : target.epochs)
      for (const auto& [fact, value] : epoch.facts) table.add({rfc3339(epoch.since).substr(0, 19) + "Z", fact, value});
    text += "\nWhat ran as " + markdown_escaped(target.target) + ":\n\n" + table.text();
  }
  return text;
}

}  // namespace

std::string method_markdown(const Report& report) {
  return "\n## Method\n\n"
         "- IPJ is score over joules of the same metered queries. IPW is score over the summed mean power while each "
         "query ran (per query, the published one), or mean score over joules per busy second (over time).\n"
         "- Nothing leaves the denominator: what was not answered, cut off or not parsed counts as wrong.\n"
         "- Intervals are 95 %: Wilson's for accuracy, the delta method on the log scale for ratios, both clustered by "
         "query.\n"
         "- Scopes contain each other and are never added: the accelerator is the published one's, node and wall are "
         "more.\n"
         "- Every formula, with its source, stands in docs/METHODOLOGY.md.\n" +
         qualities_of(report) + imports_of(report) + "- Made by ipw-sidecar " + kVersion + " (commit " + kCommit +
         ").\n" + versions_of(report);
}

}  // namespace ipw
