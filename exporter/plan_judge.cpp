#include <algorithm>
#include <set>

#include "exporter/plan.hpp"
#include "replay/model_judge.hpp"

namespace ipw {
namespace {

Error at(const std::string& place, const std::string& message) {
  return {Errc::invalid, place + ": " + message};
}

// The target whose accelerator the model works on: the one that is named, else one at the same address.
Result<std::optional<std::size_t>> find_shared(const Config& config, const JudgeModelConfig& judge) {
  for (std::size_t i = 0; i < config.targets.size(); ++i) {
    const bool same = judge.shares.empty() ? config.targets[i].url.origin() == judge.url.origin()
                                           : config.targets[i].name == judge.shares;
    if (same) return std::optional(i);
  }
  if (!judge.shares.empty()) return at(judge.place, "`shares` names no target: `" + judge.shares + "`");
  return std::optional<std::size_t>();
}

// Charges the model, under the index behind the last target's, wherever that target is charged. Gives all targets on
// the same accelerators.
std::vector<std::size_t> enter(std::vector<Book>& books, std::size_t shared, std::size_t account) {
  std::set<std::size_t> beside{shared};
  for (auto& book : books) {
    if (std::ranges::find(book.targets, shared) == book.targets.end()) continue;
    if (book.meter.scope == probes::Scope::accelerator) beside.insert(book.targets.begin(), book.targets.end());
    book.targets.push_back(account);
  }
  return {beside.begin(), beside.end()};
}

// Whose answers a judge compares with must be a target, and not the only one.
Result<void> check_rivals(const Plan& plan) {
  const auto place = plan.config.judges.place("pairwise");
  const std::string rival(plan.bench->model_judge("pairwise")->rival());
  if (rival.empty()) return {};
  const auto& targets = plan.config.targets;
  if (std::ranges::find(targets, rival, &TargetConfig::name) == targets.end())
    return at(place, "`against` names no target: `" + rival + "`");
  if (!plan.config.store.keep_answers)
    return at(place, "the answers of `" + rival + "` are compared with: set `store.keep_answers` to true");
  return {};
}

}  // namespace

Result<void> plan_judge(Plan& plan, std::optional<JudgeModelConfig> config) {
  if (auto ok = check_rivals(plan); !ok) return ok;
  if (!config) return {};
  auto model = JudgeModel::open(*config, *plan.bench);
  if (!model) return model.error();
  plan.judge = std::move(*model);
  const auto shared = find_shared(plan.config, *config);
  if (!shared) return shared.error();
  if (*shared) plan.judge_shares = enter(plan.books, **shared, plan.targets.size());
  return {};
}

}  // namespace ipw
