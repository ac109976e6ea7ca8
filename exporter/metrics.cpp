#include "exporter/metrics.hpp"

#include <set>

#include "exporter/metrics_builder.hpp"
#include "exporter/regression/target_watch.hpp"
#include "exporter/version.hpp"

namespace ipw {
namespace metrics {

void Family::add(Labels labels, const Histogram& histogram) {
  auto& metric = family_.metric.emplace_back();
  metric.label = std::move(labels);
  const auto bounds = histogram.bounds();
  auto& buckets = metric.histogram.bucket;
  buckets.reserve(bounds.size());
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) buckets.push_back({below += histogram.counts()[i], bounds[i]});
  metric.histogram.sample_count = below + histogram.counts().back();
  metric.histogram.sample_sum = histogram.sum();
  exemplars_.push_back(histogram.exemplars());
}

namespace {

using enum prometheus::MetricType;
using Targets = std::vector<TargetSnapshot>;

// What the source `estimated` takes for a busy core.
constexpr Watts kPerBusyCore{6};

void add_outcomes(const Targets& targets, const std::vector<Labels>& names, const Sink& out) {
  Family queries("ipw_queries_total", "Queries by their final outcome, retries included in one query.", Counter);
  Family attempts("ipw_attempts_total", "Requests by outcome, every retry counted.", Counter);
  for (std::size_t t = 0; t < targets.size(); ++t)
    for (std::size_t i = 0; i < replay::kOutcomes; ++i) {
      const auto outcome = to_text(static_cast<replay::Outcome>(i));
      queries.add(labels(names[t], {{"outcome", outcome}}), targets[t].queries[i]);
      attempts.add(labels(names[t], {{"outcome", outcome}}), targets[t].attempts[i]);
    }
  queries.move_to(out);
  attempts.move_to(out);
}

void add_verdicts(const Targets& targets, const std::vector<Labels>& names, const Sink& out) {
  Family verdicts("ipw_verdicts_total", "Queries by what the judge made of their final answer.", Counter);
  Family scores("ipw_score_total", "Sum of the scores, each from 0 to 1, over the same verdicts.", Counter);
  Family pending("ipw_judgements_pending", "Queries that ended and are not judged yet.", Gauge);
  std::size_t slices = 0;
  for (const auto& target : targets) slices += target.verdicts.size();
  verdicts.reserve(slices * replay::kVerdictKinds);
  scores.reserve(slices);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    for (const auto& [slice, counts] : targets[t].verdicts) {
      auto sliced = labels(names[t], {{"subject", slice.first}, {"language", slice.second}});
      for (std::size_t i = 0; i < replay::kVerdictKinds; ++i)
        verdicts.add(labels(sliced, {{"verdict", to_text(static_cast<replay::VerdictKind>(i))}}), counts.by_kind[i]);
      scores.add(std::move(sliced), counts.score);
    }
    pending.add(names[t], targets[t].judgements_pending);
  }
  verdicts.move_to(out);
  scores.move_to(out);
  pending.move_to(out);
}

void add_latencies(const Targets& targets, const std::vector<Labels>& names, const Sink& out) {
  constexpr struct {
    std::string_view name, help;
    ipw::Histogram TargetSnapshot::*histogram;
  } kHistograms[] = {
      {"ipw_query_duration_seconds", "Sent to last token, of answered queries.", &TargetSnapshot::duration},
      {"ipw_query_scheduled_duration_seconds", "Scheduled to last token, of answered queries.",
       &TargetSnapshot::scheduled_duration},
      {"ipw_time_to_first_token_seconds", "Sent to the first text of any channel.", &TargetSnapshot::first_token},
      {"ipw_time_to_answer_seconds", "Sent to the first text that is not reasoning.", &TargetSnapshot::first_answer},
      {"ipw_inter_token_latency_seconds", "From one piece of text to the next.", &TargetSnapshot::inter_token},
      {"ipw_time_per_output_token_seconds", "First to last token over the tokens after the first, per query.",
       &TargetSnapshot::per_output_token},
      {"ipw_query_concurrency", "Mean number of our attempts in flight at the target while the query ran.",
       &TargetSnapshot::concurrency},
      {"ipw_client_lag_seconds", "The longest that bytes of an attempt had arrived and were not yet read.",
       &TargetSnapshot::client_lag},
  };
  for (const auto& [name, help, histogram] : kHistograms) {
    Family family(name, help, prometheus::MetricType::Histogram);
    for (std::size_t t = 0; t < targets.size(); ++t) family.add(names[t], targets[t].*histogram);
    family.move_to(out);
  }
}

void add_usage(const Targets& targets, const std::vector<Labels>& names, const Sink& out) {
  Family in_flight("ipw_attempts_in_flight", "Requests under way now.", Gauge);
  Family tokens("ipw_tokens_total", "Tokens as the server counts them; the kinds are disjoint.", Counter);
  Family foreign("ipw_foreign_tokens_total",
                 "Tokens that the server has read and generated for others, by its own count less ours.", Counter);
  Family cost("ipw_query_cost_dollars_total", "What the tokens cost at the configured prices.", Counter);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    in_flight.add(names[t], targets[t].in_flight);
    const auto& counts = targets[t].tokens;
    tokens.add(labels(names[t], {{"kind", "input"}}), counts.input);
    tokens.add(labels(names[t], {{"kind", "cached"}}), counts.cached);
    tokens.add(labels(names[t], {{"kind", "reasoning"}}), counts.reasoning);
    tokens.add(labels(names[t], {{"kind", "output"}}), counts.output);
    if (targets[t].foreign) {
      foreign.add(labels(names[t], {{"kind", "input"}}), targets[t].foreign->input);
      foreign.add(labels(names[t], {{"kind", "output"}}), targets[t].foreign->output);
    }
    if (targets[t].cost_usd) cost.add(names[t], *targets[t].cost_usd);
  }
  in_flight.move_to(out);
  tokens.move_to(out);
  foreign.move_to(out);
  cost.move_to(out);
}

