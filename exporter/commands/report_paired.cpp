#include <string>

#include "exporter/commands/markdown.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/commands/table.hpp"

namespace ipw {
namespace {

constexpr const char* kUnknown = "-";

std::string count(std::uint64_t n) {
  return std::to_string(n);
}

std::string signed_percent(double ratio) {
  return (ratio > 0 ? "+" : "") + percent(ratio);
}

std::string difference(const std::optional<Estimate>& change) {
  if (!change) return kUnknown;
  return signed_percent(change->value) + " (" + signed_percent(change->bounds.lower) + " to " +
         signed_percent(change->bounds.upper) + ")";
}

// A ratio as the change that it is.
std::string change_of(const std::optional<Estimate>& ratio) {
  if (!ratio) return kUnknown;
  return difference(Estimate{ratio->value - 1, {ratio->bounds.lower - 1, ratio->bounds.upper - 1}});
}

void add_row(MarkdownTable& table, const std::string& name, const PairedChange& change) {
  table.add({name, count(change.queries), count(change.gained), count(change.lost), difference(change.accuracy),
             count(change.metered), change_of(change.energy), change_of(change.duration)});
}

std::string moved_table(const std::string& title, const std::vector<MovedQuery>& queries) {
  if (queries.empty()) return {};
  MarkdownTable table({"query", "subject", "score", "before", "joules", "before", "change"});
  const auto joules = [](const std::optional<double>& value) { return value ? figure(*value) : kUnknown; };
  for (const auto& query : queries)
    table.add({query.id, query.subject, figure(query.score), figure(query.reference_score), joules(query.joules),
               joules(query.reference_joules),
               query.joules ? signed_percent(*query.joules / *query.reference_joules - 1) : kUnknown});
  return "\n" + title + "\n\n" + table.text();
}

std::string section(const PairedComparison& paired) {
  MarkdownTable table({"subject", "queries", "gained", "lost", "accuracy", "metered", "joules", "seconds"});
  add_row(table, "all", paired.all);
  for (const auto& [subject, change] : paired.subjects) add_row(table, subject, change);
  return "\n### " + markdown_escaped(paired.target) + "\n\n" + table.text() +
         moved_table("Solved now, not before:", paired.gained) + moved_table("Not solved any more:", paired.lost) +
         moved_table("More joules than before:", paired.dearer) +
         moved_table("Fewer joules than before:", paired.cheaper);
}

}  // namespace

std::string paired_markdown(const Report& report) {
  if (!report.comparison) return {};
  std::string text, scope;
  for (const auto& paired : report.comparison->paired) {
    if (paired.all.queries == 0) continue;
    text += section(paired);
    scope = to_text(paired.scope);
  }
  if (text.empty()) return text;
  return "\n## What moved\n\nEach target less " + markdown_escaped(report.comparison->reference) +
         " (*before*), over the queries that both have, query by query; joules of the " + scope +
         ". In brackets: 95 %; of fewer than " + count(kMinimumQueries) +
         " queries there are none. Of the queries that moved at most " + count(PairedComparison::kShown) +
         " of each kind are listed.\n" + text;
}

}  // namespace ipw
