#include "exporter/web/status_page.hpp"

#include <fmt/format.h>

#include "exporter/web/books_html.hpp"
#include "exporter/web/html.hpp"
#include "exporter/web/page_frame.hpp"
#include "exporter/web/target_html.hpp"

namespace ipw::web {
namespace {

// Filled by static/power.js, which also keeps it: live.js leaves what is marked `data-own` alone.
constexpr const char* kPower = R"(<section aria-labelledby=power><h2 id=power>Power and queries, last two minutes</h2>
<figure id=live-power data-own>
<div class=chart tabindex=0 role=img aria-label="Power over the last two minutes"></div>
<p class=readout></p>
<ul class="legend channels"></ul>
<div class=lanes></div>
<figcaption>Each bar is a query: <span class="key prefill">before its first token</span>
<span class="key decode">from then on</span> <span class="key failed">failed</span><br>
Arrow keys move along the curve; the
same queries stand in <em>Running and latest queries</em> of each target.
<noscript>The curve needs JavaScript; <a href="/api/v1/power">its figures</a> do not.</noscript></figcaption>
</figure></section>
)";

std::string summary(const std::vector<TargetSnapshot>& targets) {
  return targets.empty() ? "<p>No target is configured.</p>\n" : verdicts_html(targets);
}

}  // namespace

Response status_page(const Snapshot& snapshot, const std::string& demo_notice) {
  std::string html = "<h1 class=hidden>Status</h1>\n" + summary(snapshot.targets);
  if (!demo_notice.empty()) html += "<p class=demo role=note><strong>Demo.</strong> " + escaped(demo_notice) + "</p>\n";
  html += kPower;
  for (std::size_t i = 0; i < snapshot.targets.size(); ++i) html += target_html(snapshot.targets[i], i);
  html += failures_html(snapshot.targets) + books_html(snapshot.books) + channels_html(snapshot.channels);
  html += fmt::format("<p class=at>As of {} UTC; this process: {} of CPU, {} of memory.</p>\n", time_html(snapshot.at),
                      figure(snapshot.process.cpu_seconds, "s"),
                      figure(static_cast<double>(snapshot.process.resident_bytes) / 1048576, "MiB"));
  return html_page({.title = "ipw-sidecar", .here = "/", .live = true, .charts = true, .chart_script = "power.js"},
                   html);
}

}  // namespace ipw::web
