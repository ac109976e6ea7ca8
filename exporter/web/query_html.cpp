#include "exporter/web/query_html.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "exporter/web/html.hpp"

namespace ipw::web {
namespace {

constexpr std::size_t kNameShown = 80;
constexpr std::size_t kReasonShown = 2000;
constexpr std::size_t kTextShown = 200'000;

std::string verdict_badge(const AttemptRecord& record) {
  if (!record.verdict) return "<span class=\"badge waiting\">not judged</span>";
  const bool right = *record.verdict == replay::VerdictKind::correct || *record.verdict == replay::VerdictKind::tie;
  return fmt::format("<span class=\"badge {}\">{}</span>", right ? "good" : "bad", replay::to_text(*record.verdict));
}

std::string outcome_badge(const AttemptRecord& record) {
  return fmt::format("<span class=\"badge {}\">{}</span>", replay::answered(record.outcome) ? "good" : "bad",
                     replay::to_text(record.outcome));
}

// What a model or a corpus wrote: as it is, in its own direction, scrolling on its own when it is long.
std::string text_block(std::string_view id, std::string_view heading, const std::string& text,
                       const std::string& without) {
  const auto body = text.empty() ? "<p>" + without + "</p>"
                                 : fmt::format("<pre dir=auto tabindex=0 aria-labelledby={}>{}</pre>", id,
                                               escaped(shortened(text, kTextShown)));
  return fmt::format("<section aria-labelledby={0}><h2 id={0}>{1}</h2>\n{2}</section>\n", id, heading, body);
}

std::string heading(const AttemptRecord& record) {
  std::string why = record.outcome_reason;
  if (!record.verdict_reason.empty()) why += (why.empty() ? "" : "; ") + ("the judge read: " + record.verdict_reason);
  return fmt::format(
      "<section><h1>{} {} {}</h1>\n<p class=about>{} on {} · {} · {}</p>\n<p class=reason>{}</p>\n"
      "<p class=counts>Attempt {} of this query in cycle {}{}; subject {}, language {}. "
      "<a href=\"/api/v1{}\">As JSON</a></p></section>\n",
      escaped(shortened(record.query_id, kNameShown)), verdict_badge(record), outcome_badge(record),
      escaped(record.target), escaped(record.accelerator), escaped(record.model), escaped(record.corpus),
      why.empty() ? "" : escaped(shortened(why, kReasonShown)), record.attempt, record.cycle,
      record.final ? ", the last one" : ", another one followed", escaped(record.subject), escaped(record.language),
      query_address(record.id));
}

std::string judged_by(const AttemptRecord& record) {
  if (record.judge.empty()) return "–";
  return escaped(record.judge) + (record.control ? fmt::format(", checked: {}", to_text(*record.control)) : "");
}

std::string tile(std::string_view caption, const std::string& value) {
  return fmt::format("<div class=tile><dt>{}</dt><dd>{}</dd></div>\n", caption, value);
}

std::string facts(const AttemptRecord& record) {
  const auto count = [](std::optional<std::int64_t> n) { return n ? std::to_string(*n) : "–"; };
  const auto& usage = record.usage;
  return "<section aria-labelledby=tokens><h2 id=tokens>Tokens and verdict</h2><dl class=tiles>\n" +
         tile("Input", count(usage.input_tokens)) + tile("of it cached", count(usage.cached_tokens)) +
         tile("Output", count(usage.output_tokens)) + tile("of it reasoning", count(usage.reasoning_tokens)) +
         tile("Score", figure(record.score)) + tile("Judge", judged_by(record)) +
         tile("Concurrency", figure(record.concurrency)) + tile("Cost", figure(record.cost_usd, "USD")) +
         "</dl></section>\n";
}

// static/query.js draws it from the API, and shades prefill and decode by these times.
std::string curve(const AttemptRecord& record, const PowerHistory& history) {
  std::string html = "<section aria-labelledby=curve><h2 id=curve>Power while it ran</h2>\n";
  if (!history.since) return html + "<p>There is no power source, so no curve.</p></section>\n";
  if (!history.known)
    return html + fmt::format(
                      "<p>The curve is gone: power is kept in memory for a time (<code>store.keep_power</code>), "
                      "and since {} UTC at present. The joules below stay.</p></section>\n",
                      time_html(*history.since));
  const auto mark = [](const char* name, std::optional<Seconds> at) {
    return at ? fmt::format(" data-{}={:.6f}", name, at->value) : "";
  };
  const auto since_sent = [&](std::optional<WallTime> at) {
    return at ? std::optional(Seconds{std::chrono::duration<double>(*at - record.sent_at).count()}) : std::nullopt;
  };
  return html +
         fmt::format(
             "<figure id=query-power data-from=\"/api/v1{}\" data-accelerator=\"{}\"{}{}{}{}>\n"
             "<div class=chart tabindex=0 role=img aria-label=\"Power while the query ran\"></div>\n"
             "<p class=readout></p>\n<ul class=\"legend channels\"></ul>\n"
             "<figcaption><span class=\"key phase-prefill\">prefill: sent to first token</span> "
             "<span class=\"key phase-decode\">decode: first to last token</span><br>Arrow keys move along the curve."
             "<noscript> The curve needs JavaScript; its figures are in the JSON.</noscript></figcaption></figure>"
             "</section>\n",
             query_address(record.id), escaped(record.accelerator),
             mark("first-token", since_sent(record.first_token_at)), mark("answer", record.time_to_answer),
             mark("last-token", since_sent(record.last_token_at)), mark("ended", since_sent(record.ended_at)));
}

std::string answer_without(const AttemptRecord& record) {
  if (!replay::answered(record.outcome)) return "No answer came.";
  return "The answer is not kept (<code>store.keep_answers</code>), or it was empty.";
}

}  // namespace

std::string attempts_table(const std::string& name, const std::vector<AttemptRecord>& records) {
  HtmlTable table(name, {"Sent (UTC)", "Query", "Target", "Cycle", "Attempt", "Outcome", "Verdict", "Took", "Energy"});
  for (const auto& record : records) {
    const auto joules = record.energy.empty() || record.energy.front().validity != Validity::ok
                            ? std::nullopt
                            : std::optional(record.energy.front().gross.value);
    table.row({time_html(record.sent_at),
               fmt::format("<a href=\"{}\">{}</a>", query_address(record.id),
                           escaped(shortened(record.query_id, kNameShown))),
               escaped(record.target), std::to_string(record.cycle), std::to_string(record.attempt),
               outcome_badge(record), record.final ? verdict_badge(record) : "–",
               figure(record.duration ? std::optional(record.duration->value) : std::nullopt, "s"),
               figure(joules, "J")});
  }
  return table.html();
}

std::string query_html(const AttemptRecord& record, const std::vector<AttemptRecord>& same,
                       const PowerHistory& history) {
  std::string html = heading(record);
  html += "<div class=texts>" +
          text_block("prompt", "Prompt", record.problem,
                     "The prompt is not kept (<code>store.keep_answers</code>); the corpus has it under this id.") +
          text_block("answer", replay::answered(record.outcome) ? "Answer" : "What came of an answer", record.answer,
                     answer_without(record)) +
          "</div>\n";
  html += query_times_html(record) + curve(record, history) + query_energy_html(record) + facts(record);
  if (same.size() > 1)
    html += "<section aria-labelledby=same><h2 id=same>Other attempts of this query</h2>\n" +
            attempts_table("Attempts of this query", same) +
            "<p class=counts>At this target, up to five cycles before and after.</p></section>\n";
  return html;
}

}  // namespace ipw::web
