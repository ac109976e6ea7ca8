#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/accounting/interval.hpp"
#include "exporter/regression/baseline.hpp"
#include "exporter/regression/detector.hpp"

namespace ipw {

enum class Decision { ok, warming_up, regressed, incomparable };
std::string_view to_text(Decision decision);

// A figure and its 95 % bounds, which hold however often they are looked at.
struct Change {
  double value{0};
  Bounds bounds;
};

// An item that got worse; its baseline's and its current mean in plain units (score, joules, seconds, correct per joule
// up to a factor).
struct MovedItem {
  std::string query_id, subject;
  double baseline{0}, current{0};
  std::uint64_t queries{0};
};

struct MovedSubject {
  std::string subject;
  double part{0};  // of the mean change, signed so that more is worse: those of all subjects add up to it
  std::uint64_t items{0};
};

// One test, as it is published.
struct TestResult {
  TestedQuantity tested;
  Decision decision{Decision::ok};
  double log_e_value{0}, log_threshold{0};        // natural logarithms; while regressed those of the recovery
  std::optional<Change> ratio;                    // current / baseline; nothing before the first query
  std::optional<Change> points;                   // accuracy: current - baseline, in [-1,1]
  std::uint64_t queries{0};                       // that the change is seen in
  std::optional<WallTime> since;                  // of the first of these
  std::uint64_t alarms{0};                        // since the epoch began
  std::optional<std::uint64_t> queries_to_alarm;  // that the change had taken when it rang, while regressed
  bool no_worse{false};                           // shown to be no worse than the margin
  std::vector<MovedItem> items;                   // at most ten, the worst first
  std::vector<MovedSubject> subjects;             // at most ten, the worst first
};

struct RegressionState {
  Decision decision{Decision::ok};  // regressed if one test is
  std::vector<TestResult> tests;    // in the order of PanelBaseline::references
  std::uint64_t compared{0};        // queries of this epoch whose item is in the baseline
  std::uint64_t passed_over{0};     // those whose item is not
  bool no_worse{false};             // every test is: the epoch may become the baseline
};

struct RegressionMargins {
  double accuracy{0.01};                          // points of 1
  double energy{0.02}, latency{0.05}, ipj{0.03};  // parts of the baseline's
};

struct MonitorOptions {
  RegressionMargins margins;
  double false_alarms_per_year{1};         // of the whole sidecar
  std::size_t targets{1};                  // among which it is split
  std::optional<double> queries_per_year;  // default: the baseline's own rate, else 60/h
};

// Watches one target in one epoch, query by query, against its accepted baseline. Live and out of the journal the same
// queries in the same order give the same state. Not thread-safe; the snapshot costs O(panel), not for every query.
class RegressionMonitor {
 public:
  // `declared`: the epoch is not the baseline's own, what runs was changed.
  RegressionMonitor(std::shared_ptr<const PanelBaseline> baseline, const MonitorOptions& options, bool declared);

  void add(const CompletedQuery& query);  // REQUIRES: of this target, corpus and epoch
  RegressionState state() const;
  // Of the test in that place of state().tests, at no cost: what must be known after every query.
  // REQUIRES: test < baseline's references().size().
  std::uint64_t alarms(std::size_t test) const { return tests_[test].detector.alarms(); }
  bool regressed(std::size_t test) const { return tests_[test].detector.regressed(); }
  bool no_worse(std::size_t test) const { return tests_[test].detector.no_worse(); }

 private:
  struct Test {
    TestedQuantity tested;
    const Reference* reference;
    Detector detector;
  };
  TestResult result(const Test& test) const;
  bool incomparable() const;
  std::shared_ptr<const PanelBaseline> baseline_;
  std::vector<Test> tests_;
  std::set<MeteredScope> without_baseline_;  // metered now, not then
  std::uint64_t compared_{0}, passed_over_{0};
};

}  // namespace ipw
