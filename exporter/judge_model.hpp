#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "exporter/accounting/judge_counts.hpp"
#include "exporter/config.hpp"
#include "replay/judge.hpp"
#include "replay/judge_desk.hpp"

namespace ipw {

// The model that judges, as the configuration resolves it.
struct JudgeModel {
  JudgeCounts counts;
  std::string name;  // by which its verdicts are known: changes with all that may change them, but the prompts
  std::unique_ptr<replay::Dialect> dialect;
  replay::TransportOptions transport;
  Seconds give_up{0};

  // Errors: invalid.
  static Result<JudgeModel> open(JudgeModelConfig& config, const replay::Bench& bench);
  // `parts` say what is not the model's own: clock, events, cache, turn, rival, account. Once. Errors: as
  // open_http_transport().
  Result<std::unique_ptr<replay::JudgeDesk>> open_desk(replay::JudgeDesk::Parts parts);
};

}  // namespace ipw
