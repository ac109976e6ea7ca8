#include "exporter/web/query_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "exporter/web/html.hpp"
#include "exporter/web/page_frame.hpp"
#include "exporter/web/query_filter.hpp"
#include "exporter/web/query_html.hpp"

namespace ipw::web {
namespace {

constexpr std::string_view kPage = "/queries/";
constexpr std::size_t kShown = 100;
constexpr const char* kElsewhere =
    "<a href=\"/queries\">The latest queries</a> and <a href=\"/\">the status</a> may help.";

Response failed(const Error& error) {
  const bool wrong = error.code == Errc::invalid;
  return trouble_page(wrong ? 400 : 503, wrong ? "This page cannot be shown" : "The journal cannot be read",
                      escaped(error.message) + ". " + kElsewhere);
}

PowerHistory history_of(const PageSources& sources, const AttemptRecord& record) {
  PowerHistory history;
  if (sources.rig == nullptr) return history;
  const auto& timeline = sources.rig->timeline();
  for (const auto& channel : sources.rig->topology().channels()) {
    const auto since = timeline.covered_since(channel.id);
    if (!since) continue;
    const auto began = sources.anchor.wall(*since);
    history.since = std::min(history.since.value_or(began), began);
    history.known = history.known || began < record.ended_at;
  }
  return history;
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

// The address of the list with one of its filters set to that.
std::string narrowed(const QueryFilter& filter, std::string_view name, std::string_view value) {
  std::string address = "/queries";
  const auto add = [&](std::string_view parameter, const std::string& current) {
    const auto& chosen = parameter == name ? std::string(value) : current;
    if (!chosen.empty())
      address +=
          fmt::format("{}{}={}", address.find('?') == std::string::npos ? "?" : "&amp;", parameter, encoded(chosen));
  };
  add("target", filter.target);
  add("verdict", filter.verdict);
  add("outcome", filter.outcome);
  return address;
}

struct Choice {
  std::string_view name;
  const std::string& current;
  std::vector<std::string> values;
};

std::string choices_html(const QueryFilter& filter, const Choice& choice) {
  std::string html = fmt::format("<li>{}: ", choice.name);
  const auto option = [&](const std::string& value) {
    html += fmt::format("<a href=\"{}\"{}>{}</a> ", narrowed(filter, choice.name, value),
                        value == choice.current ? " aria-current=true" : "",
                        value.empty() ? "any" : escaped(shortened(value, 60)));
  };
  option("");
  for (const auto& value : choice.values) option(value);
  return html;
}

template <class Kind, std::size_t kCount>
std::vector<std::string> names() {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < kCount; ++i) all.emplace_back(to_text(static_cast<Kind>(i)));
  return all;
}

std::string filters_html(const QueryFilter& filter, const Snapshot& snapshot) {
  std::vector<std::string> targets;
  for (const auto& target : snapshot.targets) targets.push_back(target.info.name);
  return "<nav aria-label=Filters><ul class=filters>\n" +
         choices_html(filter, {"target", filter.target, std::move(targets)}) +
         choices_html(filter, {"verdict", filter.verdict, names<replay::VerdictKind, replay::kVerdictKinds>()}) +
         choices_html(filter, {"outcome", filter.outcome, names<replay::Outcome, replay::kOutcomes>()}) +
         "</ul></nav>\n";
}

}  // namespace

Response queries_view(const PageSources& sources, const Request& request) {
  auto filter = query_filter(request, kShown);
  if (!filter) return failed(filter.error());
  if (sources.journal == nullptr) return failed({Errc::unavailable, "no journal is open"});
  const auto records = sources.journal->queries(*filter);
  if (!records) return failed(records.error());
  const std::string table = records->empty() ? "<p>None is in the journal.</p>\n"
                                             : attempts_table("Latest queries", *records) +
                                                   fmt::format(
                                                       "<p class=counts>The latest {}. Energy is that of the "
                                                       "narrowest metered scope, where it is valid.</p>\n",
                                                       records->size());
  return html_page(
      {.title = "Queries · ipw-sidecar", .here = "/queries"},
      "<section><h1>Queries</h1>\n" + filters_html(*filter, *sources.snapshots->get()) + table + "</section>\n");
}

Response query_view(const PageSources& sources, const Request& request) {
  if (sources.journal == nullptr) return failed({Errc::unavailable, "no journal is open"});
  const std::string id = request.path.substr(kPage.size());
  const auto record = sources.journal->find(id);
  if (!record) return failed(record.error());
  if (!*record)
    return trouble_page(404, fmt::format("No attempt has the id {}", shortened(id, 100)),
                        fmt::format("A query is here about a second after it has ended, once its energy is settled; "
                                    "warm-up queries never are. Another journal may have it. {}",
                                    kElsewhere));
  const auto same = sources.journal->same_query(**record);
  if (!same) return failed(same.error());
  const auto history = history_of(sources, **record);
  return html_page({.title = shortened((*record)->query_id, 80) + " · ipw-sidecar",
                    .charts = history.known,
                    .chart_script = "query.js"},
                   query_html(**record, *same, history));
}

}  // namespace ipw::web
