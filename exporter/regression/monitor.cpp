#include "exporter/regression/monitor.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

constexpr double kDefaultRate = 60 * 24 * 365.25;
constexpr std::size_t kShownMoves = 10;
constexpr std::uint64_t kLeastPassedOver = 20;
constexpr double kTunedAt = 9;  // the bounds are tightest when the panel was seen about once

// In the units of the reference: points, or logarithms.
double margin_of(WatchedQuantity quantity, const RegressionMargins& margins) {
  switch (quantity) {
    case WatchedQuantity::accuracy:
      return margins.accuracy;
    case WatchedQuantity::energy:
      return std::log1p(margins.energy);
    case WatchedQuantity::latency:
      return std::log1p(margins.latency);
    case WatchedQuantity::ipj:
      return -std::log1p(-margins.ipj);
  }
  return 0;
}

Bounds ordered(double a, double b) {
  return {std::min(a, b), std::max(a, b)};
}

// From a change where more is worse, and its bounds, to what is published.
struct Published {
  std::optional<Change> ratio, points;
};
Published published(WatchedQuantity quantity, double mean_score, const Change& worse) {
  const double sign = worse_sign(quantity);
  const Change change{sign * worse.value, ordered(sign * worse.bounds.lower, sign * worse.bounds.upper)};
  if (quantity != WatchedQuantity::accuracy)
    return {Change{std::exp(change.value), {std::exp(change.bounds.lower), std::exp(change.bounds.upper)}}, {}};
  Published both{.ratio = {}, .points = change};
  const auto ratio = [mean_score](double points) { return std::max(0.0, 1 + points / mean_score); };
  if (mean_score > 0) both.ratio = {ratio(change.value), {ratio(change.bounds.lower), ratio(change.bounds.upper)}};
  return both;
}

// What a signed value was before it was signed and, but for scores, its logarithm taken.
double plain(WatchedQuantity quantity, double value) {
  const double unsigned_value = worse_sign(quantity) * value;
  return quantity == WatchedQuantity::accuracy ? unsigned_value : std::exp(unsigned_value);
}

struct Moved {
  std::uint32_t item;
  double change, current;
  std::uint64_t queries;
};

std::vector<Moved> moved(const Reference& reference, const Window& window) {
  std::vector<Moved> all;
  for (const auto& cell : window.sums().cells()) {
    if (cell.count == 0) continue;
    const double current = cell.raw / cell.count;
    all.push_back({cell.item, current - reference.item(cell.item).mean, current, cell.count});
  }
  std::ranges::sort(
      all, [](const Moved& a, const Moved& b) { return a.change != b.change ? a.change > b.change : a.item < b.item; });
  return all;
}

std::vector<MovedSubject> moved_subjects(const std::vector<Moved>& all, const std::vector<PanelItem>& items) {
  std::map<std::string, MovedSubject> by_subject;
  for (const auto& move : all) {
    const auto& name = items[move.item].subject;
    auto& subject = by_subject[name];
    subject.subject = name;
    subject.part += move.change / static_cast<double>(all.size());
    ++subject.items;
  }
  std::vector<MovedSubject> sorted;
  sorted.reserve(by_subject.size());
  for (auto& [name, subject] : by_subject) sorted.push_back(std::move(subject));
  std::ranges::stable_sort(sorted, std::ranges::greater(), &MovedSubject::part);
  if (sorted.size() > kShownMoves) sorted.resize(kShownMoves);
  return sorted;
}

}  // namespace

std::string_view to_text(Decision decision) {
  switch (decision) {
    case Decision::ok:
      return "ok";
    case Decision::warming_up:
      return "warming_up";
    case Decision::regressed:
      return "regressed";
    case Decision::incomparable:
      return "incomparable";
  }
  return "";
}

RegressionMonitor::RegressionMonitor(std::shared_ptr<const PanelBaseline> baseline, const MonitorOptions& options,
                                     bool declared)
    : baseline_(std::move(baseline)) {
  const auto& references = baseline_->references();
  const TestBudget budget{
      .queries_per_year = options.queries_per_year.value_or(baseline_->queries_per_year().value_or(kDefaultRate)),
      .false_alarms_per_year =
          options.false_alarms_per_year / static_cast<double>(options.targets * references.size())};
  for (const auto& [tested, reference] : references)
    tests_.push_back(
        {tested, &reference,
         Detector(reference,
                  {.margin = margin_of(tested.quantity, options.margins), .budget = budget, .declared = declared})});
}

void RegressionMonitor::add(const CompletedQuery& query) {
  const auto item = baseline_->item(query.query_id);
  if (!item) {
    ++passed_over_;
    return;
  }
  ++compared_;
  const auto seen = observe(query);
  for (const auto& joules : seen.log_joules)
    if (!baseline_->references().contains({WatchedQuantity::energy, joules.metered}))
      without_baseline_.insert(joules.metered);
  for (auto& test : tests_)
    if (const auto value = baseline_->value(test.tested, *item, seen)) test.detector.add(*item, *value, seen.at);
}

bool RegressionMonitor::incomparable() const {
  return passed_over_ >= kLeastPassedOver && passed_over_ > compared_;
}

TestResult RegressionMonitor::result(const Test& test) const {
  const auto& [tested, reference, detector] = test;
  const auto& window = detector.shown();
  TestResult result{.tested = tested,
                    .decision = detector.regressed() ? Decision::regressed : Decision::ok,
                    .log_e_value = detector.log_e_value(),
                    .log_threshold = detector.log_threshold(),
                    .ratio = {},
                    .points = {},
                    .queries = window.queries(),
                    .since = window.since(),
                    .alarms = detector.alarms(),
                    .queries_to_alarm = detector.queries_to_alarm(),
                    .no_worse = detector.no_worse(),
                    .items = {},
                    .subjects = {}};
  if (incomparable()) result.decision = Decision::incomparable;
  if (window.queries() == 0) return result;
  const auto size = window.size(*reference);
  // What one item tells of the change, in observations: less than 1 where items moved by different amounts.
  const double told = reference->predictive() / (size.variance * window.items());
  const auto bounds =
      confidence_sequence(size, {.predictive = reference->predictive(),
                                 .tuned = static_cast<double>(reference->known_items()) * told / kTunedAt,
                                 .error = detector.shown_error()});
  const auto shown = published(tested.quantity, baseline_->mean_score(), {size.change, bounds});
  result.ratio = shown.ratio;
  result.points = shown.points;
  const auto all = moved(*reference, window);
  for (std::size_t i = 0; i < std::min(kShownMoves, all.size()) && all[i].change > 0; ++i)
    result.items.push_back({baseline_->items()[all[i].item].query_id, baseline_->items()[all[i].item].subject,
                            plain(tested.quantity, reference->item(all[i].item).mean),
                            plain(tested.quantity, all[i].current), all[i].queries});
  result.subjects = moved_subjects(all, baseline_->items());
  return result;
}

RegressionState RegressionMonitor::state() const {
  RegressionState state;
  state.compared = compared_;
  state.passed_over = passed_over_;
  state.no_worse = !tests_.empty() && !incomparable();
  for (const auto& test : tests_) {
    state.tests.push_back(result(test));
    state.no_worse &= test.detector.no_worse();
    if (test.detector.regressed()) state.decision = Decision::regressed;
  }
  if (incomparable()) state.decision = Decision::incomparable;
  for (const auto& metered : without_baseline_) {
    TestResult waiting;
    waiting.tested = {WatchedQuantity::energy, metered};
    waiting.decision = Decision::warming_up;
    state.tests.push_back(std::move(waiting));
  }
  return state;
}

}  // namespace ipw
