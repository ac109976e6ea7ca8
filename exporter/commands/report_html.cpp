#include "exporter/commands/report_html.hpp"

#include <algorithm>

#include "exporter/accounting/statistics.hpp"
#include "exporter/commands/markdown_html.hpp"
#include "exporter/commands/report_text.hpp"
#include "exporter/commands/table.hpp"
#include "exporter/version.hpp"
#include "exporter/web/html.hpp"
#include "replay/digest.hpp"

namespace ipw::embedded {
extern const std::string_view dygraph_css, dygraph_js, report_css, report_js;
}  // namespace ipw::embedded

namespace ipw {
namespace {

using web::escaped;

std::string bounded(const std::optional<Estimate>& known, std::optional<double> value, std::string (*shown)(double)) {
  if (known)
    return "<b>" + shown(known->value) + "</b> <small>" + shown(known->bounds.lower) + " to " +
           shown(known->bounds.upper) + "</small>";
  return value ? "<b>" + shown(*value) + "</b> <small>too few queries for bounds</small>"
               : "<b>–</b> <small>unknown</small>";
}

std::string item(const char* name, const std::string& html) {
  return std::string("<div><dt>") + name + "</dt><dd>" + html + "</dd></div>\n";
}

// The figures of one target that matter most, with their bounds: of all its records.
std::string headline(const TargetReport& target) {
  std::string html = "<section class=card><h3>" + escaped(target.target) + "</h3>\n<p class=what>";
  for (const auto& model : target.models) html += escaped(model) + " ";
  html += "<br>";
  for (const auto& accelerator : target.accelerators) html += escaped(accelerator) + " ";
  html += "</p>\n<dl>";
  const auto& all = target.windows.front().all;
  const auto metered = target.summary.metered().begin();
  const bool any = metered != target.summary.metered().end();
  const auto found = any ? all.energy.find(metered->first) : all.energy.end();
  const auto bounds = found == all.energy.end() ? ClusteredEfficiency{} : found->second;
  const auto plain = any ? efficiency(metered->second) : Efficiency{};
  html += item("IPJ, correct per joule", bounded(bounds.per_joule, plain.per_joule, figure));
  html += item("IPW, per query", bounded(bounds.per_watt_by_query, plain.per_watt_by_query, figure));
  html += item("accuracy", bounded(all.accuracy, target.accuracy.accuracy(), percent));
  html += item("joules per query", bounded(bounds.joules_per_query, plain.joules_per_query, figure));
  html += item("queries", "<b>" + std::to_string(target.summary.queries()) + "</b> <small>" +
                              std::to_string(target.summary.answered()) + " answered, " +
                              std::to_string(target.failures.all()) + " failures</small>");
  html += "</dl>";
  if (any)
    html += "<p class=what>" + std::string(to_text(metered->first.first)) +
            ", <span class=" + std::string(to_text(metered->first.second)) + ">" +
            std::string(to_text(metered->first.second)) + "</span></p>";
  return html + "</section>\n";
}

std::string time_text(const Report& report) {
  auto first = WallTime::max(), last = WallTime::min();
  for (const auto& target : report.targets) {
    if (target.imported) continue;
    first = std::min(first, target.figures.time().first);
    last = std::max(last, target.figures.time().second);
  }
  if (first > last) return {};
  return "Records from " + rfc3339(first).substr(0, 19) + "Z to " + rfc3339(last).substr(0, 19) + "Z. ";
}

// The failures again, with their pages: only a sidecar has these.
std::string links(const Report& report, const std::string& sidecar) {
  if (sidecar.empty()) return {};
  std::string html;
  for (const auto& target : report.targets)
    for (const auto& failure : target.failures.newest())
      html += "<li><a rel=noreferrer href=\"" + escaped(sidecar) + "/queries/" + escaped(failure.id) + "\">" +
              escaped(failure.query_id) + "</a> at " + escaped(target.target) + ": " + escaped(failure.what) +
              "</li>\n";
  return html.empty() ? html : "<h3>Their pages</h3>\n<ul>" + html + "</ul>\n";
}

// A script's data: inside of <script>, only `<` could end it.
std::string inert(const std::string& json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) c == '<' ? safe += "\\u003c" : safe += c;
  return safe;
}

std::string section(const std::string& markdown) {
  return markdown.empty() ? "" : "<section>" + html_of_markdown(markdown) + "</section>\n";
}

std::string body(const Report& report, const std::string& sidecar) {
  std::string html = "<header><h1>Intelligence per watt</h1>\n<p>" + time_text(report) + "ipw-sidecar " + kVersion +
                     ", commit " + kCommit + ".</p>\n<ul class=journals>";
  for (const auto& journal : report.journals) html += "<li>" + escaped(journal) + "</li>";
  html += "</ul></header>\n<main>\n<section class=cards>";
  for (const auto& target : report.targets) html += headline(target);
  html += "</section>\n" + section(windows_markdown(report));
  html +=
      "<section id=plots><h2>Plots</h2>\n<noscript><p>Plots need JavaScript; the tables hold what they "
      "show.</p></noscript></section>\n";
  html += section(fits_markdown(report)) + section(distributions_markdown(report)) + section(paired_markdown(report)) +
          section(formulas_markdown(report)) + section(details_markdown(report)) + section(failures_markdown(report)) +
          links(report, sidecar) + section(method_markdown(report));
  return html + "</main>\n";
}

}  // namespace

std::string report_html(const Report& report, const std::string& sidecar) {
  const std::string style = std::string(embedded::dygraph_css) + std::string(embedded::report_css);
  const std::string script = std::string(embedded::dygraph_js) + "\n" + std::string(embedded::report_js);
  return "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
         "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src 'sha256-" +
         replay::sha256_base64(script) + "'; style-src 'sha256-" + replay::sha256_base64(style) +
         "'; base-uri 'none'; form-action 'none'\">\n"
         "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=referrer content=no-referrer>\n<title>Intelligence per watt</title>\n<style>" +
         style + "</style>\n</head>\n<body>\n" + body(report, sidecar) + "<script type=\"application/json\" id=data>" +
         inert(report_plots_json(report, sidecar)) + "</script>\n<script>" + script + "</script>\n</body>\n</html>\n";
}

}  // namespace ipw
