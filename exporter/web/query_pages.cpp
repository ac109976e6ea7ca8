#include "exporter/web/query_pages.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/quantity_text.hpp"
#include "base/text.hpp"
#include "exporter/record_text.hpp"
#include "exporter/web/power_samples.hpp"
#include "exporter/web/reply.hpp"

namespace ipw::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kJson = "application/json";
constexpr std::string_view kQueries = "/api/v1/queries/";
constexpr std::size_t kMaxSamples = 600;
constexpr Range<std::int64_t> kLimits{1, 1000};
constexpr Range<std::int64_t> kSeconds{1, 3600};

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

Result<void> check_names(const Request& request, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : request.query)
    if (std::ranges::find(known, name) == known.end())
      return Error{Errc::invalid, "unknown parameter `" + shortened(name, 40) + "`; accepted: " + join(known, ", ")};
  return {};
}

Result<std::int64_t> integer(const Request& request, const std::string& name, std::int64_t fallback,
                             Range<std::int64_t> range) {
  if (!request.query.contains(name)) return fallback;
  const auto value = parse_integer(request.parameter(name));
  if (value && *value >= range.least && *value <= range.most) return *value;
  return Error{Errc::invalid, "`" + name + "` must be a whole number from " + std::to_string(range.least) + " to " +
                                  std::to_string(range.most)};
}

// One of the names of Kind, or "" for any.
template <class Kind, std::size_t kCount>
Result<std::string> kind(const Request& request, const std::string& name) {
  const auto value = request.parameter(name);
  if (value.empty()) return value;
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < kCount; ++i) known.push_back(to_text(static_cast<Kind>(i)));
  if (std::ranges::find(known, value) != known.end()) return value;
  return Error{Errc::invalid, "unknown " + name + " `" + shortened(value, 40) + "`; accepted: " + join(known, ", ")};
}

Result<QueryFilter> filter_of(const Request& request) {
  if (auto ok = check_names(request, {"target", "verdict", "outcome", "limit"}); !ok) return ok.error();
  const auto verdict = kind<replay::VerdictKind, replay::kVerdictKinds>(request, "verdict");
  if (!verdict) return verdict.error();
  const auto outcome = kind<replay::Outcome, replay::kOutcomes>(request, "outcome");
  if (!outcome) return outcome.error();
  const auto limit = integer(request, "limit", 100, kLimits);
  if (!limit) return limit.error();
  return QueryFilter{request.parameter("target"), *verdict, *outcome, static_cast<std::size_t>(*limit)};
}

// Every channel's samples during `when`, stamped by `stamp` in seconds. Channels without any are left out.
template <class Stamp>
Json channels_power(const probes::Rig& rig, Interval when, Stamp stamp) {
  Json channels = Json::array();
  for (const auto& [id, source, channel] : rig.topology().channels()) {
    Json samples = Json::array();
    for (const auto& [over, mean] : power_samples(rig.timeline(), id, when, kMaxSamples)) {
      const double at = stamp(over.begin + (over.end - over.begin) / 2);
      samples.push_back({std::round(at * 1e4) / 1e4, mean ? Json(mean->value) : Json(nullptr)});
    }
    if (samples.empty()) continue;
    channels.push_back({{"source", source},
                        {"channel", channel.name},
                        {"device", channel.device.id},
                        {"quality", probes::to_text(channel.quality)},
                        {"samples", std::move(samples)}});
  }
  return channels;
}

MonoTime mono(const WallAnchor& anchor, WallTime at) {
  return MonoTime{} + std::chrono::duration_cast<MonoTime::duration>(at - anchor.wall(MonoTime{}));
}

}  // namespace

Response queries_page(const PageSources& sources, const Request& request) {
  const auto filter = filter_of(request);
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
  if (sources.journal == nullptr) return no_journal();
  const std::string id = request.path.substr(kQueries.size());
  const auto record = sources.journal->find(id);
  if (!record) return error_page(record.error());
  if (!*record) return error_response(404, "no attempt has the id `" + shortened(id, 100) + "`");

  Json out = Json::parse(to_json(**record));
  out["power_samples"] = Json::array();
  if (sources.rig != nullptr) {
    const Interval window{mono(sources.anchor, (*record)->sent_at), mono(sources.anchor, (*record)->ended_at)};
    out["power_samples"] =
        channels_power(*sources.rig, window, [&](MonoTime at) { return between(window.begin, at).value; });
  }
  return {200, kJson, out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

Response power_page(const PageSources& sources, const Request& request) {
  if (auto ok = check_names(request, {"seconds"}); !ok) return error_page(ok.error());
  const auto seconds = integer(request, "seconds", 300, kSeconds);
  if (!seconds) return error_page(seconds.error());

  Json out = {{"seconds", *seconds}, {"channels", Json::array()}};
  if (sources.rig != nullptr) {
    const auto now = std::chrono::steady_clock::now();
    out["channels"] = channels_power(*sources.rig, {now - std::chrono::seconds(*seconds), now}, [&](MonoTime at) {
      return std::chrono::duration<double>(sources.anchor.wall(at).time_since_epoch()).count();
    });
  }
  return {200, kJson, out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace ipw::web
