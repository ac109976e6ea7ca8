#include <cmath>
#include <string>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/markdown.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/commands/table.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;

constexpr const char* kUnknown = "-";

std::string count(std::uint64_t n) {
  return std::to_string(n);
}

std::string percent_or(std::optional<double> share) {
  return share ? percent(*share) : kUnknown;
}
std::string figure_or(std::optional<double> value) {
  return value ? figure(*value) : kUnknown;
}
std::string span_of(const std::optional<Bounds>& bounds) {
  return bounds ? percent(bounds->lower) + " to " + percent(bounds->upper) : kUnknown;
}
std::string share_of(std::uint64_t n, std::uint64_t all) {
  return all > 0 ? count(n) + " (" + percent(static_cast<double>(n) / static_cast<double>(all)) + ")" : count(n);
}

std::string listed(const std::set<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + (name.empty() ? kUnknown : name);
  return all;
}

// One row of the table of targets: a name, and what each target has there.
template <class Cell>
void add_row(MarkdownTable& table, const Report& report, const std::string& name, Cell cell) {
  std::vector<std::string> row{name};
  for (const auto& target : report.targets) row.push_back(cell(target));
  table.add(row);
}

std::string verdict_cell(const TargetReport& target, VerdictKind kind) {
  return share_of(target.summary.verdicts()[static_cast<std::size_t>(kind)], target.accuracy.score.n);
}

std::set<EnergyLabels> labels_of(const Report& report) {
  std::set<EnergyLabels> all;
  for (const auto& target : report.targets)
    for (const auto& [labels, metered] : target.summary.metered()) all.insert(labels);
  return all;
}

void add_energy(MarkdownTable& table, const Report& report) {
  for (const auto& labels : labels_of(report)) {
    const auto of = [&labels](const TargetReport& target) {
      const auto found = target.summary.metered().find(labels);
      return found == target.summary.metered().end() ? Metered{} : found->second;
    };
    const auto scope = " (" + std::string(to_text(labels.first)) + ", " + std::string(to_text(labels.second)) + ")";
    add_row(table, report, "metered queries" + scope, [&](const auto& target) { return count(of(target).queries); });
    add_row(table, report, "joules per query" + scope,
            [&](const auto& target) { return figure_or(efficiency(of(target)).joules_per_query); });
    const auto per_query = [&](std::string what, const std::optional<double>& rate) {
      if (!rate) return;
      what.append(" per query").append(scope);
      add_row(table, report, what, [&](const auto& target) {
        const auto joules = efficiency(of(target)).joules_per_query;
        return joules ? figure(at_rate(Joules{*joules}, *rate)) : kUnknown;
      });
    };
    per_query("grams of CO2e", report.rates.grams_per_kwh);
    per_query("electricity, " + report.rates.currency, report.rates.price_per_kwh);
    add_row(table, report, "IPJ, correct per joule" + scope,
            [&](const auto& target) { return figure_or(efficiency(of(target)).per_joule); });
    add_row(table, report, "IPW, per query" + scope,
            [&](const auto& target) { return figure_or(efficiency(of(target)).per_watt_by_query); });
    add_row(table, report, "IPW, over time" + scope,
            [&](const auto& target) { return figure_or(efficiency(of(target)).per_watt_by_time); });
  }
}

std::string targets_section(const Report& report) {
  std::vector<std::string> header{""};
  for (const auto& target : report.targets) header.push_back(target.target);
  MarkdownTable table(header);
  add_row(table, report, "model", [](const auto& target) { return listed(target.models); });
  add_row(table, report, "accelerator", [](const auto& target) { return listed(target.accelerators); });
  add_row(table, report, "corpus", [](const auto& target) { return listed(target.corpora); });
  add_row(table, report, "cycles", [](const auto& target) { return count(target.cycles.size()); });
  add_row(table, report, "queries", [](const auto& target) { return count(target.summary.queries()); });
  add_row(table, report, "judged", [](const auto& target) { return count(target.accuracy.score.n); });
  add_row(table, report, "accuracy", [](const auto& target) { return percent_or(target.accuracy.accuracy()); });
  add_row(table, report, "accuracy, 95 %", [](const auto& target) { return span_of(target.accuracy.bounds()); });
  for (std::size_t i = 0; i < replay::kVerdictKinds; ++i) {
    const auto kind = static_cast<VerdictKind>(i);
    add_row(table, report, std::string(to_text(kind)), [&](const auto& target) { return verdict_cell(target, kind); });
  }
  add_row(table, report, "truncated",
          [](const auto& target) { return share_of(target.accuracy.truncated, target.accuracy.score.n); });
  add_energy(table, report);
  return "## Targets\n\n" + table.text();
}

