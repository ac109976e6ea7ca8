#include "exporter/metrics_builder.hpp"

namespace ipw::metrics {
namespace {

using enum prometheus::MetricType;

void add_model(const JudgeSnapshot& judge, const Sink& out) {
  const Labels model{{"model", judge.info.model}};
  Family info("ipw_judge_info", "The judging model, and a digest of what each judge asks it.", Gauge);
  for (const auto& [name, digest] : judge.info.prompts)
    info.add(labels(model, {{"judge", name}, {"url", judge.info.url}, {"prompt", digest}}), 1.0);
  Family requests("ipw_judge_requests_total", "Requests to the judging model by outcome.", Counter);
  for (std::size_t i = 0; i < replay::kOutcomes; ++i)
    requests.add(labels(model, {{"outcome", to_text(static_cast<replay::Outcome>(i))}}), judge.requests[i]);
  Family tokens("ipw_judge_tokens_total", "Tokens of those requests; the kinds are disjoint.", Counter);
  tokens.add(labels(model, {{"kind", "input"}}), judge.tokens.input);
  tokens.add(labels(model, {{"kind", "cached"}}), judge.tokens.cached);
  tokens.add(labels(model, {{"kind", "reasoning"}}), judge.tokens.reasoning);
  tokens.add(labels(model, {{"kind", "output"}}), judge.tokens.output);
  Family cost("ipw_judge_cost_dollars_total", "What those tokens cost at the configured prices.", Counter);
  if (judge.cost_usd) cost.add(model, *judge.cost_usd);
  Family cached("ipw_judge_cached_verdicts_total", "Verdicts that were known already: nothing was asked.", Counter);
  cached.add(model, judge.cached);
  Family compared("ipw_judge_comparisons_total", "Answers compared with another in both orders.", Counter);
  compared.add(model, judge.compared);
  Family split("ipw_judge_splits_total", "Comparisons in which the judge changed its mind with the order.", Counter);
  split.add(model, judge.split);
  for (auto* family : {&info, &requests, &tokens, &cost, &cached, &compared, &split}) family->move_to(out);
}

void add_agreement(const Snapshot& snapshot, const std::vector<Labels>& names, const Sink& out) {
  Family checks("ipw_judge_checks_total",
                "Answers that the judging model and a deterministic judge found right or wrong.", Counter);
  for (std::size_t t = 0; t < names.size(); ++t) {
    const auto& counts = snapshot.targets[t].agreement;
    const auto add = [&](std::string_view judge, std::string_view control, std::uint64_t count) {
      checks.add(labels(names[t], {{"judge", judge}, {"control", control}}), count);
    };
    add("correct", "correct", counts.right_passed);
    add("correct", "wrong", counts.wrong_passed);
    add("wrong", "correct", counts.right_failed);
    add("wrong", "wrong", counts.wrong_failed);
  }
  checks.move_to(out);
}

// How far the judging model can be believed, from the checks of all targets together.
void add_quality(const JudgeSnapshot& judge, const Agreement& all, const Sink& out) {
  const Labels model{{"model", judge.info.model}};
  Family sensitivity("ipw_judge_sensitivity_ratio", "Of the right answers, those that the judging model passes.",
                     Gauge);
  Family specificity("ipw_judge_specificity_ratio", "Of the wrong answers, those that it fails.", Gauge);
  Family kappa("ipw_judge_kappa", "Its agreement with deterministic judges beyond chance (Cohen).", Gauge);
  if (all.sensitivity().n >= kMinimumCompared) sensitivity.add(model, *all.sensitivity().value());
  if (all.specificity().n >= kMinimumCompared) specificity.add(model, *all.specificity().value());
  if (const auto found = cohen_kappa(all); found && all.compared() >= kMinimumCompared) kappa.add(model, found->value);
  for (auto* family : {&sensitivity, &specificity, &kappa}) family->move_to(out);
}

void add_corrected(const Snapshot& snapshot, const Agreement& all, const std::vector<Labels>& names, const Sink& out) {
  Family corrected("ipw_corrected_accuracy_ratio", "Accuracy by the judging model, without its own errors.", Gauge);
  Family lower("ipw_corrected_accuracy_ratio_lower", "Its lower 95 % bound.", Gauge);
  Family upper("ipw_corrected_accuracy_ratio_upper", "Its upper 95 % bound.", Gauge);
  for (std::size_t t = 0; t < names.size(); ++t) {
    if (snapshot.targets[t].by_model.all() < kMinimumCompared) continue;
    const auto estimate = corrected_accuracy(snapshot.targets[t].by_model, all);
    if (!estimate) continue;
    corrected.add(names[t], estimate->value);
    lower.add(names[t], estimate->bounds.lower);
    upper.add(names[t], estimate->bounds.upper);
  }
  for (auto* family : {&corrected, &lower, &upper}) family->move_to(out);
}

void add_slices(const Snapshot& snapshot, const std::vector<Labels>& names, const Sink& out) {
  Family verdicts("ipw_slice_verdicts_total", "Verdicts by the corpus lines' fields that are slices.", Counter);
  Family scores("ipw_slice_score_total", "Sum of the scores over the same verdicts.", Counter);
  for (std::size_t t = 0; t < names.size(); ++t)
    for (const auto& [slice, counts] : snapshot.targets[t].extra) {
      auto sliced = labels(names[t], {{"slice", slice.first}, {"value", slice.second}});
      for (std::size_t i = 0; i < replay::kVerdictKinds; ++i)
        verdicts.add(labels(sliced, {{"verdict", to_text(static_cast<replay::VerdictKind>(i))}}), counts.by_kind[i]);
      scores.add(std::move(sliced), counts.score);
    }
  verdicts.move_to(out);
  scores.move_to(out);
}

void add_tries(const Snapshot& snapshot, const std::vector<Labels>& names, const Sink& out) {
  Family failures("ipw_failures_before_success", "Answers that were not right before the first that was, per query.",
                  prometheus::MetricType::Histogram);
  Family never("ipw_never_solved_total", "Queries without a right answer after the last try.", Counter);
  for (std::size_t t = 0; t < names.size(); ++t) {
    if (!snapshot.targets[t].failures) continue;
    failures.add(names[t], *snapshot.targets[t].failures);
    never.add(names[t], snapshot.targets[t].never_solved);
  }
  failures.move_to(out);
  never.move_to(out);
}

// A pair of families: what is counted, and the share of it.
void add_coverage_of(const CoverageSnapshot::BySubject& subjects, const Labels& base, Family& ratio, Family& compared) {
  for (const auto& [subject, counts] : subjects) {
    const auto value = counts.ratio();
    if (!value) continue;
    ratio.add(labels(base, {{"subject", subject}}), *value);
    compared.add(labels(base, {{"subject", subject}}), counts.compared);
  }
}

void add_coverage(const Snapshot& snapshot, const std::vector<Labels>& names, const Sink& out) {
  const auto& coverage = *snapshot.coverage;
  const auto& reference = snapshot.targets[coverage.reference].info;
  Family ratio("ipw_coverage_ratio", "Share of the queries on which the answer is as good as the reference target's.",
               Gauge);
  Family compared("ipw_coverage_compared_queries", "Queries that both targets have answered, each once.", Gauge);
  for (std::size_t t = 0; t < names.size(); ++t)
    add_coverage_of(coverage.targets[t], labels(names[t], {{"reference", reference.name}}), ratio, compared);
  Family together("ipw_union_coverage_ratio",
                  "Share of the queries on which any other target's answer is as good as the reference target's.",
                  Gauge);
  Family by_all("ipw_union_coverage_compared_queries", "Queries that all targets have answered, each once.", Gauge);
  add_coverage_of(coverage.together, {{"corpus", reference.corpus}, {"reference", reference.name}}, together, by_all);
  for (auto* family : {&ratio, &compared, &together, &by_all}) family->move_to(out);
}

}  // namespace

void add_judging(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out) {
  if (snapshot.judge) {
    Agreement all;
    for (const auto& target : snapshot.targets) all += target.agreement;
    add_model(*snapshot.judge, out);
    add_agreement(snapshot, targets, out);
    add_quality(*snapshot.judge, all, out);
    add_corrected(snapshot, all, targets, out);
  }
  if (snapshot.coverage) add_coverage(snapshot, targets, out);
  add_slices(snapshot, targets, out);
  add_tries(snapshot, targets, out);
}

}  // namespace ipw::metrics
