#include "exporter/web/regression_html.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "exporter/web/html.hpp"
#include "exporter/web/target_state.hpp"

namespace ipw::web {
namespace {

constexpr std::size_t kMovedShown = 3;
constexpr std::size_t kNameShown = 60;

std::string decision_html(const TestResult& test) {
  if (test.decision == Decision::regressed) return "<span class=\"badge bad\">regressed</span>";
  if (test.decision != Decision::ok)
    return fmt::format("<span class=\"badge waiting\">{}</span>", to_text(test.decision));
  return fmt::format("<span class=\"badge good\">{}</span>", test.no_worse ? "no worse" : "ok");
}

// How far the evidence is: of a regression, or, once that is found, of the recovery.
std::string evidence_html(const TestResult& test) {
  const double part = test.log_threshold > 0 ? std::clamp(test.log_e_value / test.log_threshold, 0.0, 1.0) : 0;
  const bool recovering = test.decision == Decision::regressed;
  const auto text = fmt::format("{:.1f} of {:.1f}{}", std::max(0.0, test.log_e_value), test.log_threshold,
                                recovering ? " for recovery" : "");
  const BarPart bar[] = {{text, part, recovering ? "evidence recovery" : "evidence"}};
  return bar_html(bar, "evidence " + text) + "<small>" + text + "</small>";
}

std::string moved_html(const TestResult& test) {
  std::string html;
  for (const auto& subject : std::span(test.subjects).first(std::min(kMovedShown, test.subjects.size())))
    html += fmt::format("{}{}", html.empty() ? "" : ", ", escaped(shortened(subject.subject, kNameShown)));
  for (const auto& item : std::span(test.items).first(std::min(kMovedShown, test.items.size())))
    html += fmt::format("<br><small>{}: {} → {}</small>", escaped(shortened(item.query_id, kNameShown)),
                        figure(item.baseline), figure(item.current));
  return html.empty() ? "–" : html;
}

std::string baseline_html(const TargetRegression& shown) {
  if (!shown.baseline) return "";
  const auto& entry = *shown.baseline;
  return fmt::format("Baseline: {}, cycles {} to {}, {} items in {} cycles, since {}. ", to_text(entry.origin),
                     entry.first_cycle, entry.last_cycle, shown.baseline_items, shown.baseline_cycles,
                     time_html(entry.since));
}

}  // namespace

std::string regression_html(const TargetRegression& shown) {
  std::string html = "<h3>Against the baseline</h3>\n<p class=counts>" + baseline_html(shown);
  if (!shown.why.empty()) html += escaped(shown.why) + ". ";
  if (!shown.changed.empty())
    html += fmt::format("Changed {}: {}.", time_html(shown.epoch.since), escaped(shortened(shown.changed, 300)));
  html += "</p>\n";
  if (shown.state.tests.empty()) return html;
  HtmlTable table("Tests against the baseline",
                  {"Test", "Decision", "Change, 95 %", "Evidence", "Queries", "What moved most"});
  for (const auto& test : shown.state.tests)
    table.row({escaped(test_name(test)), decision_html(test), escaped(change_text(test)), evidence_html(test),
               std::to_string(test.queries), moved_html(test)});
  return html + table.html() +
         "<p class=counts>Evidence is the logarithm of an e-value; at its threshold the test rings. What moved names "
         "the "
         "subjects and queries that got worst.</p>\n";
}

}  // namespace ipw::web
