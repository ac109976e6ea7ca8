#include "exporter/web/target_html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "base/text.hpp"
#include "exporter/accounting/ledger.hpp"
#include "exporter/accounting/statistics.hpp"
#include "exporter/web/html.hpp"
#include "exporter/web/regression_html.hpp"
#include "exporter/web/target_state.hpp"
#include "exporter/web/target_tiles.hpp"

namespace ipw::web {
namespace {

constexpr std::size_t kFailuresShown = 10;
constexpr std::size_t kSpansShown = 12;
constexpr std::size_t kReasonShown = 300;
constexpr std::size_t kNameShown = 80;

std::string state_badge(const TargetState& state) {
  constexpr std::string_view kStyles[] = {"good", "waiting", "bad"};
  return fmt::format("<span class=\"badge {}\">{}</span>", kStyles[static_cast<std::size_t>(state.kind)],
                     escaped(state.word));
}

std::string energy_table(const TargetSnapshot& target) {
  if (target.energy.empty()) return "";
  HtmlTable table("Energy by scope", {"Scope", "Power is", "Queries", "J / query", "IPJ (1/J)", "IPW by query (1/W)",
                                      "IPW by time (1/W)", "Energy that is not valid"});
  for (const auto& [labels, energy] : target.energy) {
    const auto metered = all_metered(energy);
    const auto e = efficiency(metered);
    std::string invalid;
    for (std::size_t i = 1; i < kValidities; ++i)
      if (energy.validity[i] > 0)
        invalid +=
            fmt::format("{}{} {}", invalid.empty() ? "" : ", ", to_text(static_cast<Validity>(i)), energy.validity[i]);
    table.row({std::string(to_text(labels.first)), std::string(to_text(labels.second)), std::to_string(metered.queries),
               figure(e.joules_per_query), figure(e.per_joule), figure(e.per_watt_by_query), figure(e.per_watt_by_time),
               invalid.empty() ? "none" : invalid});
  }
  return table.html();
}

// "correct 12 · wrong 3", what is zero left out.
template <class Kind, class Counts>
std::string counts_text(const Counts& counts) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : " · ", to_text(static_cast<Kind>(i)), counts[i]);
  return text.empty() ? "none yet" : text;
}

std::string link_to(std::string_view id, std::string_view text) {
  return fmt::format("<a href=\"{}\">{}</a>", query_address(id), escaped(shortened(text, kNameShown)));
}

std::string outcome_badge(replay::Outcome outcome) {
  return fmt::format("<span class=\"badge {}\">{}</span>", replay::answered(outcome) ? "good" : "bad",
                     to_text(outcome));
}

std::string span_row_outcome(const AttemptSpan& span) {
  if (!span.outcome) return "<span class=\"badge waiting\">running</span>";
  return outcome_badge(*span.outcome);
}

std::string spans_table(const RecentAttempts::Spans& spans) {
  if (spans.empty()) return "<p class=counts>Nothing has been sent yet.</p>\n";
  HtmlTable table("Running and latest queries", {"Sent", "Query", "Outcome", "Took"});
  const auto seconds = [](WallTime from, WallTime to) { return std::chrono::duration<double>(to - from).count(); };
  for (const auto& span : std::span(spans).first(std::min(kSpansShown, spans.size()))) {
    const bool has_page = span->ended_at && !span->warmup;
    table.row({time_html(span->sent_at),
               (has_page ? link_to(span->id, span->query_id) : escaped(shortened(span->query_id, kNameShown))) +
                   (span->warmup ? " <small>warm-up</small>" : ""),
               span_row_outcome(*span),
               figure(span->ended_at ? std::optional(seconds(span->sent_at, *span->ended_at)) : std::nullopt, "s")});
  }
  return table.html();
}

std::string details(const TargetSnapshot& target) {
  return fmt::format(
      "<details><summary>Scopes, verdicts and outcomes</summary>\n{}<p class=counts>Verdicts: {}<br>Outcomes: {}</p>"
      "</details>\n<details><summary>Running and latest queries</summary>\n{}</details>\n",
      energy_table(target), counts_text<replay::VerdictKind>(all_verdicts(target).by_kind),
      counts_text<replay::Outcome>(target.queries), spans_table(target.recent_attempts));
}

}  // namespace

std::string verdicts_html(const std::vector<TargetSnapshot>& targets) {
  std::string html = "<ul class=verdicts role=status aria-label=Verdict>\n";
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto state = state_of(targets[i]);
    html +=
        fmt::format("<li>{} <a href=\"#target-{}\">{}</a> <span class=why>{}</span> <span class=headline>{}</span>\n",
                    state_badge(state), i, escaped(targets[i].info.name), escaped(state.why), headline(targets[i]));
  }
  return html + "</ul>\n";
}

std::string target_html(const TargetSnapshot& target, std::size_t number) {
  const auto& info = target.info;
  const auto state = state_of(target);
  std::string html = fmt::format(
      "<section id=target-{0} aria-labelledby=name-{0}><h2 id=name-{0}>{1} {2}</h2>\n<p class=about>{3} on {4} · {5} · "
      "<span class=url>{6}</span> · {7}</p>\n",
      number, escaped(info.name), state_badge(state), escaped(info.model), escaped(info.accelerator),
      escaped(info.corpus), escaped(info.url), info.demo ? "built-in demo server" : escaped(info.locality));
  html += target_tiles(target);
  if (target.regression) html += regression_html(*target.regression);
  return html + details(target) + "</section>\n";
}

std::string failures_html(const std::vector<TargetSnapshot>& targets) {
  std::vector<const AttemptRecord*> failures;
  for (const auto& target : targets)
    for (const auto& record : target.recent_failures) failures.push_back(&record);
  std::ranges::sort(failures, std::greater{}, [](const AttemptRecord* record) { return record->ended_at; });
  std::string html = "<section aria-labelledby=failures><h2 id=failures>Last failures</h2>\n";
  if (failures.empty()) return html + "<p>None.</p></section>\n";
  HtmlTable table("Last failures", {"Failed at", "Query", "Target", "Outcome", "Reason"});
  for (const auto* record : std::span(failures).first(std::min(kFailuresShown, failures.size())))
    table.row({time_html(record->ended_at), link_to(record->id, record->query_id), escaped(record->target),
               outcome_badge(record->outcome), escaped(shortened(record->outcome_reason, kReasonShown))});
  return html + table.html() +
         fmt::format(
             "<p class=counts>The last {} failures of each target stay here however many queries have succeeded "
             "since, over restarts too; of the others the latest are shown. The journal keeps all.</p></section>\n",
             Ledger::kFailures);
}

}  // namespace ipw::web
