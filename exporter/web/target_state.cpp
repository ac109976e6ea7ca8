#include "exporter/web/target_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/text.hpp"
#include "exporter/accounting/statistics.hpp"
#include "exporter/regression/target_watch.hpp"

namespace ipw::web {
namespace {

using Kind = TargetState::Kind;

constexpr std::size_t kReasonShown = 200;

// "−3.1"
std::string signed_number(double value, int digits) {
  const auto text = fmt::format("{:+.{}f}", value, digits);
  return text.starts_with('-') ? "−" + text.substr(1) : text;
}

std::string with_bounds(const Change& change, double base, std::string_view unit) {
  const auto scaled = [&](double value) { return 100 * (value - base); };
  const auto bound = [&](double value) {
    const auto text = fmt::format("{:.1f}", scaled(value));
    return text.starts_with('-') ? "−" + text.substr(1) : text;
  };
  return fmt::format("{} {} [{}, {}]", signed_number(scaled(change.value), 1), unit, bound(change.bounds.lower),
                     bound(change.bounds.upper));
}

TargetState regressed(const TargetRegression& regression) {
  TargetState state{Kind::bad, "regressed", ""};
  for (const auto& test : regression.state.tests)
    if (test.decision == Decision::regressed)
      state.why += (state.why.empty() ? "" : ", ") + test_name(test) + " " + change_text(test);
  return state;
}

// Of every query, where none has an energy that may be believed.
std::string unmetered(const TargetSnapshot& target) {
  if (target.energy.empty()) return "no power is metered for this target: there are no joules to divide by";
  std::array<std::uint64_t, kValidities> all{};
  std::uint64_t metered = 0;
  for (const auto& [labels, energy] : target.energy) {
    for (std::size_t i = 0; i < kValidities; ++i) all[i] += energy.validity[i];
    metered += all_metered(energy).queries;
  }
  const auto seen = std::accumulate(all.begin(), all.end(), std::uint64_t{0});
  if (metered > 0 || seen == 0) return "";
  const auto commonest = static_cast<Validity>(std::ranges::max_element(all) - all.begin());
  return fmt::format("the energy of none of {} queries may be believed, mostly because of `{}`", seen,
                     to_text(commonest));
}

std::string silent(const TargetSnapshot& target) {
  if (target.paused && !target.paused_why.empty()) return shortened(target.paused_why, kReasonShown);
  if (target.recent_failures.empty()) return "the latest query was not answered";
  const auto& last = target.recent_failures.front();
  return fmt::format("{}: {}", to_text(last.outcome), shortened(last.outcome_reason, kReasonShown));
}

TargetState untested(const TargetRegression& regression) {
  const bool warming = regression.decision == Decision::warming_up;
  constexpr std::string_view kPrefix = "warming up: ";
  std::string why = regression.why;
  if (warming && why.starts_with(kPrefix)) why.erase(0, kPrefix.size());
  return {Kind::waiting, warming ? "warming up" : "not comparable", why};
}

}  // namespace

std::string test_name(const TestResult& test) {
  std::string name(to_text(test.tested.quantity));
  if (test.tested.quantity == WatchedQuantity::ipj) name = "intelligence per joule";
  return test.tested.metered ? fmt::format("{} ({})", name, to_text(test.tested.metered->scope)) : name;
}

std::string change_text(const TestResult& test) {
  if (test.points) return with_bounds(*test.points, 0, "points");
  if (test.ratio) return with_bounds(*test.ratio, 1, "%");
  return "–";
}

TargetState state_of(const TargetSnapshot& target) {
  const auto* regression = target.regression.get();
  if (!target.up) return {Kind::bad, "does not answer", silent(target)};
  if (regression != nullptr && regression->decision == Decision::regressed) return regressed(*regression);
  if (target.paused)
    return {Kind::waiting, fmt::format("paused ({})", to_text(*target.paused)),
            shortened(target.paused_why, kReasonShown)};
  if (auto why = unmetered(target); !why.empty()) return {Kind::waiting, "not measured", std::move(why)};
  if (!target.last_query) return {Kind::waiting, "starting", "no query has been answered yet"};
  if (regression == nullptr) return {Kind::waiting, "not tested", "`regression.baseline` is off"};
  if (regression->decision != Decision::ok) return untested(*regression);
  return {Kind::fine, "fine",
          fmt::format("none of {} tests finds it worse than its baseline, over {} queries",
                      regression->state.tests.size(), regression->state.compared)};
}

}  // namespace ipw::web
