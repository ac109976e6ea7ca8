#include "exporter/analysis/report.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"

namespace ipw {
namespace {

using replay::VerdictKind;

const std::array<WindowPlan, 3> kWindows{{{.name = "all", .length = {}, .slices = true},
                                          {.name = "24h", .length = Seconds{86400}, .slices = true},
                                          {.name = "cycle", .length = {}, .of_cycle = true, .slices = true}}};

// As the published harness would see one of our queries: what is neither right nor wrong could not be scored.
PublishedSample published_sample(const FinishedQuery& query) {
  const auto& last = query.last();
  PublishedSample sample;
  if (last.verdict == VerdictKind::correct || last.verdict == VerdictKind::tie) sample.correct = true;
  if (last.verdict == VerdictKind::wrong) sample.correct = false;
  if (last.duration) sample.seconds = last.duration->value;
  const auto spent = drawn(query.attempts, probes::Scope::accelerator);
  if (!spent) return sample;
  sample.joules = spent->energy.value;
  sample.watts = std::ranges::find(last.energy, probes::Scope::accelerator, &ScopeEnergy::scope)->mean_power.value;
  return sample;
}

bool may_err(const JudgeReport& judge) {
  const auto& seen = judge.agreement;
  return seen.compared() + seen.undecided + seen.judge_errors > 0 || judge.judge == "llm" || judge.judge == "pairwise";
}

}  // namespace

ReportBuilder::TargetBook::TargetBook() : windows(kWindows) {}

ReportBuilder::ReportBuilder() : finished_([this](const FinishedQuery& query) { add_finished(query); }) {}

void ReportBuilder::add(const AttemptRecord& record) {
  auto& book = targets_[record.target];
  auto& report = book.report;
  report.target = record.target;
  report.models.insert(record.model);
  report.accelerators.insert(record.accelerator);
  report.corpora.insert(record.corpus);
  report.cycles.insert(record.cycle);
  report.summary.add(record);
  report.failures.add(record);
  book.slices.add(record);
  finished_.add(record);
}

void ReportBuilder::add_imported(const AttemptRecord& record, const PublishedSample& sample) {
  auto& report = targets_[record.target].report;
  report.imported = true;
  report.published.add(sample);
  add(record);
}

void ReportBuilder::add_finished(const FinishedQuery& query) {
  const auto& last = query.last();
  auto& book = targets_[last.target];
  book.report.tries.add(query);
  book.report.figures.add(query);
  if (!book.report.imported) book.report.published.add(published_sample(query));
  results_.add(query);
  if (last.verdict && query.whole()) {
    book.windows.add(completed_query(query.attempts));
    book.newest = std::max(book.newest, last.ended_at);
  }
  if (!last.verdict || last.judge.empty()) return;
  auto& judge = judges_[last.judge];
  judge.judge = last.judge;
  ++judge.verdicts;
  if (last.control)
    judge.agreement.add(*last.verdict, *last.control);
  else if (last.verdict == VerdictKind::judge_error)
    ++judge.agreement.judge_errors;
  book.judged[last.judge].add(*last.verdict);
}

Result<Report> ReportBuilder::build(const std::string& reference, const OptionsOf& options_of) {
  finished_.finish();
  const auto compared_with = reference_of(reference);
  if (!compared_with) return compared_with.error();
  Report report;
  std::vector<std::string> judged;
  for (auto& [name, book] : targets_) {
    book.report.accuracy = book.slices.all();
    book.report.slices = book.slices.rows();
    book.report.judges = judges_of(book);
    book.report.windows = book.windows.figures(book.newest);
    if (book.report.accuracy.score.n > 0) judged.push_back(name);
    report.targets.push_back(std::move(book.report));
  }
  for (auto& [name, judge] : judges_)
    if (may_err(judge)) report.judges.push_back(std::move(judge));
  if (judged.size() > 1 && std::ranges::find(judged, *compared_with) != judged.end())
    report.comparison = compare(results_, judged, *compared_with, options_of);
  return report;
}

std::vector<TargetJudge> ReportBuilder::judges_of(const TargetBook& book) const {
  std::vector<TargetJudge> all;
  for (const auto& [name, answers] : book.judged) {
    const auto& judge = judges_.at(name);
    if (may_err(judge)) all.push_back({name, answers, corrected_accuracy(answers, judge.agreement)});
  }
  return all;
}

Result<std::string> ReportBuilder::reference_of(const std::string& wanted) const {
  if (targets_.contains(wanted)) return wanted;
  if (wanted.empty()) {
    std::string best;
    double most = -1;
    for (const auto& [name, book] : targets_) {
      const auto accuracy = book.slices.all().accuracy();
      if (accuracy && *accuracy > most) {
        most = *accuracy;
        best = name;
      }
    }
    return best;
  }
  std::vector<std::string_view> known;
  for (const auto& [name, book] : targets_) known.push_back(name);
  return Error{Errc::invalid, "--reference: unknown target " + did_you_mean(wanted, known) +
                                  "; there are records of: " + join(known, ", ")};
}

}  // namespace ipw
