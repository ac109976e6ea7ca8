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

void add_checks(const Snapshot& snapshot, const std::vector<Labels>& names, const Sink& out) {
  if (!snapshot.judge) return;
  Family checks("ipw_judge_checks_total",
                "Answers that the judging model and a deterministic judge scored: what each says.", Counter);
  for (std::size_t t = 0; t < names.size(); ++t) {
    const auto& counts = snapshot.targets[t].checks;
    const auto add = [&](std::string_view judge, std::string_view control, std::uint64_t count) {
      checks.add(labels(names[t], {{"judge", judge}, {"control", control}}), count);
    };
    add("correct", "correct", counts.both_right);
    add("correct", "wrong", counts.only_judge);
    add("wrong", "correct", counts.only_control);
    add("wrong", "wrong", counts.both_wrong);
  }
  checks.move_to(out);
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

}  // namespace

void add_judging(const Snapshot& snapshot, const std::vector<Labels>& targets, const Sink& out) {
  if (snapshot.judge) add_model(*snapshot.judge, out);
  add_checks(snapshot, targets, out);
  add_slices(snapshot, targets, out);
  add_tries(snapshot, targets, out);
}

}  // namespace ipw::metrics
