#pragma once

#include <optional>
#include <utility>

#include "exporter/accounting/pricing.hpp"
#include "exporter/accounting/snapshot.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// Counts what the judging model was asked and what that cost. Owned by the ledger; one thread.
class JudgeCounts {
 public:
  JudgeCounts(JudgeInfo info, std::optional<Pricing> pricing);

  void on(const replay::Attempt& request);
  void on(const replay::Judged& event);
  const JudgeSnapshot& snapshot() const { return counts_; }

 private:
  std::optional<Pricing> pricing_;
  JudgeSnapshot counts_;
};

void count_tokens(TokenCounts& tokens, const replay::Usage& usage);

}  // namespace ipw
