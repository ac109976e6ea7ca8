#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/book_model.hpp"
#include "exporter/accounting/foreign_loads.hpp"
#include "exporter/accounting/histogram.hpp"
#include "exporter/accounting/recent_attempts.hpp"
#include "exporter/accounting/record.hpp"
#include "exporter/analysis/judge_quality.hpp"
#include "exporter/rates/energy_bill.hpp"
#include "exporter/statistics/window_figures.hpp"
#include "probes/energy_meter.hpp"
#include "probes/topology.hpp"
#include "replay/attempt.hpp"

namespace ipw {

struct TargetRegression;  // regression/target_watch.hpp

// The buckets of the contract.
std::span<const double> joule_buckets();        // 1-2-5 from 0.1 J to 1 MJ
std::span<const double> watt_buckets();         // 1-2-5 from 1 W to 100 kW
std::span<const double> duration_buckets();     // 1 ms to about 10 min
std::span<const double> gap_buckets();          // between tokens: 0.1 ms to 10 s
std::span<const double> concurrency_buckets();  // 1 to 1024, by powers of two
std::span<const double> failure_buckets();      // 0 to 100

// What became of a device's joules (CONTRACT, `share`).
enum class Share { query, invalid, cancelled, warmup, judge, idle, foreign, unattributed };
constexpr std::size_t kShares = 8;
std::string_view to_text(Share share);

// The books of one device in one scope. Law: the shares add up to `metered`.
struct BookSnapshot {
  std::string device, device_name;
  probes::Scope scope{};
  probes::Quality quality{};
  std::array<Joules, kShares> shares{};
  Joules metered{0};  // the meter, cut at the books' watermark, less queries that reach beyond it
  Seconds lag{0};     // how far the watermark is behind now
  SplitState split;
  std::vector<std::string> channels;  // "rapl/package-0"
};

using Slice = std::pair<std::string, std::string>;               // subject, language
using EnergyLabels = std::pair<probes::Scope, probes::Quality>;  // E of the contract

// Advanced together, over the same metered and judged queries.
struct Metered {
  std::uint64_t queries{0};
  double score{0};
  Joules energy{0};
  Seconds seconds{0};
  double watts{0};  // sum over the queries of the scope's mean power
};

struct TargetEnergy {
  std::map<Slice, Metered> metered;
  Joules active{0}, prefill{0}, decode{0};            // of metered queries
  std::array<std::uint64_t, kValidities> validity{};  // of all queries that count
  Histogram query_joules{joule_buckets()}, query_watts{watt_buckets()};
};

struct VerdictCounts {
  std::array<std::uint64_t, replay::kVerdictKinds> by_kind{};
  double score{0};
  std::uint64_t all() const {
    std::uint64_t n = 0;
    for (const auto k : by_kind) n += k;
    return n;
  }
};

struct TokenCounts {
  std::uint64_t input{0}, cached{0}, reasoning{0}, output{0};  // disjoint
};

// What a target is asked.
struct CorpusInfo {
  std::string digest;                  // of what is replayed: the panel's, where there is one
  std::uint64_t items{0};              // of the whole corpus
  std::optional<std::uint64_t> panel;  // how many of them are in the panel
  std::uint64_t queries() const { return panel.value_or(items); }  // of a cycle
};

// What is fixed about a target for the life of the process.
struct TargetInfo {
  std::string name, model, accelerator, corpus;
  std::string url, dialect, locality;
  bool demo{false};
  CorpusInfo replayed{};
};

struct TargetSnapshot {
  TargetInfo info;
  std::array<std::uint64_t, replay::kOutcomes> queries{}, attempts{};
  std::map<Slice, VerdictCounts> verdicts;
  std::map<Slice, VerdictCounts> extra;  // by the corpus line's other fields that are slices: name, value
  std::uint64_t judgements_pending{0};
  Agreement agreement;                // of the judging model with deterministic judges, on the same answers
  JudgedAnswers by_model;             // answers of which the judging model says whether they are right
  std::optional<Histogram> failures;  // before the first right answer, where a query is tried until there is one
  std::uint64_t never_solved{0};      // queries that had no right answer after the last try
  std::map<EnergyLabels, TargetEnergy> energy;  // an entry for each scope that is metered, from the start
  Histogram duration{duration_buckets()}, scheduled_duration{duration_buckets()};  // of answered queries, as are:
  Histogram first_token{duration_buckets()}, first_answer{duration_buckets()};
  Histogram inter_token{gap_buckets()}, per_output_token{gap_buckets()};
  Histogram concurrency{concurrency_buckets()};
  Histogram client_lag{gap_buckets()};  // of every attempt that got an answer
  TokenCounts tokens;
  std::optional<double> cost_usd;  // only where prices are configured
  std::uint64_t in_flight{0};
  std::uint64_t cycle{0};
  std::uint64_t cycle_done{0};  // queries finished in this cycle
  std::optional<WallTime> last_query;
  bool up{true};                              // whether the latest query was answered, and the server is ready
  std::optional<replay::PauseReason> paused;  // why nothing is sent now
  std::string paused_why;
  std::optional<std::int64_t> server_running, server_waiting;  // as the server says
  std::optional<ForeignTokens> foreign;                        // where it counts tokens
  std::map<std::string, double> budget_remaining;              // of a day's, by what is limited: 1 to 0
  std::vector<AttemptRecord> recent_failures;                  // newest first, bounded; without their texts
  RecentAttempts::Spans recent_attempts;                       // those that run first, then the newest first
  std::shared_ptr<const TargetRegression> regression;          // null where nothing is tested
  std::shared_ptr<const std::vector<WindowFigures>> windows;   // null where there are none
  EnergyBill::ByScope billed;                                  // where a rate is configured
};

// What is fixed about the model that judges.
struct JudgeInfo {
  std::string model, url;
  std::vector<std::pair<std::string, std::string>> prompts;  // by judge: their digests
};

struct JudgeSnapshot {
  JudgeInfo info;
  std::array<std::uint64_t, replay::kOutcomes> requests{};
  TokenCounts tokens;
  std::optional<double> cost_usd;       // only where prices are configured
  std::uint64_t cached{0};              // verdicts for which nothing was asked
  std::uint64_t compared{0}, split{0};  // comparisons in both orders; those that the order decided
};

struct ChannelSnapshot {
  std::string source, channel, device;
  probes::Quality quality{};
  bool up{false};
  std::string reason;
  Joules energy{0};
  std::optional<Watts> power;
  std::optional<Seconds> update_period;
  std::optional<double> crosscheck;  // counter energy over integrated power
  std::array<std::uint64_t, probes::kMeterEvents> events{};
  std::uint64_t read_errors{0};
};

// A device that channels are on. What no source tells is empty or absent.
struct DeviceSnapshot {
  std::string name;
  probes::DeviceState now;
  std::set<std::string> throttle_reasons;  // every one seen since start
};

// One source's sampler, since start.
struct SamplerSnapshot {
  std::string source;
  std::uint64_t reads{0}, missed_ticks{0};
  Seconds read_time{0}, cpu_time{0};
};

// Queries that were compared with the reference target, and those on which the answer was as good.
struct CoverageCounts {
  std::uint64_t compared{0}, good{0};
  std::optional<double> ratio() const {
    return compared > 0 ? std::optional(static_cast<double>(good) / static_cast<double>(compared)) : std::nullopt;
  }
  bool operator==(const CoverageCounts&) const = default;
};

struct CoverageSnapshot {
  using BySubject = std::map<std::string, CoverageCounts>;
  std::size_t reference{0};        // its index among the targets
  std::vector<BySubject> targets;  // by target; of the reference nothing
  BySubject together;              // one of the others at least, of the queries that all targets have answered
  bool full{false};                // there were more queries than are kept
};

// What a kilowatt hour emits or costs now, where that is known.
struct RateSnapshot {
  std::optional<double> per_kwh;
  std::string currency;
};

// The instrument itself.
struct ProcessSnapshot {
  double cpu_seconds{0};
  std::uint64_t resident_bytes{0}, virtual_bytes{0}, open_fds{0}, max_fds{0};
  double start_time{0};  // Unix seconds
  std::uint64_t sampler_missed_ticks{0};
};

// Everything that is shown, at one instant. Immutable once published; a scrape renders exactly one.
struct Snapshot {
  WallTime at{};
  std::vector<TargetSnapshot> targets;
  std::optional<JudgeSnapshot> judge;
  std::optional<CoverageSnapshot> coverage;         // where a reference is configured
  std::optional<RateSnapshot> carbon, electricity;  // where they are configured
  std::vector<BookSnapshot> books;
  std::vector<ChannelSnapshot> channels;
  std::vector<DeviceSnapshot> devices;
  std::vector<SamplerSnapshot> samplers;
  ProcessSnapshot process;
  bool client_saturated{false};  // our own lag distorts the latencies of the last minute
};

}  // namespace ipw
