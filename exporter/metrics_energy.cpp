#include <algorithm>

#include "exporter/metrics_builder.hpp"

namespace ipw::metrics {
namespace {

using enum prometheus::MetricType;

Labels with_energy(const Labels& base, const EnergyLabels& energy) {
  return labels(base, {{"scope", to_text(energy.first)}, {"quality", to_text(energy.second)}});
}

// The five that advance together: every ratio of them is over the same queries.
void add_metered(const std::vector<TargetSnapshot>& targets, const std::vector<Labels>& names, const Sink& out) {
  Family queries("ipw_metered_queries_total", "Judged queries whose energy is valid in the scope.", Counter);
  Family score("ipw_metered_score_total", "Sum of the scores of the metered queries.", Counter);
  Family energy("ipw_metered_energy_joules_total", "Gross joules of the metered queries, all their attempts.", Counter);
  Family seconds("ipw_metered_seconds_total", "The metered queries' shares of busy time, split like the energy.",
                 Counter);
  Family watts("ipw_metered_power_watts_total", "Sum of the scope's mean power while each metered query ran.", Counter);
  std::size_t series = 0;
  for (const auto& target : targets)
    for (const auto& [scope, counts] : target.energy) series += counts.metered.size();
  for (auto* family : {&queries, &score, &energy, &seconds, &watts}) family->reserve(series);
  for (std::size_t t = 0; t < targets.size(); ++t)
    for (const auto& [scope, counts] : targets[t].energy)
      for (const auto& [slice, metered] : counts.metered) {
        auto sliced = with_energy(labels(names[t], {{"subject", slice.first}, {"language", slice.second}}), scope);
        queries.add(sliced, metered.queries);
        score.add(sliced, metered.score);
        energy.add(sliced, metered.energy.value);
        seconds.add(sliced, metered.seconds.value);
        watts.add(std::move(sliced), metered.watts);
      }
  for (auto* family : {&queries, &score, &energy, &seconds, &watts}) family->move_to(out);
}

void add_query_energy(const std::vector<TargetSnapshot>& targets, const std::vector<Labels>& names, const Sink& out) {
  Family joules("ipw_query_energy_joules", "Gross joules of a metered query, all its attempts.",
                prometheus::MetricType::Histogram);
  Family active("ipw_query_active_energy_joules_total",
                "Active joules of the metered queries: gross less their part of the idle floor.", Counter);
  Family phase("ipw_phase_energy_joules_total", "The active joules by phase.", Counter);
  Family validity("ipw_query_energy_validity_total",
                  "Queries that count, by whether their energy may be believed; all but ok are in no ratio.", Counter);
  Family watts("ipw_query_power_watts", "Mean power of the scope while a metered query ran.",
               prometheus::MetricType::Histogram);
  for (std::size_t t = 0; t < targets.size(); ++t)
    for (const auto& [scope, counts] : targets[t].energy) {
      const auto scoped = with_energy(names[t], scope);
      joules.add(scoped, counts.query_joules);
      active.add(scoped, counts.active.value);
      phase.add(labels(scoped, {{"phase", "prefill"}}), counts.prefill.value);
      phase.add(labels(scoped, {{"phase", "decode"}}), counts.decode.value);
      for (std::size_t i = 0; i < kValidities; ++i)
        validity.add(labels(scoped, {{"validity", to_text(static_cast<Validity>(i))}}), counts.validity[i]);
      watts.add(scoped, counts.query_watts);
    }
  for (auto* family : {&joules, &active, &phase, &validity, &watts}) family->move_to(out);
}

// How each meter's joules are split among those who were there.
void add_splits(const std::vector<BookSnapshot>& books, const Sink& out) {
  Family weights("ipw_attribution_weight",
                 "What a second of work and a token are worth when joules are split: joules where they were fitted.",
                 Gauge);
  Family errors("ipw_attribution_weight_standard_error", "One standard deviation of the weight.", Gauge);
  Family info("ipw_attribution_info", "How joules are split, and where the weights and the idle floor come from.",
              Gauge);
  for (const auto& book : books) {
    if (book.channels.empty()) continue;
    const auto& split = book.split;
    const Labels place{{"device", book.device}, {"scope", std::string(to_text(book.scope))}};
    for (std::size_t i = 0; i < kWorkKinds; ++i) {
      const auto kind = labels(place, {{"kind", to_text(static_cast<WorkKind>(i))}});
      weights.add(kind, split.weights[i]);
      errors.add(kind, split.errors[i]);
    }
    const auto floor = !split.idle_floor ? "none" : split.floor_configured ? "configured" : "learned";
    info.add(
        labels(place, {{"strategy", to_text(split.strategy)}, {"weights", to_text(split.origin)}, {"idle", floor}}),
        1.0);
  }
  for (auto* family : {&weights, &errors, &info}) family->move_to(out);
}

void add_books(const std::vector<BookSnapshot>& books, const Sink& out) {
  Family shares("ipw_energy_joules_total", "What became of each device's joules; the shares add up to its scope's.",
                Counter);
  Family metered("ipw_scope_energy_joules_total", "The meter, cut at the instant up to which the books are written.",
                 Counter);
  Family lag("ipw_books_lag_seconds", "How far behind now the books are.", Gauge);
  Family floor("ipw_idle_power_watts", "The idle floor in use.", Gauge);
  Family info("ipw_scope_info", "The channels that are added up for a device in a scope.", Gauge);
  for (const auto& book : books) {
    const Labels place{{"device", book.device}, {"scope", std::string(to_text(book.scope))}};
    const auto whole = labels(place, {{"quality", to_text(book.quality)}});
    for (std::size_t i = 0; i < kShares; ++i)
      shares.add(labels(whole, {{"share", to_text(static_cast<Share>(i))}}), book.shares[i].value);
    metered.add(whole, book.metered.value);
    lag.add(whole, book.lag.value);
    if (book.split.idle_floor) floor.add(place, book.split.idle_floor->value);
    std::string channels;
    for (const auto& channel : book.channels) channels += (channels.empty() ? "" : ",") + channel;
    info.add(labels(whole, {{"device_name", book.device_name}, {"channels", channels}}), 1.0);
  }
  for (auto* family : {&shares, &metered, &lag, &floor, &info}) family->move_to(out);
}

void add_channels(const std::vector<ChannelSnapshot>& channels, const Sink& out) {
  Family energy("ipw_source_energy_joules_total", "The meter as it stands now.", Counter);
  Family power("ipw_source_power_watts", "Power now; absent while it is not known.", Gauge);
  Family up("ipw_source_up", "Whether the latest reading succeeded.", Gauge);
  Family period("ipw_source_update_period_seconds", "How often the sensor's value really moves, as learned.", Gauge);
  Family check("ipw_source_crosscheck_ratio", "Energy by the counter over integrated power, where a source gives both.",
               Gauge);
  Family events("ipw_source_events_total", "What was unusual about readings.", Counter);
  for (const auto& channel : channels) {
    const Labels name{{"source", channel.source}, {"channel", channel.channel}, {"device", channel.device}};
    energy.add(labels(name, {{"quality", to_text(channel.quality)}}), channel.energy.value);
    if (channel.power) power.add(name, channel.power->value);
    up.add(name, channel.up ? 1.0 : 0.0);
    if (channel.update_period) period.add(name, channel.update_period->value);
    if (channel.crosscheck) check.add(name, *channel.crosscheck);
    for (std::size_t i = 0; i < probes::kMeterEvents; ++i) {
      const auto event = static_cast<probes::MeterEvent>(i);
      if (event != probes::MeterEvent::normal)
        events.add(labels(name, {{"event", probes::to_text(event)}}), channel.events[i]);
    }
    events.add(labels(name, {{"event", "read_error"}}), channel.read_errors);
  }
  for (auto* family : {&energy, &power, &up, &period, &check, &events}) family->move_to(out);
}

void add_devices(const std::vector<DeviceSnapshot>& devices, const Sink& out) {
  Family info("ipw_device_info", "What draws power, by what it is driven and how it is divided.", Gauge);
  Family power_cap("ipw_device_power_cap_watts", "The power limit enforced now.", Gauge);
  Family clock("ipw_device_clock_hertz", "Clock of the compute units now.", Gauge);
  Family clock_cap("ipw_device_clock_cap_hertz", "The highest clock allowed now.", Gauge);
  Family throttled("ipw_device_throttled", "Whether this makes the device slower now; every reason seen since start.",
                   Gauge);
  for (const auto& [name, now, reasons] : devices) {
    const Labels device{{"device", now.device}};
    info.add(labels(device, {{"device_name", name}, {"driver", now.driver}, {"partition", now.partition}}), 1.0);
    if (now.power_cap) power_cap.add(device, now.power_cap->value);
    if (now.clock_hertz) clock.add(device, *now.clock_hertz);
    if (now.clock_cap_hertz) clock_cap.add(device, *now.clock_cap_hertz);
    for (const auto& reason : reasons)
      throttled.add(labels(device, {{"reason", reason}}), std::ranges::count(now.throttled_by, reason) > 0 ? 1.0 : 0.0);
  }
  for (auto* family : {&info, &power_cap, &clock, &clock_cap, &throttled}) family->move_to(out);
}

}  // namespace

void add_energy(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out) {
  add_metered(snapshot.targets, targets, out);
  add_query_energy(snapshot.targets, targets, out);
  add_books(snapshot.books, out);
  add_splits(snapshot.books, out);
  add_channels(snapshot.channels, out);
  add_devices(snapshot.devices, out);
}

}  // namespace ipw::metrics