void add_health(const Targets& targets, const Sink& out) {
  Family up("ipw_target_up", "Whether the server is ready and the latest query was answered.", Gauge);
  Family last("ipw_target_last_query_timestamp_seconds", "When the latest query ended, Unix time.", Gauge);
  for (const auto& target : targets) {
    up.add({{"target", target.info.name}}, target.up ? 1.0 : 0.0);
    if (!target.last_query) continue;
    const auto at = std::chrono::duration<double>(target.last_query->time_since_epoch());
    last.add({{"target", target.info.name}}, at.count());
  }
  up.move_to(out);
  last.move_to(out);
}

void add_politeness(const Targets& targets, const Sink& out) {
  Family paused("ipw_replay_paused", "Whether nothing is sent for this reason.", Gauge);
  Family left("ipw_budget_remaining_ratio", "What is left of the day's budget, from 1 to 0.", Gauge);
  Family running("ipw_server_requests_running", "Requests that the server works on, by its own count.", Gauge);
  Family waiting("ipw_server_requests_waiting", "Requests that wait at the server, by its own count.", Gauge);
  for (const auto& target : targets) {
    const Labels name{{"target", target.info.name}};
    for (std::size_t i = 0; i < replay::kPauseReasons; ++i) {
      const auto reason = static_cast<replay::PauseReason>(i);
      paused.add(labels(name, {{"reason", to_text(reason)}}), target.paused == reason ? 1.0 : 0.0);
    }
    for (const auto& [what, ratio] : target.budget_remaining) left.add(labels(name, {{"reason", what}}), ratio);
    if (target.server_running) running.add(name, static_cast<double>(*target.server_running));
    if (target.server_waiting) waiting.add(name, static_cast<double>(*target.server_waiting));
  }
  for (auto* family : {&paused, &left, &running, &waiting}) family->move_to(out);
}

void add_infos(const Targets& targets, const std::vector<Labels>& names, const Sink& out) {
  Family build("ipw_build_info", "Which build this is.", Gauge);
  build.add({{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}, 1.0);
  Family infos("ipw_target_info", "What each target is; demo says that a built-in server answers.", Gauge);
  Family corpora("ipw_corpus_info", "What is replayed: how many of its queries, and a digest of those.", Gauge);
  std::set<std::string> seen;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const auto& info = targets[t].info;
    const auto& energy = targets[t].energy;
    const auto quality = energy.empty() ? "none" : to_text(energy.begin()->first.second);
    auto what = labels(names[t], {{"url", info.url},
                                  {"dialect", info.dialect},
                                  {"locality", info.locality},
                                  {"quality", quality},
                                  {"demo", info.demo ? "true" : "false"}});
    if (const auto& shown = targets[t].regression) add_facts(what, *shown);
    infos.add(std::move(what), 1.0);
    const auto& [digest, items, panel] = info.replayed;
    if (seen.insert(info.corpus).second)
      corpora.add({{"corpus", info.corpus},
                   {"digest", digest},
                   {"items", std::to_string(items)},
                   {"panel", panel ? std::to_string(*panel) : "all"}},
                  1.0);
  }
  build.move_to(out);
  infos.move_to(out);
  corpora.move_to(out);
}