std::string slices_section(const Report& report) {
  std::string text;
  for (const auto& target : report.targets) {
    if (target.slices.empty()) continue;
    MarkdownTable table({"slice", "value", "queries", "judged", "accuracy", "95 %", "unparsed", "truncated"});
    for (const auto& [field, value, answers] : target.slices)
      table.add({field, value, count(answers.distinct), count(answers.score.n), percent_or(answers.accuracy()),
                 span_of(answers.bounds()), percent_or(answers.unparsed_rate()), percent_or(answers.truncated_rate())});
    text += "\n### " + markdown_escaped(target.target) + "\n\n" + table.text();
  }
  return text.empty() ? text : "\n## Slices\n" + text;
}

std::string rate_of(const Proportion& proportion) {
  return proportion.n > 0 ? percent_or(proportion.value()) + " (" + span_of(proportion.bounds()) + ")" : kUnknown;
}

std::string judges_section(const Report& report) {
  if (report.judges.empty()) return {};
  MarkdownTable judges(
      {"judge", "verdicts", "errors", "compared", "sensitivity", "specificity", "Cohen's kappa", "Gwet's AC1"});
  for (const auto& [judge, verdicts, seen] : report.judges) {
    const auto kappa = cohen_kappa(seen);
    judges.add({judge, count(verdicts), count(seen.judge_errors), count(seen.compared()), rate_of(seen.sensitivity()),
                rate_of(seen.specificity()),
                kappa ? figure(kappa->value) + " ± " + figure(kappa->standard_error) : kUnknown,
                figure_or(gwet_ac1(seen))});
  }
  MarkdownTable corrected({"target", "judge", "answers", "passed", "corrected accuracy", "95 %"});
  for (const auto& target : report.targets)
    for (const auto& [judge, answers, estimate] : target.judges)
      corrected.add({target.target, judge, count(answers.all()), share_of(answers.passed, answers.all()),
                     estimate ? percent(estimate->value) : kUnknown,
                     span_of(estimate ? std::optional(estimate->bounds) : std::nullopt)});
  return "\n## Judge quality\n\nCompared with deterministic judges of the same answers. An accuracy is corrected "
         "where " +
         count(kMinimumCompared) + " correct and " + count(kMinimumCompared) + " wrong answers were compared.\n\n" +
         judges.text() + "\n" + corrected.text();
}

std::string coverage_section(const Comparison& comparison) {
  MarkdownTable table({"target", "subject", "queries", "as good", "95 %"});
  for (const auto& [target, coverage] : comparison.coverage) {
    const auto add = [&table, &name = target](const std::string& subject, const Proportion& share) {
      table.add({name, subject, count(share.n), percent_or(share.value()), span_of(share.bounds())});
    };
    add("all", coverage.all);
    for (const auto& [subject, share] : coverage.by_subject)
      if (!subject.empty()) add(subject, share);
  }
  return "\n## Coverage\n\nQueries on which a target is as good as " + markdown_escaped(comparison.reference) +
         ".\n\n" + table.text();
}

std::string together_section(const Comparison& comparison) {
  const auto& together = comparison.together;
  MarkdownTable table({"at least one of the others", "queries", "share", "95 %", "by chance"});
  table.add({"is as good", count(together.as_good.n), percent_or(together.as_good.value()),
             span_of(together.as_good.bounds()), kUnknown});
  table.add({"solves it", count(together.solved.n), percent_or(together.solved.value()),
             span_of(together.solved.bounds()), percent_or(together.chance)});
  MarkdownTable levels({"first to solve", "queries"});
  for (std::size_t i = 0; i < comparison.difficulty.size(); ++i)
    levels.add({i < comparison.order.size() ? comparison.order[i] : "nobody",
                share_of(comparison.difficulty[i], comparison.queries)});
  return "\n" + table.text() + "\n## Difficulty\n\nTargets by " + std::string(comparison.ordered_by) +
         ", least first.\n\n" + levels.text();
}

