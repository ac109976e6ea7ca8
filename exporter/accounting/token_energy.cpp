#include "exporter/accounting/token_energy.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

constexpr std::int64_t kMostTokens = 1'000'000'000;

bool refused(replay::Outcome outcome) {
  using enum replay::Outcome;
  return outcome == connect || outcome == tls || outcome == http_4xx || outcome == http_429;
}

std::optional<Joules> cost(Joules each, std::optional<std::int64_t> tokens) {
  if (each.value <= 0) return Joules{0};
  if (!tokens || *tokens < 0 || *tokens > kMostTokens) return std::nullopt;
  return each * static_cast<double>(*tokens);
}

}  // namespace

std::optional<TokenEnergy::Estimate> TokenEnergy::of(const replay::Attempt& attempt) const {
  if (refused(attempt.outcome)) return Estimate{Joules{0}, Joules{0}, Joules{0}};
  auto to_read = attempt.usage.input_tokens;
  if (to_read)
    *to_read -=
        std::clamp<std::int64_t>(attempt.usage.cached_tokens.value_or(0), 0, std::max<std::int64_t>(0, *to_read));
  const auto prefill = cost(per_input_token, to_read);
  const auto decode = cost(per_output_token, attempt.usage.output_tokens);
  if (!prefill || !decode) return std::nullopt;
  const Joules read = per_query + *prefill;
  return Estimate{read, *decode, (read + *decode) * error};
}

Joules published_per_output_token(const ServedModel& model) {
  constexpr Joules kKilowattHour{3.6e6};
  constexpr double kBillion = 1e9, kGpuMemory = 80e9;  // parameters, bytes
  constexpr Watts kServer{1200};                       // less its GPUs
  constexpr double kServerGpus = 8;
  const double active = model.active_parameters / kBillion;

  const double memory = 1.2 * model.parameters * model.bits / 8;
  const double gpus = std::exp2(std::ceil(std::log2(std::max(1.0, std::ceil(memory / kGpuMemory)))));
  const Joules gpu = kKilowattHour * (1.1665273170451914e-9 * std::exp(-0.011205921025579175 * model.batch) * active +
                                      4.052928146734005e-8);
  const Seconds latency{0.0006785088094353663 * active + 0.0003119310311688259 * model.batch + 0.019473717579473387};
  const Joules server = kServer * latency * (gpus / kServerGpus / model.batch);
  return (server + gpu * gpus) * model.pue;
}

}  // namespace ipw
