#include "exporter/web/status_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "base/text.hpp"
#include "exporter/accounting/statistics.hpp"
#include "exporter/web/html.hpp"

namespace ipw::web {
namespace {

constexpr std::size_t kFailuresShown = 10;
constexpr std::size_t kReasonShown = 300;

constexpr const char* kHead = R"(<!doctype html>
<html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
<meta name=color-scheme content="light dark"><title>ipw-sidecar</title>
<link rel=icon href="/static/icon.svg"><link rel=stylesheet href="/static/status.css">
<script src="/static/status.js" defer></script>
<noscript><meta http-equiv=refresh content=10></noscript></head><body>
<header><h1>ipw-sidecar</h1><p>intelligence per watt, measured while it runs</p></header>
)";

constexpr const char* kFoot = R"(<footer><a href="/metrics">metrics</a> <a href="/api/v1/status">status</a>
<a href="/api/v1/queries">queries</a> <a href="/api/v1/power">power</a>
<a href="/api/v1/config">configuration</a></footer>
</body></html>
)";

std::string badge(bool good, std::string_view yes, std::string_view no) {
  return fmt::format("<span class=\"badge {}\">{}</span>", good ? "good" : "bad", good ? yes : no);
}

// One figure with its caption, and in small what bounds or qualifies it.
std::string tile(std::string_view caption, const std::string& value, const std::string& note = "") {
  return fmt::format("<div class=tile><dt>{}</dt><dd>{}</dd>{}</div>\n", caption, value,
                     note.empty() ? "" : "<dd class=note>" + note + "</dd>");
}

std::string accuracy_tile(const VerdictCounts& verdicts) {
  const auto n = static_cast<double>(verdicts.all());
  if (n == 0) return tile("Accuracy", "–", "nothing judged yet");
  const auto bounds = wilson(verdicts.score, n);
  return tile(
      "Accuracy", percentage(verdicts.score / n),
      fmt::format("95 %: {} to {}, n = {}", percentage(bounds.lower), percentage(bounds.upper), verdicts.all()));
}

std::string progress_tile(const TargetSnapshot& target) {
  const auto done = std::accumulate(target.queries.begin(), target.queries.end(), std::uint64_t{0});
  return tile("Queries", std::to_string(done),
              fmt::format("cycle {}: {} of {} done; {} in flight, {} to judge", target.cycle, target.cycle_done,
                          target.info.replayed.queries(), target.in_flight, target.judgements_pending));
}

// The headline, in each scope.
std::string intelligence_tiles(const TargetSnapshot& target) {
  std::string html;
  for (const auto& [labels, energy] : target.energy)
    html += tile("Intelligence per joule", figure(efficiency(all_metered(energy)).per_joule),
                 fmt::format("{}, {}", to_text(labels.first), to_text(labels.second)));
  return html;
}

std::string latency_tiles(const TargetSnapshot& target) {
  const auto per_token = mean(target.per_output_token);
  return tile("Time to first token", figure(mean(target.first_token), "s"), "mean") +
         tile("Answer time", figure(mean(target.duration), "s"), "mean, to the last token") +
         tile("Speed", figure(per_token ? ratio(1, *per_token) : std::nullopt, "tokens/s"), "per stream, mean");
}