// "41.3 % of 0.541", and of how many queries that is known where not of all.
std::string saved_cell(const std::optional<RoutedCost>& cost, std::uint64_t queries) {
  if (!cost) return kUnknown;
  const auto cell = percent_or(cost->saved()) + " of " + figure(cost->reference);
  return cost->queries == queries ? cell : cell + " (" + count(cost->queries) + " queries)";
}

std::string router_name(const Router& router) {
  if (router.right >= 1) return "oracle";
  const auto wrong = router.wrong == Misroute::reference ? "wrong ones to the reference" : "wrong ones elsewhere";
  return count(static_cast<std::uint64_t>(std::lround(100 * router.right))) + " % right, " + wrong;
}

std::string routing_section(const Comparison& comparison) {
  std::string joules = "joules saved";
  if (comparison.scope) {
    joules += " (" + std::string(to_text(*comparison.scope));
    for (const auto quality : comparison.qualities) joules += ", " + std::string(to_text(quality));
    joules += ")";
  }
  MarkdownTable table({"router", "accuracy", joules, "dollars saved", "seconds saved"});
  for (const auto& [router, routed] : comparison.routing)
    table.add({router_name(router), percent(routed.score), saved_cell(routed.joules, comparison.queries),
               saved_cell(routed.dollars, comparison.queries), saved_cell(routed.seconds, comparison.queries)});
  const auto alone = comparison.routing.front().routed.reference_score;
  return "\n## Routing\n\nEach of " + count(comparison.queries) +
         " queries to the cheapest target that solves it, against " + markdown_escaped(comparison.reference) +
         " alone (accuracy " + percent(alone) + "): share saved of what a query costs there.\n\n" + table.text();
}

std::string tries_text(const TargetReport& target) {
  const auto& tries = target.tries;
  const auto tail = tries.tail_exponent();
  const auto unsolved = Proportion{static_cast<double>(tries.never_solved()), tries.queries()};
  MarkdownTable figures({"", ""});
  figures.add({"queries", count(tries.queries())});
  figures.add({"solved at once (pass@1)", rate_of(tries.solved_at_once())});
  figures.add({"never solved in " + count(tries.most_tries()) + " tries", rate_of(unsolved)});
  figures.add({"failures before success, mean", figure_or(tries.mean())});
  figures.add({"failures before success, variance", figure_or(tries.variance())});
  figures.add({"tail exponent", tail ? figure(tail->value) + " (" + figure(tail->bounds.lower) + " to " +
                                           figure(tail->bounds.upper) + ")"
                                     : kUnknown});
  for (const auto& [labels, spent] : tries.joules())
    figures.add({"joules to first success (" + std::string(to_text(labels.first)) + ", " +
                     std::string(to_text(labels.second)) + ")",
                 "mean " + figure(spent.mean) + ", median " + figure_or(spent.median)});
  MarkdownTable failures({"failures before success", "queries"});
  for (const auto& [failed, queries] : tries.failures())
    failures.add({count(failed), share_of(queries, tries.queries())});
  return "\n### " + markdown_escaped(target.target) + "\n\n" + figures.text() + "\n" + failures.text();
}

std::string tries_section(const Report& report) {
  std::string text;
  for (const auto& target : report.targets)
    if (target.tries.most_tries() > 1) text += tries_text(target);
  return text.empty() ? text : "\n## Attempts until success\n" + text;
}

}  // namespace

std::string details_markdown(const Report& report) {
  std::string text = targets_section(report) + slices_section(report) + judges_section(report);
  if (report.comparison) {
    text += coverage_section(*report.comparison);
    if (report.comparison->queries > 0)
      text += together_section(*report.comparison) + routing_section(*report.comparison);
  }
  return text + tries_section(report);
}

std::string report_markdown(const Report& report) {
  std::string text = "# Report\n\n";
  for (const auto& journal : report.journals) text += "- " + markdown_escaped(journal) + "\n";
  return text + "\n" + details_markdown(report) + windows_markdown(report) + formulas_markdown(report) +
         paired_markdown(report) + fits_markdown(report) + distributions_markdown(report) + failures_markdown(report) +
         method_markdown(report);
}

}  // namespace ipw
