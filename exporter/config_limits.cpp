#include "exporter/config_parts.hpp"

namespace ipw {
namespace {

constexpr Range<std::int64_t> kRequests{0, 1'000'000};
constexpr Range<double> kMargin{0.001, 0.5};

std::optional<std::int64_t> optional_count(Options& options, std::string_view key, Range<std::int64_t> range) {
  if (!options.has(key)) return std::nullopt;
  return options.integer(key, 0, range);
}

}  // namespace

replay::Politeness read_politeness(Options options) {
  replay::Politeness politeness;
  const auto load = options.text("load", "auto");
  politeness.ask_load = load != "off";
  if (load != "auto" && load != "off") {
    auto url = replay::Url::parse(load);
    if (url)
      politeness.load_url = std::move(*url);
    else
      options.fail("load", "expected auto, off, or a URL: " + url.error().message);
  }
  politeness.metrics = {options.text("running_metric", ""), options.text("waiting_metric", "")};
  politeness.max_foreign = optional_count(options, "max_foreign", kRequests);
  politeness.max_waiting = optional_count(options, "max_waiting", kRequests);
  politeness.poll = options.duration("poll", politeness.poll, {0.1, 3600});
  if (!politeness.ask_load)
    for (const auto* key : {"max_foreign", "max_waiting"})
      if (options.has(key)) options.fail(key, "with `load: off` nobody knows how many requests there are");
  return politeness;
}

BudgetLimits read_budget(Options options, bool priced) {
  BudgetLimits limits;
  if (const auto queries = optional_count(options, "queries", {1, 1'000'000'000}))
    limits.queries = static_cast<std::uint64_t>(*queries);
  if (const auto joules = options.optional_number("joules", {1e-3, 1e15})) limits.joules = Joules{*joules};
  limits.dollars = options.optional_number("dollars", {1e-6, 1e9});
  if (limits.dollars && !priced)
    options.fail("dollars",
                 "dollars are counted by `pricing`, which this target does not have: add it, or remove this");
  return limits;
}

RegressionOptions read_regression(Options options) {
  RegressionOptions regression;
  using enum RegressionOptions::Baseline;
  const auto baseline = options.one_of("baseline", "auto", {"auto", "pinned", "off"});
  regression.baseline = baseline == "off" ? off : baseline == "pinned" ? pinned : automatic;
  regression.cycles = static_cast<std::size_t>(
      options.integer("cycles", static_cast<std::int64_t>(regression.cycles), {kBaselineCycles, kMaxBaselineCycles}));
  regression.false_alarms_per_year =
      options.number("false_alarms_per_year", regression.false_alarms_per_year, {1e-3, 1e3});
  auto& margins = regression.margins;
  margins.accuracy = options.number("accuracy_margin", margins.accuracy, kMargin);
  margins.energy = options.number("energy_margin", margins.energy, kMargin);
  margins.latency = options.number("latency_margin", margins.latency, kMargin);
  margins.ipj = options.number("ipj_margin", margins.ipj, kMargin);
  return regression;
}

}  // namespace ipw
