#include "exporter/metrics.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>

#include "exporter/accounting/ledger.hpp"
#include "tests/support/metrics_text.hpp"
#include "tests/support/random_schedule.hpp"
#include "tests/support/sample_snapshot.hpp"
#include "tests/support/test_data.hpp"

namespace ipw {
namespace {

using namespace testing;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily gauge(std::string help, std::vector<ClientMetric::Label> labels, double value) {
  MetricFamily family{"g", std::move(help), MetricType::Gauge, {}};
  family.metric.emplace_back().label = std::move(labels);
  family.metric.back().gauge.value = value;
  return family;
}

TEST(MetricsText, IsExactlyTheFormat) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Case {
    const char* name;
    MetricFamily family;
    const char* text;
  } const cases[] = {
      {"without labels", gauge("Help.", {}, 1), "# HELP g Help.\n# TYPE g gauge\ng 1\n"},
      {"HELP escapes backslash and newline, not quotes", gauge("a\\b\nc\"d", {}, 1),
       "# HELP g a\\\\b\\nc\"d\n# TYPE g gauge\ng 1\n"},
      {"label values escape quotes too", gauge("h", {{"l", "a\\b\nc\"d"}}, 1),
       "# HELP g h\n# TYPE g gauge\ng{l=\"a\\\\b\\nc\\\"d\"} 1\n"},
      {"labels keep their order", gauge("h", {{"z", "1"}, {"a", "é"}}, 1),
       "# HELP g h\n# TYPE g gauge\ng{z=\"1\",a=\"é\"} 1\n"},
      {"shortest digits", gauge("h", {}, 0.1 + 0.2), "# HELP g h\n# TYPE g gauge\ng 0.30000000000000004\n"},
      {"large", gauge("h", {}, 1e22), "# HELP g h\n# TYPE g gauge\ng 1e+22\n"},
      {"not a number", gauge("h", {}, std::nan("")), "# HELP g h\n# TYPE g gauge\ng NaN\n"},
      {"infinite", gauge("h", {}, kInfinity), "# HELP g h\n# TYPE g gauge\ng +Inf\n"},
      {"minus infinite", gauge("h", {}, -kInfinity), "# HELP g h\n# TYPE g gauge\ng -Inf\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(render_text({c.family}), c.text) << c.name;
}

TEST(MetricsText, HistogramsAreCumulativeAndEndInInfinity) {
  MetricFamily family{"h", "Help.", MetricType::Histogram, {}};
  auto& metric = family.metric.emplace_back();
  metric.label = {{"a", "b"}};
  metric.histogram = {3, 1.5, {{1, 0.1}, {2, 1}}};
  EXPECT_EQ(render_text({family}),
            "# HELP h Help.\n# TYPE h histogram\n"
            "h_bucket{a=\"b\",le=\"0.1\"} 1\nh_bucket{a=\"b\",le=\"1.0\"} 2\nh_bucket{a=\"b\",le=\"+Inf\"} 3\n"
            "h_sum{a=\"b\"} 1.5\nh_count{a=\"b\"} 3\n");
}

std::vector<LedgerTarget> two_targets() {
  const EnergyLabels accelerator{probes::Scope::accelerator, probes::Quality::measured};
  const EnergyLabels node{probes::Scope::node, probes::Quality::measured};
  std::vector<LedgerTarget> targets(2);
  targets[0].info = {"one", "llama \"3\"", "gpu\\0", "corpus", "http://a", "openai", "local", true};
  targets[0].metered_scopes = {accelerator, node};
  targets[0].pricing = Pricing{1, 2};
  targets[1].info = {"two", "phi", "gpu\\0", "corpus", "http://b", "openai", "local", false};
  targets[1].metered_scopes = {node};
  return targets;
}

// Everything but the infos of the contract that a scrape must keep.
void expect_laws(const MetricsText& text, bool nothing_pending) {
  for (const auto& scope : text.series()) {
    if (scope.name != "ipw_scope_energy_joules_total") continue;
    EXPECT_NEAR(text.sum("ipw_energy_joules_total", scope.labels), scope.value, 1e-9 * scope.value)
        << scope.label("device");
    const std::map<std::string, std::string> energy{{"scope", scope.label("scope")},
                                                    {"quality", scope.label("quality")}};
    const double metered = text.sum("ipw_metered_energy_joules_total", energy);
    EXPECT_NEAR(text.sum("ipw_query_energy_joules_sum", energy), metered, 1e-9 * (1 + metered));
    EXPECT_EQ(text.sum("ipw_query_energy_joules_count", energy), text.sum("ipw_metered_queries_total", energy));
    EXPECT_NEAR(text.sum("ipw_phase_energy_joules_total", energy),
                text.sum("ipw_query_active_energy_joules_total", energy), 1e-9 * (1 + metered));
    auto query = energy;
    query["share"] = "query";
    if (nothing_pending) {
      EXPECT_NEAR(text.sum("ipw_energy_joules_total", query), metered, 1e-9 * (1 + metered));
    } else {
      EXPECT_GE(text.sum("ipw_energy_joules_total", query), metered * (1 - 1e-9));
    }
  }
  for (const auto* target : {"one", "two"}) {
    const auto queries = text.sum("ipw_queries_total", {{"target", target}}) -
                         text.sum("ipw_queries_total", {{"target", target}, {"outcome", "cancelled"}});
    EXPECT_EQ(
        text.sum("ipw_verdicts_total", {{"target", target}}) + text.sum("ipw_judgements_pending", {{"target", target}}),
        queries);
  }
}

void expect_no_counter_fell(const MetricsText& before, const MetricsText& now) {
  std::map<std::pair<std::string, std::map<std::string, std::string>>, double> last;
  for (const auto& series : before.series()) last[{series.name, series.labels}] = series.value;
  for (const auto& series : now.series()) {
    const bool counter =
        series.name.ends_with("_total") || series.name.ends_with("_bucket") || series.name.ends_with("_count");
    const auto found = last.find({series.name, series.labels});
    if (counter && found != last.end()) {
      EXPECT_GE(series.value, found->second) << series.name;
    }
  }
}

// One random schedule through attributor, ledger and renderer: every scrape on the way keeps the laws.
void play(unsigned seed) {
  std::mt19937 random(seed);
  const RandomSchedule schedule(seed);
  probes::PowerTimeline timeline(3, Seconds{600});
  Attributor books(books_of_two_targets(), at(0));
  Ledger ledger(two_targets(), books_of_two_targets(), WallAnchor{at(0), WallTime{}});
  std::vector<std::shared_ptr<const replay::Attempt>> to_judge;
  std::size_t records = 0, expected = 0;
  const auto judge_one = [&] {
    const auto& attempt = to_judge.back();
    const bool correct = random() % 2 == 0;
    ledger.on(replay::Judged{
        attempt, {correct ? replay::VerdictKind::correct : replay::VerdictKind::wrong, correct ? 1.0 : 0, ""}});
    to_judge.pop_back();
  };
  MetricsText before("");
  const auto scrape = [&](double now) {
    records += ledger.book(books.settle(timeline, at(now))).size();
    MetricsText text(render_text(ledger.snapshot(at(now))));
    expect_laws(text, now >= RandomSchedule::kCovered);
    expect_no_counter_fell(before, text);
    before = std::move(text);
  };
  for (const auto& action : schedule.in_order(seed)) {
    if (const auto* reading = std::get_if<PowerReading>(&action.what)) reading->feed(timeline);
    if (const auto* begin = std::get_if<replay::Started>(&action.what)) books.on(*begin), ledger.on(*begin);
    if (const auto* end = std::get_if<replay::Finished>(&action.what)) {
      books.on(*end), ledger.on(*end);
      const auto& attempt = *end->attempt;
      expected += attempt.query->measured();
      const bool due = attempt.final && attempt.outcome != replay::Outcome::cancelled && attempt.query->measured();
      if (due) to_judge.push_back(end->attempt);
    }
    if (!to_judge.empty() && random() % 6 == 0) judge_one();
    if (random() % 32 == 0) scrape(action.at);
  }
  while (!to_judge.empty()) judge_one();
  scrape(RandomSchedule::kCovered);
  EXPECT_EQ(records, expected) << "every attempt but warm-ups has a record";
}

TEST(Metrics, EveryScrapeKeepsTheLaws) {
  for (unsigned seed = 1; seed <= 40 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    play(seed);
  }
}

Snapshot full_snapshot() {
  auto targets = two_targets();
  targets[0].slices = {{"math", "en"}, {"law\n", "de"}};
  Ledger ledger(targets, books_of_two_targets(), WallAnchor{at(0), WallTime{}});
  const auto attempt = make_attempt(make_query(), {1, 3, {2, 3}, 10, 10});
  ledger.on(started(*attempt));
  ledger.on(replay::Finished{attempt});
  auto snapshot = ledger.snapshot(at(10));
  ChannelSnapshot channel;
  channel.source = "rapl";
  channel.channel = "package-0";
  channel.device = "host";
  channel.energy = Joules{12.5};
  channel.power = Watts{40};
  channel.events[static_cast<std::size_t>(probes::MeterEvent::wrap)] = 2;
  channel.crosscheck = 0.75;
  snapshot.channels.push_back(channel);
  const auto sample = sample_snapshot();
  snapshot.devices = sample.devices;
  snapshot.samplers = sample.samplers;
  snapshot.books[1].channels = {"rapl/package-0", "rapl/dram"};
  return snapshot;
}

TEST(Metrics, LabelsAreThoseOfTheContract) {
  const std::vector<std::string> t{"target", "model", "accelerator", "corpus"};
  const auto with = [](std::vector<std::string> base, std::initializer_list<const char*> more) {
    base.insert(base.end(), more.begin(), more.end());
    return base;
  };
  const std::map<std::string, std::vector<std::string>> expected{
      {"ipw_queries_total", with(t, {"outcome"})},
      {"ipw_attempts_total", with(t, {"outcome"})},
      {"ipw_verdicts_total", with(t, {"subject", "language", "verdict"})},
      {"ipw_score_total", with(t, {"subject", "language"})},
      {"ipw_judgements_pending", t},
      {"ipw_metered_queries_total", with(t, {"subject", "language", "scope", "quality"})},
      {"ipw_metered_score_total", with(t, {"subject", "language", "scope", "quality"})},
      {"ipw_metered_energy_joules_total", with(t, {"subject", "language", "scope", "quality"})},
      {"ipw_metered_seconds_total", with(t, {"subject", "language", "scope", "quality"})},
      {"ipw_metered_power_watts_total", with(t, {"subject", "language", "scope", "quality"})},
      {"ipw_query_energy_joules", with(t, {"scope", "quality"})},
      {"ipw_query_active_energy_joules_total", with(t, {"scope", "quality"})},
      {"ipw_phase_energy_joules_total", with(t, {"scope", "quality", "phase"})},
      {"ipw_query_power_watts", with(t, {"scope", "quality"})},
      {"ipw_query_duration_seconds", t},
      {"ipw_query_scheduled_duration_seconds", t},
      {"ipw_time_to_first_token_seconds", t},
      {"ipw_time_to_answer_seconds", t},
      {"ipw_inter_token_latency_seconds", t},
      {"ipw_time_per_output_token_seconds", t},
      {"ipw_query_concurrency", t},
      {"ipw_attempts_in_flight", t},
      {"ipw_tokens_total", with(t, {"kind"})},
      {"ipw_query_cost_dollars_total", t},
      {"ipw_energy_joules_total", {"device", "scope", "quality", "share"}},
      {"ipw_scope_energy_joules_total", {"device", "scope", "quality"}},
      {"ipw_books_lag_seconds", {"device", "scope", "quality"}},
      {"ipw_idle_power_watts", {"device", "scope"}},
      {"ipw_source_energy_joules_total", {"source", "channel", "device", "quality"}},
      {"ipw_source_power_watts", {"source", "channel", "device"}},
      {"ipw_source_up", {"source", "channel", "device"}},
      {"ipw_source_events_total", {"source", "channel", "device", "event"}},
      {"ipw_source_crosscheck_ratio", {"source", "channel", "device"}},
      {"ipw_device_info", {"device", "device_name", "driver", "partition"}},
      {"ipw_device_power_cap_watts", {"device"}},
      {"ipw_device_clock_hertz", {"device"}},
      {"ipw_device_throttled", {"device", "reason"}},
      {"ipw_sampler_missed_ticks_total", {}},
      {"ipw_sampler_reads_total", {"source"}},
      {"ipw_sampler_read_seconds_total", {"source"}},
      {"ipw_sampler_cpu_seconds_total", {"source"}},
      {"ipw_sampler_energy_joules_total", {"source"}},
      {"ipw_target_up", {"target"}},
      {"ipw_target_last_query_timestamp_seconds", {"target"}},
      {"ipw_replay_paused", {"target", "reason"}},
  };
  std::map<std::string, std::vector<std::string>> got;
  for (const auto& family : families(full_snapshot()))
    for (const auto& metric : family.metric) {
      std::vector<std::string> names;
      for (const auto& label : metric.label) names.push_back(label.name);
      const auto [known, is_new] = got.emplace(family.name, names);
      EXPECT_EQ(known->second, names) << family.name << ": all series have the same labels, in the same order";
    }
  for (const auto& [name, labels] : expected) {
    EXPECT_TRUE(got.contains(name)) << name;
    EXPECT_EQ(got[name], labels) << name;
  }
  for (const auto* unknown : {"ipw_source_update_period_seconds", "ipw_device_clock_cap_hertz"})
    EXPECT_FALSE(got.contains(unknown)) << unknown << ": unknown is absent, not 0";
}

TEST(Metrics, ChildrenExistAtZero) {
  const MetricsText text(render_text(full_snapshot()));
  EXPECT_EQ(text.count("ipw_queries_total", {{"target", "two"}}), replay::kOutcomes);
  EXPECT_EQ(text.count("ipw_verdicts_total", {{"target", "one"}, {"subject", "law\n"}}), replay::kVerdictKinds);
  EXPECT_EQ(text.count("ipw_metered_queries_total", {{"subject", "law\n"}, {"scope", "node"}}), 1U);
  EXPECT_EQ(text.count("ipw_metered_queries_total", {{"target", "two"}, {"scope", "accelerator"}}), 0U)
      << "not metered";
  EXPECT_EQ(text.count("ipw_energy_joules_total", {{"device", "gpu0"}}), kShares);
  EXPECT_EQ(text.sum("ipw_source_events_total", {{"event", "wrap"}}), 2);
  EXPECT_EQ(text.count("ipw_target_info", {{"target", "one"}, {"demo", "true"}, {"quality", "measured"}}), 1U);
  EXPECT_EQ(text.count("ipw_scope_info", {{"device", "host"}, {"channels", "rapl/package-0,rapl/dram"}}), 1U);
  EXPECT_EQ(text.count("ipw_query_cost_dollars_total"), 1U) << "only where prices are configured";
}

TEST(Metrics, PausesBudgetsAndTheServersLoadAreTold) {
  auto snapshot = full_snapshot();
  const MetricsText fresh(render_text(snapshot));
  EXPECT_EQ(fresh.count("ipw_replay_paused", {{"target", "two"}}), replay::kPauseReasons) << "from the start";
  EXPECT_EQ(fresh.sum("ipw_replay_paused"), 0);
  for (const auto* unknown :
       {"ipw_server_requests_running", "ipw_server_requests_waiting", "ipw_budget_remaining_ratio"})
    EXPECT_EQ(fresh.count(unknown), 0U) << unknown;
  snapshot.targets[1].paused = replay::PauseReason::budget;
  snapshot.targets[1].server_running = 0;
  snapshot.targets[1].budget_remaining = {{"joules", 0.25}, {"queries", 0}};
  const MetricsText text(render_text(snapshot));
  EXPECT_EQ(text.sum("ipw_replay_paused"), 1);
  EXPECT_EQ(text.sum("ipw_replay_paused", {{"target", "two"}, {"reason", "budget"}}), 1);
  EXPECT_EQ(text.count("ipw_server_requests_running", {{"target", "two"}}), 1U) << "0 is known";
  EXPECT_EQ(text.count("ipw_server_requests_waiting"), 0U);
  EXPECT_EQ(text.sum("ipw_budget_remaining_ratio", {{"target", "two"}, {"reason", "joules"}}), 0.25);
  EXPECT_EQ(text.count("ipw_budget_remaining_ratio"), 2U);
}

TEST(Metrics, HowJoulesAreSplitIsTold) {
  auto snapshot = full_snapshot();
  const MetricsText fresh(render_text(snapshot));
  EXPECT_EQ(fresh.count("ipw_foreign_tokens_total"), 0U) << "unknown is not 0";
  EXPECT_EQ(fresh.count("ipw_query_energy_validity_total", {{"target", "one"}, {"scope", "accelerator"}}), kValidities)
      << "from the start";
  snapshot.targets[1].foreign = {1000, 50};
  auto& split = snapshot.books[0].split;
  snapshot.books[0].channels = {"nvml/gpu0"};
  split = {SplitStrategy::work, WeightOrigin::fit, {120, 0.02, 0.5}, {10, 0.001, 0.05}, Watts{80}, false};
  const std::pair<std::string, std::string> device{"device", snapshot.books[0].device};
  const MetricsText text(render_text(snapshot));
  EXPECT_EQ(text.sum("ipw_foreign_tokens_total", {{"target", "two"}, {"kind", "input"}}), 1000);
  EXPECT_EQ(text.sum("ipw_foreign_tokens_total", {{"target", "two"}, {"kind", "output"}}), 50);
  EXPECT_EQ(text.count("ipw_foreign_tokens_total", {{"target", "one"}}), 0U);
  EXPECT_EQ(text.sum("ipw_attribution_weight", {device, {"kind", "prefill_token"}}), 0.02);
  EXPECT_EQ(text.sum("ipw_attribution_weight_standard_error", {device, {"kind", "busy_second"}}), 10);
  EXPECT_EQ(text.count("ipw_attribution_info", {device, {"strategy", "work"}, {"weights", "fit"}, {"idle", "learned"}}),
            1U);
  EXPECT_EQ(text.sum("ipw_idle_power_watts", {device}), 80);
}

TEST(Metrics, DevicesAndSamplersAreTold) {
  const MetricsText text(render_text(full_snapshot()));
  EXPECT_EQ(text.sum("ipw_source_crosscheck_ratio", {{"channel", "package-0"}}), 0.75);
  EXPECT_EQ(text.count("ipw_device_info"), 2U);
  EXPECT_EQ(text.sum("ipw_device_info", {{"device_name", "NVIDIA H200"}, {"driver", "580.65.06"}}), 1);
  EXPECT_EQ(text.count("ipw_device_power_cap_watts"), 1U) << "absent where no source tells";
  EXPECT_EQ(text.sum("ipw_device_power_cap_watts", {{"device", "GPU-1234"}}), 600);
  EXPECT_EQ(text.sum("ipw_device_clock_hertz"), 1.98e9);
  EXPECT_EQ(text.sum("ipw_device_throttled", {{"device", "GPU-1234"}, {"reason", "power_cap"}}), 1);
  EXPECT_EQ(text.count("ipw_device_throttled", {{"device", "GPU-1234"}, {"reason", "thermal"}}), 1U)
      << "a reason that ceased";
  EXPECT_EQ(text.sum("ipw_device_throttled", {{"reason", "thermal"}}), 0);
  EXPECT_EQ(text.sum("ipw_sampler_reads_total", {{"source", "nvml"}}), 1000);
  EXPECT_EQ(text.sum("ipw_sampler_read_seconds_total", {{"source", "rapl"}}), 0.1);
  EXPECT_EQ(text.sum("ipw_sampler_cpu_seconds_total", {{"source", "nvml"}}), 0.5);
  EXPECT_EQ(text.sum("ipw_sampler_energy_joules_total", {{"source", "nvml"}}), 3);
}

TEST(Metrics, CoverageIsShownWhereAReferenceIsConfigured) {
  for (const bool configured : {false, true}) {
    auto targets = two_targets();
    targets[1].reference = configured;
    Ledger ledger(targets, books_of_two_targets(), WallAnchor{at(0), WallTime{}});
    const auto judge = [&](std::size_t target, const std::string& subject, double score) {
      const auto attempt =
          make_attempt(make_query({.id = subject, .target = target, .subject = subject}), {1, 3, {2, 3}});
      const auto kind = score > 0 ? replay::VerdictKind::correct : replay::VerdictKind::wrong;
      ledger.on(started(*attempt));
      ledger.on(replay::Finished{attempt});
      ledger.on(replay::Judged{attempt, {kind, score, ""}});
    };
    judge(1, "law", 1);
    judge(1, "art", 0);
    judge(0, "law", 0);
    const MetricsText text(render_text(ledger.snapshot(at(10))));
    const std::map<std::string, std::string> law{
        {"target", "one"}, {"model", "llama \"3\""}, {"reference", "two"}, {"subject", "law"}};
    EXPECT_EQ(text.count("ipw_coverage_ratio", law), configured ? 1U : 0U);
    EXPECT_EQ(text.count("ipw_coverage_ratio"), configured ? 1U : 0U) << "of art one answer is missing";
    EXPECT_EQ(text.count("ipw_coverage_compared_queries"), configured ? 1U : 0U);
    EXPECT_EQ(text.sum("ipw_coverage_compared_queries", law), configured ? 1 : 0);
    judge(0, "art", 0);
    const MetricsText both(render_text(ledger.snapshot(at(10))));
    EXPECT_EQ(both.count("ipw_coverage_ratio"), configured ? 2U : 0U);
    EXPECT_EQ(both.sum("ipw_coverage_ratio"), configured ? 1 : 0) << "both wrong is as good";
    EXPECT_EQ(both.sum("ipw_union_coverage_ratio", {{"corpus", "corpus"}, {"reference", "two"}}), configured ? 1 : 0);
    EXPECT_EQ(both.sum("ipw_union_coverage_compared_queries"), configured ? 2 : 0);
  }
}

// What a shell command prints; the test fails where the command does.
std::string output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string said;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << said;
  return said;
}

TEST(MetricsText, BoundsAreSpelledAlikeInBothFormats) {
  struct Case {
    double bound;
    const char* text;
  } const cases[] = {{0.00005, "5e-05"}, {0.0001, "0.0001"}, {0.5, "0.5"},   {1, "1.0"},
                     {500, "500.0"},     {1e5, "100000.0"},  {1e6, "1e+06"}, {2.5, "2.5"}};
  for (const auto& c : cases) {
    MetricFamily family{"h", "", MetricType::Histogram, {}};
    family.metric.emplace_back().histogram = {1, 1, {{1, c.bound}}};
    for (const auto format : {TextFormat::prometheus, TextFormat::openmetrics}) {
      std::string text;
      append_text(text, format, family);
      EXPECT_NE(text.find("h_bucket{le=\"" + std::string(c.text) + "\"} 1\n"), std::string::npos) << text;
    }
  }
}

TEST(MetricsText, OpenMetricsHasExemplarsAndAnEnd) {
  constexpr double kBounds[] = {1, 10};
  ipw::Histogram histogram(kBounds);
  const WallTime at{std::chrono::milliseconds(1'795'000'000'250)};
  histogram.observe(0.5);
  histogram.observe(2.5, "r1-\"7\"", at);
  histogram.observe(3, "r1-8", at);
  histogram.observe(30, std::string(128, 'x'), at);
  MetricFamily family{"h", "Say \"h\".", MetricType::Histogram, {}};
  family.metric.emplace_back().histogram = {4, 36, {{1, 1}, {3, 10}}};
  MetricFamily counter{"c_total", "C.", MetricType::Counter, {}};
  counter.metric.emplace_back().counter.value = 2;
  std::string text;
  const std::span<const Exemplar> exemplars[] = {histogram.exemplars()};
  append_text(text, TextFormat::openmetrics, family, exemplars);
  append_text(text, TextFormat::openmetrics, counter);
  append_end(text, TextFormat::openmetrics);
  EXPECT_EQ(text,
            "# HELP h Say \\\"h\\\".\n# TYPE h histogram\n"
            "h_bucket{le=\"1.0\"} 1\n"
            "h_bucket{le=\"10.0\"} 3 # {id=\"r1-8\"} 3 1795000000.25\n"
            "h_bucket{le=\"+Inf\"} 4\nh_sum 36\nh_count 4\n"
            "# HELP c C.\n# TYPE c counter\nc_total 2\n# EOF\n")
      << "the newest value of each bucket; an id that is too long for the format is left out";
}

TEST(Metrics, PromtoolAgrees) {
  // Where deploy/setup unpacks it, else where it is installed.
  const std::string path = "PATH=" IPW_SOURCE_DIR "/build/tools/usr/bin:$PATH ";
  if (std::system((path + "command -v promtool >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "no promtool: run deploy/setup prometheus";
  const TemporaryFolder folder;
  const auto file = folder.write("metrics.txt", render_text(full_snapshot()));
  EXPECT_EQ(output_of(path + "promtool check metrics < " + file.string()), "");
}

TEST(MetricsView, RendersEachSnapshotOnce) {
  Published<Snapshot> snapshots(std::make_shared<const Snapshot>(full_snapshot()));
  const MetricsView view(snapshots);
  const auto first = view.text();
  EXPECT_EQ(view.text(), first) << "the same text, not another rendering";
  EXPECT_EQ(*first, render_text(view.Collect()));
  auto next = full_snapshot();
  next.targets[0].in_flight = 7;
  snapshots.set(std::make_shared<const Snapshot>(next));
  EXPECT_EQ(MetricsText(*view.text()).sum("ipw_attempts_in_flight"), 7);
  EXPECT_EQ(view.text(TextFormat::openmetrics), view.text(TextFormat::openmetrics));
  EXPECT_NE(*view.text(TextFormat::openmetrics), *view.text());
}

}  // namespace
}  // namespace ipw
