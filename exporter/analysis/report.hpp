#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/accounting/summary.hpp"
#include "exporter/analysis/comparison.hpp"
#include "exporter/analysis/failures.hpp"
#include "exporter/analysis/judge_quality.hpp"
#include "exporter/analysis/published_figures.hpp"
#include "exporter/analysis/query_figures.hpp"
#include "exporter/analysis/slices.hpp"
#include "exporter/analysis/tries.hpp"
#include "exporter/regression/epoch.hpp"
#include "exporter/statistics/target_windows.hpp"

namespace ipw {

// A judge that may err: a model, or one that was checked by a deterministic one.
struct JudgeReport {
  std::string judge;
  std::uint64_t verdicts{0};
  Agreement agreement;  // over all targets
};

// What such a judge says of one target, and what it would say if it did not err.
struct TargetJudge {
  std::string judge;
  JudgedAnswers answers;
  std::optional<Estimate> corrected;
};

struct TargetReport {
  std::string target;
  std::set<std::string> models, accelerators, corpora;
  std::set<std::uint64_t> cycles;
  PassSummary summary;
  SliceAccuracy accuracy;
  std::vector<SliceRow> slices;
  std::vector<TargetJudge> judges;
  Tries tries;
  std::vector<WindowFigures> windows;  // all records, the last 24h before the newest one, the newest cycle
  QueryFigures figures;
  Failures failures;
  PublishedFigures published;   // of the accelerator scope
  bool imported{false};         // records of the published harness: their times are not known
  std::vector<Epoch> epochs{};  // what ran, where the journal knows it; oldest first
};

// What a kilowatt hour emits and costs, where the reader says so.
struct ReportRates {
  std::optional<double> grams_per_kwh, price_per_kwh;
  std::string currency{"dollars"};
};

// What records say about targets, judges and queries.
struct Report {
  std::vector<std::string> journals;
  ReportRates rates{};
  std::vector<TargetReport> targets;     // by name
  std::vector<JudgeReport> judges;       // by name
  std::optional<Comparison> comparison;  // of the targets that have judged queries, where there are several
};

// Makes a report from records. Records come in any order (FinishedQueries says what that excepts).
class ReportBuilder {
 public:
  ReportBuilder();
  ReportBuilder(const ReportBuilder&) = delete;
  ReportBuilder& operator=(const ReportBuilder&) = delete;

  void add(const AttemptRecord& record);
  // A record of the published harness, which has its own idea of the query. Its target has no other records.
  void add_imported(const AttemptRecord& record, const PublishedSample& sample);
  // The last call. Targets are compared with `reference`; with the most accurate one where it is empty.
  // Errors: invalid, when no record is of that target: says of which there are.
  Result<Report> build(const std::string& reference, const OptionsOf& options_of);

 private:
  struct TargetBook {
    TargetBook();
    TargetReport report;
    SliceTable slices;
    TargetWindows windows;
    WallTime newest{};
    std::map<std::string, JudgedAnswers> judged;  // by judge
  };
  void add_finished(const FinishedQuery& query);
  std::vector<TargetJudge> judges_of(const TargetBook& book) const;
  Result<std::string> reference_of(const std::string& wanted) const;

  FinishedQueries finished_;
  std::map<std::string, TargetBook> targets_;
  std::map<std::string, JudgeReport> judges_;
  QueryResults results_;
};

}  // namespace ipw
