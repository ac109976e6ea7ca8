#include "exporter/regression/watch.hpp"

#include <utility>

#include "base/log.hpp"

namespace ipw {

Result<std::unique_ptr<RegressionWatch>> RegressionWatch::open(Parts parts) {
  auto store = EpochStore::open(parts.path, Database::Mode::read_write);
  if (!store) return store.error();
  std::unique_ptr<RegressionWatch> watch(new RegressionWatch(std::move(parts), std::move(*store)));
  for (std::size_t i = 0; i < watch->parts_.targets.size(); ++i)
    if (auto ok = watch->open_target(i); !ok) return ok.error();
  if (auto ok = watch->read_baselines(); !ok) return ok.error();
  return watch;
}

Result<void> RegressionWatch::open_target(std::size_t index) {
  const auto& target = parts_.targets[index];
  auto known = store_.epochs(target.name);
  if (!known) return known.error();
  const bool is_new = known->empty();
  const auto last = is_new ? std::string() : known->back().digest;
  EpochTracker epochs(target.configured, std::move(*known), parts_.now);
  unsaved_.push_back(is_new || epochs.current().digest != last);
  restarted_.push_back(false);
  trouble_.emplace_back();
  watches_.emplace_back(TargetWatch::Parts{.target = target.name,
                                           .corpus = target.corpus,
                                           .options = parts_.options,
                                           .targets = parts_.targets.size(),
                                           .queries_per_year = target.queries_per_year,
                                           .journal = parts_.journal},
                        std::move(epochs));
  return {};
}

Result<void> RegressionWatch::read_baselines() {
  const auto newest = store_.newest_baseline();
  if (!newest) return newest.error();
  const auto entries = store_.baselines();
  if (!entries) return entries.error();
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    auto entry = current_baseline(*entries, parts_.targets[i].name, parts_.targets[i].corpus);
    const auto number = [](const std::optional<BaselineEntry>& e) { return e ? e->number : 0; };
    if (newest_baseline_ > 0 && number(entry) == number(watches_[i].baseline())) continue;
    if (auto ok = watches_[i].use(std::move(entry)); !ok) return ok;
  }
  newest_baseline_ = *newest;
  return {};
}

bool RegressionWatch::learn(std::size_t target, const std::string& source, const Facts& facts, WallTime at) {
  auto& epochs = watches_[target].epochs();
  const auto before = epochs.current();
  if (!epochs.learn(source, facts, at)) return false;
  unsaved_[target] = true;
  const auto& now = epochs.current();
  if (now.digest == before.digest && now.since == before.since) return false;
  restarted_[target] = true;
  log_info("what runs has changed: a new epoch begins", {{"target", parts_.targets[target].name},
                                                         {"epoch", now.digest},
                                                         {"before", before.digest},
                                                         {"changed", difference(before.facts, now.facts)}});
  return true;
}

void RegressionWatch::tick(WallTime now) {
  if (const auto newest = store_.newest_baseline(); newest && *newest != newest_baseline_)
    if (auto ok = read_baselines(); !ok) log_warn("the baselines cannot be read", {{"reason", ok.error().message}});
  for (std::size_t i = 0; i < watches_.size(); ++i) tell(i, settle(i, now));
}

Result<void> RegressionWatch::settle(std::size_t target, WallTime now) {
  auto& watch = watches_[target];
  if (unsaved_[target]) {
    if (auto ok = store_.put(parts_.targets[target].name, watch.epochs().current()); !ok) return ok;
    unsaved_[target] = false;
  }
  if (restarted_[target] || watch.can_begin()) {
    if (auto ok = watch.restart(); !ok) return ok;
    restarted_[target] = false;
  }
  const auto proposal = watch.proposal(now);
  if (!proposal) return {};
  if (auto ok = store_.add(*proposal); !ok) return ok;
  log_info("a baseline was made",
           {{"target", proposal->target},
            {"epoch", proposal->epoch},
            {"cycles", std::to_string(proposal->first_cycle) + " to " + std::to_string(proposal->last_cycle)}});
  return read_baselines();
}

// Once for each reason: it is tried again several times a second.
void RegressionWatch::tell(std::size_t target, const Result<void>& outcome) {
  const auto trouble = outcome ? std::string() : outcome.error().message;
  if (trouble != std::exchange(trouble_[target], trouble) && !outcome)
    log_warn("regressions cannot be followed now; it is tried again",
             {{"target", parts_.targets[target].name}, {"reason", outcome.error().message}});
}

}  // namespace ipw