std::string energy_table(const TargetSnapshot& target) {
  if (target.energy.empty()) return "<p>No power is metered for this target.</p>\n";
  HtmlTable table(
      {"Scope", "Power is", "Queries", "J / query", "IPJ (1/J)", "IPW by query (1/W)", "IPW by time (1/W)"});
  for (const auto& [labels, energy] : target.energy) {
    const auto metered = all_metered(energy);
    const auto e = efficiency(metered);
    table.row({std::string(to_text(labels.first)), std::string(to_text(labels.second)), std::to_string(metered.queries),
               figure(e.joules_per_query), figure(e.per_joule), figure(e.per_watt_by_query),
               figure(e.per_watt_by_time)});
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

std::string failures_table(const std::vector<AttemptRecord>& failures) {
  if (failures.empty()) return "";
  HtmlTable table({"Failed at", "Query", "Outcome", "Reason"});
  for (const auto& record : std::span(failures).first(std::min(kFailuresShown, failures.size())))
    table.row({rfc3339(record.ended_at).substr(0, 19) + "Z", escaped(shortened(record.query_id, 80)),
               std::string(to_text(record.outcome)), escaped(shortened(record.outcome_reason, kReasonShown))});
  return "<h3>Recent failures</h3>\n" + table.html();
}

std::string target_section(const TargetSnapshot& target) {
  const auto verdicts = all_verdicts(target);
  std::string html =
      fmt::format("<section><h2>{} {}</h2>\n<p class=about>{} on {} · {} · {} · {}</p>\n", escaped(target.info.name),
                  badge(target.up, "answers", "does not answer"), escaped(target.info.model),
                  escaped(target.info.accelerator), escaped(target.info.corpus), escaped(target.info.url),
                  target.info.demo ? "built-in demo server" : escaped(target.info.locality));
  if (target.paused)
    html += fmt::format("<p class=paused>Paused ({}): {}</p>\n", to_text(*target.paused),
                        escaped(shortened(target.paused_why, kReasonShown)));
  html += "<dl class=tiles>\n" + accuracy_tile(verdicts) + intelligence_tiles(target) + progress_tile(target) +
          latency_tiles(target) + "</dl>\n" + energy_table(target);
  html += fmt::format("<p class=counts>Verdicts: {}<br>Outcomes: {}</p>\n",
                      counts_text<replay::VerdictKind>(verdicts.by_kind), counts_text<replay::Outcome>(target.queries));
  return html + failures_table(target.recent_failures) + "</section>\n";
}

std::string books_section(const std::vector<BookSnapshot>& books) {
  HtmlTable table({"Device", "Scope", "Power is", "Metered", "Queries", "Idle", "Unattributed", "Other", "Behind"});
  for (const auto& book : books) {
    const auto share = [&](Share s) { return book.shares[static_cast<std::size_t>(s)].value; };
    const double other = share(Share::invalid) + share(Share::cancelled) + share(Share::warmup) + share(Share::judge) +
                         share(Share::foreign);
    table.row({escaped(book.device_name.empty() ? book.device : book.device_name), std::string(to_text(book.scope)),
               std::string(to_text(book.quality)), figure(book.metered.value, "J"), figure(share(Share::query), "J"),
               figure(share(Share::idle), "J"), figure(share(Share::unattributed), "J"), figure(other, "J"),
               figure(book.lag.value, "s")});
  }
  return "<section><h2>Where the joules went</h2>\n" +
         (books.empty() ? "<p>No power source, so no books.</p>\n" : table.html()) + "</section>\n";
}

std::string channels_section(const std::vector<ChannelSnapshot>& channels) {
  HtmlTable table({"Channel", "State", "Power", "Energy so far", "Power is", "Device"});
  for (const auto& channel : channels) {
    auto state = badge(channel.up, "up", "down");
    if (!channel.reason.empty()) state += " " + escaped(shortened(channel.reason, kReasonShown));
    table.row({escaped(channel.source + "/" + channel.channel), state,
               figure(channel.power ? std::optional(channel.power->value) : std::nullopt, "W"),
               figure(channel.energy.value, "J"), std::string(to_text(channel.quality)), escaped(channel.device)});
  }
  return "<section><h2>Power channels</h2>\n" +
         (channels.empty() ? "<p>None was found; <code>ipw-sidecar probes</code> says why.</p>\n" : table.html()) +
         "</section>\n";
}

}  // namespace

Response status_page(const Snapshot& snapshot, const std::string& demo_notice) {
  std::string html = kHead;
  html += "<main>\n";
  if (!demo_notice.empty()) html += "<p class=demo role=note><strong>Demo.</strong> " + escaped(demo_notice) + "</p>\n";
  for (const auto& target : snapshot.targets) html += target_section(target);
  html += books_section(snapshot.books) + channels_section(snapshot.channels);
  html += fmt::format("<p class=at>As of {}; this process: {} of CPU, {} of memory.</p>\n</main>\n",
                      rfc3339(snapshot.at).substr(0, 19) + "Z", figure(snapshot.process.cpu_seconds, "s"),
                      figure(static_cast<double>(snapshot.process.resident_bytes) / 1048576, "MiB"));
  html += kFoot;
  return {200,
          "text/html; charset=utf-8",
          std::move(html),
          {{"Content-Security-Policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}}};
}

}  // namespace ipw::web
