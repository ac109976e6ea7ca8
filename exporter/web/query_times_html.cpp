#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "exporter/web/html.hpp"
#include "exporter/web/query_html.hpp"

namespace ipw::web {
namespace {

double seconds_between(WallTime from, WallTime to) {
  return std::chrono::duration<double>(to - from).count();
}

struct Mark {
  std::string_view name;
  std::optional<double> at;  // seconds since it was sent
  std::string_view phase;    // what begins there, and the class of its colour
  std::string_view style;
};

std::vector<Mark> marks_of(const AttemptRecord& record) {
  const auto since_sent = [&](std::optional<WallTime> at) {
    return at ? std::optional(seconds_between(record.sent_at, *at)) : std::nullopt;
  };
  const auto answer = record.time_to_answer ? std::optional(record.time_to_answer->value) : std::optional<double>();
  const bool reasons = answer && record.time_to_first_token && *answer > record.time_to_first_token->value;
  return {{"Scheduled", since_sent(record.scheduled_at), "waiting to be sent", "phase-wait"},
          {"Sent", 0, "reading the prompt", "phase-prefill"},
          {"First token", since_sent(record.first_token_at), reasons ? "reasoning" : "writing the answer",
           reasons ? "phase-reasoning" : "phase-decode"},
          {"First token of the answer", answer, reasons ? "writing the answer" : "", "phase-decode"},
          {"Last token", since_sent(record.last_token_at), "end of the stream", "phase-end"},
          {"Ended", since_sent(record.ended_at), "", ""}};
}

std::string bar_of(const std::vector<Mark>& marks) {
  const double begin = *marks.front().at, whole = *marks.back().at - begin;
  if (whole <= 0) return "";
  std::vector<BarPart> parts;
  std::string words;
  const Mark* last = nullptr;
  for (const auto& mark : marks) {
    if (!mark.at || (mark.phase.empty() && &mark != &marks.back())) continue;
    if (last != nullptr && *mark.at > *last->at) {
      const double length = *mark.at - *last->at;
      const auto text = fmt::format("{} {:.3g} s", last->phase, length);
      parts.push_back({text, length / whole, std::string(last->style)});
      words += (words.empty() ? "" : ", ") + text;
    }
    last = &mark;
  }
  return bar_html(parts, words);
}

}  // namespace

std::string query_times_html(const AttemptRecord& record) {
  const auto marks = marks_of(record);
  HtmlTable table("Times", {"", "At (UTC)", "After it was sent", "What began"});
  for (const auto& mark : marks) {
    const auto at = mark.at ? std::optional(record.sent_at + std::chrono::duration_cast<WallTime::duration>(
                                                                 std::chrono::duration<double>(*mark.at)))
                            : std::nullopt;
    const auto key = mark.phase.empty() || !mark.at
                         ? std::string(mark.phase)
                         : fmt::format("<span class=\"key {}\">{}</span>", mark.style, mark.phase);
    table.row({std::string(mark.name), at ? time_html(*at, true) : "–", mark.at ? figure(mark.at, "s") : "–", key});
  }
  std::string html = "<section aria-labelledby=times><h2 id=times>Times</h2>\n" + bar_of(marks) + table.html();
  const std::array<std::pair<std::string_view, std::optional<Seconds>>, 5> server{
      {{"loading the model", record.server.load},
       {"queue", record.server.queue},
       {"prefill", record.server.prefill},
       {"decode", record.server.decode},
       {"total", record.server.total}}};
  std::string says;
  for (const auto& [name, time] : server)
    if (time) says += fmt::format("{}{} {}", says.empty() ? "" : ", ", name, figure(time->value, "s"));
  if (!says.empty()) html += "<p class=counts>The server says: " + says + ".</p>\n";
  return html + "</section>\n";
}

std::string query_energy_html(const AttemptRecord& record) {
  std::string html = "<section aria-labelledby=energy><h2 id=energy>Energy</h2>\n";
  if (record.energy.empty()) return html + "<p>No power was metered for this target.</p></section>\n";
  HtmlTable table("Energy by scope", {"Scope", "Power is", "Valid", "Gross", "± (one sd)", "Active", "Prefill",
                                      "Decode", "Mean power of the scope"});
  for (const auto& scope : record.energy) {
    const bool known = scope.validity != Validity::gap && scope.validity != Validity::reset;
    const auto cell = [known](double value, std::string_view unit) {
      return figure(known ? std::optional(value) : std::nullopt, unit);
    };
    const bool good = scope.validity == Validity::ok;
    table.row({std::string(to_text(scope.scope)), std::string(to_text(scope.quality)),
               fmt::format("<span class=\"badge {}\">{}</span>", good ? "good" : "bad", to_text(scope.validity)),
               cell(scope.gross.value, "J"), cell(scope.sd.value, "J"), cell(scope.active.value, "J"),
               cell(scope.prefill.value, "J"), cell(scope.decode.value, "J"), cell(scope.mean_power.value, "W")});
  }
  return html + table.html() +
         "<p class=counts>Gross contains the query's share of the idle floor, active does not; each scope contains the "
         "one "
         "before.</p></section>\n";
}

}  // namespace ipw::web