void add_process(const ProcessSnapshot& process, bool client_saturated, const Sink& out) {
  const auto one = [&](std::string_view name, std::string_view help, prometheus::MetricType type, double value) {
    Family family(name, help, type);
    family.add({}, value);
    family.move_to(out);
  };
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  one("process_cpu_seconds_total", "User and system CPU time of the sidecar.", Counter, process.cpu_seconds);
  one("process_resident_memory_bytes", "Resident memory of the sidecar.", Gauge, number(process.resident_bytes));
  one("process_virtual_memory_bytes", "Virtual memory of the sidecar.", Gauge, number(process.virtual_bytes));
  one("process_open_fds", "Open file descriptors.", Gauge, number(process.open_fds));
  one("process_max_fds", "Most file descriptors that may be open.", Gauge, number(process.max_fds));
  one("process_start_time_seconds", "When the process started, Unix time.", Gauge, process.start_time);
  one("ipw_sampler_missed_ticks_total", "Readings of power that came too late to be made.", Counter,
      number(process.sampler_missed_ticks));
  one("ipw_client_saturated", "Whether the sidecar reads its streams too late to tell their times.", Gauge,
      client_saturated ? 1.0 : 0.0);
}

void add_samplers(const std::vector<SamplerSnapshot>& samplers, const Sink& out) {
  Family reads("ipw_sampler_reads_total", "Readings of a source, all its channels at once.", Counter);
  Family read_time("ipw_sampler_read_seconds_total", "Time spent in them, waiting for the hardware included.", Counter);
  Family cpu("ipw_sampler_cpu_seconds_total", "CPU time of the source's sampler.", Counter);
  Family energy("ipw_sampler_energy_joules_total", "Estimated: the sampler's CPU time at 6 W a busy core.", Counter);
  for (const auto& sampler : samplers) {
    const Labels source{{"source", sampler.source}};
    reads.add(source, sampler.reads);
    read_time.add(source, sampler.read_time.value);
    cpu.add(source, sampler.cpu_time.value);
    energy.add(source, (kPerBusyCore * sampler.cpu_time).value);
  }
  for (auto* family : {&reads, &read_time, &cpu, &energy}) family->move_to(out);
}

void each_family(const Snapshot& snapshot, const Sink& out) {
  std::vector<Labels> names;
  for (const auto& target : snapshot.targets)
    names.push_back({{"target", target.info.name},
                     {"model", target.info.model},
                     {"accelerator", target.info.accelerator},
                     {"corpus", target.info.corpus}});
  add_outcomes(snapshot.targets, names, out);
  add_verdicts(snapshot.targets, names, out);
  add_regressions(snapshot, names, out);
  add_judging(snapshot, names, out);
  add_energy(snapshot, names, out);
  add_windows(snapshot, names, out);
  add_rates(snapshot, names, out);
  add_latencies(snapshot.targets, names, out);
  add_usage(snapshot.targets, names, out);
  add_health(snapshot.targets, out);
  add_politeness(snapshot.targets, out);
  add_infos(snapshot.targets, names, out);
  add_process(snapshot.process, snapshot.client_saturated, out);
  add_samplers(snapshot.samplers, out);
}

}  // namespace
}  // namespace metrics

std::vector<prometheus::MetricFamily> families(const Snapshot& snapshot) {
  std::vector<prometheus::MetricFamily> all;
  metrics::each_family(snapshot, [&](prometheus::MetricFamily&& family, const metrics::Exemplars&) {
    all.push_back(std::move(family));
  });
  return all;
}

std::string render_text(const Snapshot& snapshot, TextFormat format, std::size_t bytes_expected) {
  std::string text;
  text.reserve(bytes_expected);
  metrics::each_family(snapshot, [&](const auto& family, const metrics::Exemplars& exemplars) {
    append_text(text, format, family, exemplars);
  });
  append_end(text, format);
  return text;
}

std::vector<prometheus::MetricFamily> MetricsView::Collect() const {
  return families(*snapshots_.get());
}

std::shared_ptr<const std::string> MetricsView::text(TextFormat format) const {
  const auto snapshot = snapshots_.get();
  return rendered_[static_cast<std::size_t>(format)].with([&](Rendered& rendered) {
    if (rendered.snapshot != snapshot) {
      const auto bytes = rendered.text ? rendered.text->size() + rendered.text->size() / 8 : 0;
      rendered = {snapshot, std::make_shared<const std::string>(render_text(*snapshot, format, bytes))};
    }
    return rendered.text;
  });
}

}  // namespace ipw
