#include "exporter/web/query_pages.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/text.hpp"
#include "exporter/record_text.hpp"
#include "exporter/web/power_samples.hpp"
#include "exporter/web/query_filter.hpp"
#include "exporter/web/reply.hpp"

namespace ipw::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kJson = "application/json";
constexpr std::string_view kQueries = "/api/v1/queries/";
constexpr std::int64_t kMaxSamples = 600;
constexpr std::size_t kMaxQueries = 512;
constexpr Range<std::int64_t> kSeconds{1, 3600}, kMargins{0, 60}, kSamples{10, kMaxSamples};

Response error_page(const Error& error) {
  switch (error.code) {
    case Errc::invalid:
      return error_response(400, error.message);
    case Errc::retry:
    case Errc::unavailable:
    case Errc::cancelled:
      return error_response(503, error.message);
    case Errc::internal:
      break;
  }
  return error_response(500, error.message);
}

Response no_journal() {
  return error_response(503, "no journal is open");
}

// Every channel's samples during `when`, stamped by `stamp` in seconds. Channels without any are left out.
template <class Stamp>
Json channels_power(const probes::Rig& rig, Interval when, Stamp stamp, std::int64_t most = kMaxSamples) {
  Json channels = Json::array();
  for (const auto& [id, source, channel] : rig.topology().channels()) {
    Json samples = Json::array();
    for (const auto& [over, mean] : power_samples(rig.timeline(), id, when, static_cast<std::size_t>(most))) {
      const double at = stamp(over.begin + (over.end - over.begin) / 2);
      samples.push_back({std::round(at * 1e4) / 1e4, mean ? Json(mean->value) : Json(nullptr)});
    }
    if (samples.empty()) continue;
    channels.push_back({{"source", source},
                        {"channel", channel.name},
                        {"device", channel.device.id},
                        {"device_name", channel.device.name},
                        {"quality", probes::to_text(channel.quality)},
                        {"samples", std::move(samples)}});
  }
  return channels;
}

double unix_seconds(WallTime at) {
  return std::round(std::chrono::duration<double>(at.time_since_epoch()).count() * 1e4) / 1e4;
}

// The attempts that run, or ended since then: what is drawn along the power. Of many targets fewer each.
Json recent_queries(const Snapshot& snapshot, WallTime since) {
  Json queries = Json::array();
  const auto time = [](std::optional<WallTime> at) { return at ? Json(unix_seconds(*at)) : Json(); };
  const auto most = std::max<std::size_t>(32, kMaxQueries / std::max<std::size_t>(1, snapshot.targets.size()));
  for (const auto& target : snapshot.targets)
    for (const auto& span : std::span(target.recent_attempts).first(std::min(most, target.recent_attempts.size())))
      if (!span->ended_at || *span->ended_at >= since)
        queries.push_back({{"id", span->id},
                           {"query_id", span->query_id},
                           {"target", target.info.name},
                           {"warmup", span->warmup},
                           {"sent_at", time(span->sent_at)},
                           {"first_token_at", time(span->first_token_at)},
                           {"ended_at", time(span->ended_at)},
                           {"outcome", span->outcome ? Json(replay::to_text(*span->outcome)) : Json()},
                           {"answered", span->outcome ? Json(replay::answered(*span->outcome)) : Json()}});
  return queries;
}

MonoTime mono(const WallAnchor& anchor, WallTime at) {
  return MonoTime{} + std::chrono::duration_cast<MonoTime::duration>(at - anchor.wall(MonoTime{}));
}

}  // namespace

Response queries_page(const PageSources& sources, const Request& request) {
  const auto filter = query_filter(request, 100);
  if (!filter) return error_page(filter.error());
  if (sources.journal == nullptr) return no_journal();
  const auto records = sources.journal->queries(*filter);
  if (!records) return error_page(records.error());
  std::string body = "{\"queries\":[";
  for (const auto& record : *records) {
    if (&record != &records->front()) body += ",\n";
    body += trim(to_json(record));
  }
  return {200, kJson, body + "]}\n"};
}

Response query_page(const PageSources& sources, const Request& request) {
  if (auto ok = check_names(request, {"margin"}); !ok) return error_page(ok.error());
  const auto margin = integer(request, "margin", 0, kMargins);
  if (!margin) return error_page(margin.error());
  if (sources.journal == nullptr) return no_journal();
  const std::string id = request.path.substr(kQueries.size());
  const auto record = sources.journal->find(id);
  if (!record) return error_page(record.error());
  if (!*record) return error_response(404, "no attempt has the id `" + shortened(id, 100) + "`");

  Json out = Json::parse(to_json(**record));
  out["power_samples"] = Json::array();
  if (sources.rig != nullptr) {
    const auto sent = mono(sources.anchor, (*record)->sent_at), ended = mono(sources.anchor, (*record)->ended_at);
    const std::chrono::seconds more(*margin);
    out["power_samples"] =
        channels_power(*sources.rig, {sent - more, ended + more}, [&](MonoTime at) { return between(sent, at).value; });
  }
  return {200, kJson, out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

Response power_page(const PageSources& sources, const Request& request) {
  if (auto ok = check_names(request, {"seconds", "samples"}); !ok) return error_page(ok.error());
  const auto seconds = integer(request, "seconds", 300, kSeconds);
  if (!seconds) return error_page(seconds.error());
  const auto samples = integer(request, "samples", kMaxSamples, kSamples);
  if (!samples) return error_page(samples.error());

  const auto snapshot = sources.snapshots->get();
  Json out = {{"seconds", *seconds}, {"now", unix_seconds(WallTime::clock::now())}, {"channels", Json::array()}};
  out["queries"] = recent_queries(*snapshot, snapshot->at - std::chrono::seconds(*seconds));
  if (sources.rig != nullptr) {
    const auto now = std::chrono::steady_clock::now();
    out["channels"] = channels_power(
        *sources.rig, {now - std::chrono::seconds(*seconds), now},
        [&](MonoTime at) { return unix_seconds(sources.anchor.wall(at)); }, *samples);
  }
  return {200, kJson, out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace ipw::web
