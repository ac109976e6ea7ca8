#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>

#include "base/log.hpp"
#include "exporter/app.hpp"

namespace ipw {

// Only pages show them. Whatever has succeeded since, they are shown again after a restart.
Result<std::vector<AttemptRecord>> App::known_failures(const std::string& target) const {
  std::vector<AttemptRecord> failures;
  for (std::size_t i = 0; options_.serve && i < replay::kOutcomes; ++i) {
    const auto outcome = static_cast<replay::Outcome>(i);
    if (replay::answered(outcome) || outcome == replay::Outcome::cancelled) continue;
    auto found = journal_->queries({target, "", std::string(to_text(outcome)), Ledger::kFailures});
    if (!found) return found.error();
    std::ranges::move(*found, std::back_inserter(failures));
  }
  std::ranges::sort(failures, std::greater{}, &AttemptRecord::ended_at);
  if (failures.size() > Ledger::kFailures) failures.resize(Ledger::kFailures);
  for (auto& failure : failures) failure.problem = failure.answer = {};
  return failures;
}

// Only what is scraped has windows.
Result<std::unique_ptr<Windows>> App::open_windows() {
  if (!options_.serve) return std::unique_ptr<Windows>();
  std::vector<WindowTarget> targets;
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
    const auto& info = plan_.targets[i].ledger.info;
    targets.push_back({info.name, info.model, info.accelerator, info.corpus, starts_[i].cycle, starts_[i].done_before});
  }
  auto windows = std::make_unique<Windows>(std::move(targets));
  const auto left_out = windows->fill(
      [this](WallTime since, const Windows::Each& each) {
        return journal_->for_each_completed({.since = since, .target = {}, .epoch = {}}, each);
      },
      anchor_.wall(plan_.clock->now()));
  if (!left_out) return left_out.error();
  if (*left_out > 0)
    log_warn("queries of the journal ended in the future, by the clock as it is now: no window shows them",
             {{"queries", std::to_string(*left_out)}});
  return windows;
}

Result<void> App::open_regressions() {
  RegressionWatch::Parts parts{.options = plan_.config.regression,
                               .targets = {},
                               .journal = journal_.get(),
                               .path = plan_.config.store.path,
                               .now = WallTime::clock::now()};
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) parts.targets.push_back(plan_.watched(i));
  auto watch = RegressionWatch::open(std::move(parts));
  if (!watch) return watch.error();
  regressions_ = std::move(*watch);
  return {};
}

EnergyRates App::open_rates() {
  const auto open = [this](const std::string& name, const std::optional<RateConfig>& config) {
    if (!config) return std::shared_ptr<EnergyRate>();
    if (config->fixed) return std::make_shared<EnergyRate>(*config->fixed);
    auto rate = std::make_shared<EnergyRate>(config->keep);
    rate_feeds_.push_back(std::make_unique<RateFeed>(
        RateFeed::Options{name, config->endpoint, config->query, config->every}, rate, *plan_.clock));
    return rate;
  };
  const auto& [carbon, electricity] = std::tie(plan_.config.carbon, plan_.config.electricity);
  return {open("carbon intensity", carbon), open("electricity price", electricity),
          electricity ? electricity->currency : ""};
}

}  // namespace ipw
