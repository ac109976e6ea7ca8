#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exporter/accounting/attribution.hpp"
#include "exporter/accounting/ledger.hpp"
#include "exporter/config.hpp"
#include "exporter/judge_model.hpp"
#include "exporter/regression/watch.hpp"
#include "probes/rig.hpp"
#include "replay/corpus.hpp"
#include "replay/dialect.hpp"
#include "replay/judge.hpp"
#include "replay/pacing.hpp"
#include "replay/panel.hpp"
#include "replay/transport.hpp"

namespace ipw {

// A target with everything that its configuration resolved to.
struct PlannedTarget {
  LedgerTarget ledger;
  std::vector<probes::Meter> meters;  // one without channels stands for the target's `estimate`
  std::string no_meter_reason;        // why `meters` is empty; empty otherwise
  std::unique_ptr<replay::Dialect> dialect;
  std::unique_ptr<replay::Pacing> pacing;
  replay::TransportOptions transport;
  replay::RetryPolicy retry;
  int warmup{0};
  bool expects_no_cache{true};                   // `prompt_cache: bypass`
  std::optional<replay::Politeness> politeness;  // none: the server is not asked how it is
  Seconds ready_timeout{60};
  std::optional<BudgetLimits> budget;
};

// What a configuration means on this machine: plug-ins opened, power sources found, the corpus read through, the panel
// drawn.
// `check` prints it, `run` and `replay` carry it out. Nothing has been sent yet; the samplers are running.
struct Plan {
  Config config;
  const Clock* clock{nullptr};
  std::unique_ptr<probes::Rig> rig;
  std::unique_ptr<replay::Bench> bench;
  replay::CorpusSummary corpus;
  std::shared_ptr<const replay::Panel> panel;  // null: the whole corpus is replayed, in its order
  std::vector<PlannedTarget> targets;
  std::optional<JudgeModel> judge;
  std::vector<std::size_t> judge_shares;  // the targets with which it shares an accelerator
  std::vector<Book> books;                // one per device and scope that some target is charged for

  CorpusInfo replayed() const;
  // A target as regressions know it: what the configuration says of what runs and of what it is measured by.
  RegressionWatch::Target watched(std::size_t target) const;
  // By target, the judging model behind the last: the first of the targets at the same server.
  std::vector<std::size_t> server_of() const;
};

// Opens a corpus from its beginning.
using OpenCorpus = std::function<Result<std::unique_ptr<replay::CorpusReader>>()>;
OpenCorpus corpus_of(const Config& config);

// A step of make_plan(): the judging model, and its part in the books. REQUIRES: targets and books are planned.
Result<void> plan_judge(Plan& plan, std::optional<JudgeModelConfig> config);

// Errors: invalid, for everything that the configuration or the corpus has wrong (the first errors, one a line).
Result<Plan> make_plan(Config config, const OpenCorpus& corpus, const Clock& clock);

}  // namespace ipw
