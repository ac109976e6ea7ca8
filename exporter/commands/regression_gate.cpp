#include "exporter/commands/regression_gate.hpp"

#include <algorithm>
#include <cstdio>

#include "exporter/commands/table.hpp"
#include "exporter/regression/baseline_history.hpp"

namespace ipw {
namespace {

// The baseline that counts; where none was set, all whole cycles of what ran last.
Result<BaselineEntry> entry_of(EpochStore& store, const Journal& journal, const RegressionWatch::Target& target) {
  const auto entries = store.baselines();
  if (!entries) return entries.error();
  if (auto entry = current_baseline(*entries, target.name, target.corpus)) return *entry;
  const auto epochs = store.epochs(target.name);
  if (!epochs) return epochs.error();
  if (epochs->empty()) return Error{Errc::invalid, "it holds no query of target `" + target.name + "`"};
  BaselineEntry entry{.number = 0, .target = target.name, .corpus = target.corpus, .epoch = epochs->back().digest};
  const auto sizes = cycles_of(journal, entry);
  if (!sizes) return sizes.error();
  const auto whole = whole_cycles(*sizes);
  if (whole.size() < kBaselineCycles)
    return Error{Errc::invalid, "it holds " + std::to_string(whole.size()) + " whole cycles of target `" + target.name +
                                    "`, and a baseline needs " + std::to_string(kBaselineCycles) +
                                    ": run `replay` more often into it"};
  entry.first_cycle = whole.front();
  entry.last_cycle = whole.back();
  return entry;
}

Result<void> check_comparable(EpochStore& store, const BaselineEntry& entry, const Facts& now) {
  const auto epochs = store.epochs(entry.target);
  if (!epochs) return epochs.error();
  const auto then = std::ranges::find(*epochs, entry.epoch, &Epoch::digest);
  if (then == epochs->end()) return {};
  if (const auto why = incomparable(then->facts, now))
    return Error{Errc::invalid, "target `" + entry.target + "`: " + *why};
  return {};
}

std::string change_text(const TestResult& test) {
  const auto& change = test.points ? test.points : test.ratio;
  if (!change) return "-";
  const double offset = test.points ? 0 : 1;
  const auto part = [&](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%+.2f", (value - offset) * 100);
    return std::string(text);
  };
  return part(change->value) + (test.points ? " points (" : " % (") + part(change->bounds.lower) + " to " +
         part(change->bounds.upper) + ")";
}

std::string decision_text(const TestResult& test) {
  if (test.decision == Decision::regressed) return "WORSE";
  if (test.decision != Decision::ok) return std::string(to_text(test.decision));
  return test.no_worse ? "no worse" : "undecided";
}

}  // namespace

Result<RegressionGate> RegressionGate::open(const std::string& path, const Plan& plan) {
  const auto refused = [&](const Error& error) {
    return Error{Errc::invalid, "--gate " + path + ": " + error.message};
  };
  const auto journal = Journal::open({.path = path, .keep_answers = true, .read_only = true});
  if (!journal) return refused(journal.error());
  auto store = EpochStore::open(path, Database::Mode::read_only);
  if (!store) return refused(store.error());
  RegressionGate gate;
  gate.options_ = plan.config.regression;
  for (std::size_t i = 0; i < plan.targets.size(); ++i) {
    const auto target = plan.watched(i);
    const auto entry = entry_of(*store, **journal, target);
    if (!entry) return refused(entry.error());
    if (auto ok = check_comparable(*store, *entry, target.configured); !ok) return refused(ok.error());
    auto baseline = baseline_of(**journal, *entry);
    if (!baseline) return refused(baseline.error());
    gate.targets_.push_back({target.name, target.corpus, std::make_shared<const PanelBaseline>(std::move(*baseline))});
  }
  return gate;
}

Result<RegressionGate::Outcome> RegressionGate::look(const App& app) const {
  Outcome outcome;
  Table table({"target", "quantity", "scope", "change (95 %)", "queries", "decision"});
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const auto& target = targets_[i];
    RegressionMonitor monitor(target.baseline,
                              {.margins = options_.margins,
                               .false_alarms_per_year = options_.false_alarms_per_year,
                               .targets = targets_.size(),
                               .queries_per_year = {}},
                              true);
    auto read = app.journal().for_each_completed(
        {.since = {}, .target = target.name, .epoch = {}}, [&](const CompletedQuery& query) {
          if (query.corpus == target.corpus && query.cycle == app.first_cycle(i)) monitor.add(query);
        });
    if (!read) return read.error();
    const auto state = monitor.state();
    for (const auto& test : state.tests) {
      outcome.worse |= test.decision == Decision::regressed;
      table.add({target.name, std::string(to_text(test.tested.quantity)),
                 test.tested.metered ? std::string(to_text(test.tested.metered->scope)) : "", change_text(test),
                 std::to_string(test.queries), decision_text(test)});
    }
  }
  outcome.table = table.text();
  return outcome;
}

}  // namespace ipw
