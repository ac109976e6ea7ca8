#include "exporter/analysis/query_figures.hpp"

#include <algorithm>
#include <cmath>

namespace ipw {
namespace {

using replay::VerdictKind;

std::optional<double> positive(const std::optional<Seconds>& time) {
  return time && time->value > 0 ? std::optional(time->value) : std::nullopt;
}

std::optional<double> counted(const std::optional<std::int64_t>& tokens) {
  return tokens && *tokens > 0 ? std::optional(static_cast<double>(*tokens)) : std::nullopt;
}

void add_to(FitSums& sums, const QueryPoint& point, FitY y, std::optional<double> value) {
  if (!value) return;
  for (std::size_t i = 0; i < kFitX; ++i)
    if (const auto x = x_of(point, static_cast<FitX>(i))) sums[static_cast<std::size_t>(y)][i].add(*x, *value);
}

void keep(Values& values, std::optional<double> value) {
  if (value) values.push_back(static_cast<float>(*value));
}

QueryPoint point_of(const AttemptRecord& last) {
  QueryPoint point;
  point.id = last.id;
  point.query_id = last.query_id;
  point.sent_at = last.sent_at;
  if (last.verdict) point.right = last.verdict == VerdictKind::correct || last.verdict == VerdictKind::tie;
  point.input_tokens = counted(last.usage.input_tokens);
  point.output_tokens = counted(last.usage.output_tokens);
  point.time_to_first_token = positive(last.time_to_first_token);
  point.latency = positive(last.duration);
  return point;
}

}  // namespace

std::string_view to_text(FitX x) {
  constexpr std::string_view kNames[] = {"input_tokens", "output_tokens", "total_tokens", "log_total_tokens"};
  return kNames[static_cast<std::size_t>(x)];
}

std::string_view to_text(FitY y) {
  constexpr std::string_view kNames[] = {"time_to_first_token", "latency", "energy", "power", "log_power"};
  return kNames[static_cast<std::size_t>(y)];
}

std::string_view published_name(FitX x, FitY y) {
  if (x == FitX::input_tokens && y == FitY::time_to_first_token) return "input_tokens_vs_ttft";
  if (x == FitX::log_total_tokens && y == FitY::power) return "total_tokens_vs_power_log";
  if (x != FitX::total_tokens) return {};
  if (y == FitY::latency) return "total_tokens_vs_latency";
  if (y == FitY::energy) return "total_tokens_vs_energy";
  return y == FitY::power ? "total_tokens_vs_power" : std::string_view{};
}

std::optional<double> x_of(const QueryPoint& point, FitX x) {
  if (x == FitX::input_tokens) return point.input_tokens;
  if (x == FitX::output_tokens) return point.output_tokens;
  if (!point.input_tokens || !point.output_tokens) return std::nullopt;
  const double total = *point.input_tokens + *point.output_tokens;
  return x == FitX::total_tokens ? total : std::log(total);
}

void QueryFigures::add(const FinishedQuery& query) {
  const auto& last = query.last();
  time_.first = std::min(time_.first, query.attempts.front().sent_at);
  time_.second = std::max(time_.second, last.ended_at);
  if (!replay::answered(last.outcome)) return;
  auto point = point_of(last);
  add_to(fits_, point, FitY::time_to_first_token, point.time_to_first_token);
  add_to(fits_, point, FitY::latency, point.latency);
  keep(first_tokens_, point.time_to_first_token);
  keep(latencies_, point.latency);
  keep(output_tokens_, point.output_tokens);
  for (std::size_t scope = 0; scope < kScopes; ++scope) add_scope(query, static_cast<probes::Scope>(scope), point);
  points_.add(std::move(point));
}

void QueryFigures::add_scope(const FinishedQuery& query, probes::Scope scope, QueryPoint& point) {
  const auto spent = drawn(query.attempts, scope);
  if (!spent || !query.whole() || !(spent->energy.value > 0)) return;
  auto& figures = scopes_[{scope, spent->quality}];
  double watt_seconds = 0, seconds = 0;
  for (const auto& attempt : query.attempts) {
    const auto& part = *std::ranges::find(attempt.energy, scope, &ScopeEnergy::scope);
    const std::chrono::duration<double> length = attempt.ended_at - attempt.sent_at;
    watt_seconds += part.mean_power.value * length.count();
    seconds += length.count();
    figures.power.add(attempt.sent_at, attempt.ended_at, part.mean_power);
  }
  const auto at = static_cast<std::size_t>(scope);
  point.joules[at] = spent->energy.value;
  if (seconds > 0 && watt_seconds > 0) point.watts[at] = watt_seconds / seconds;
  add_to(figures.fits, point, FitY::energy, point.joules[at]);
  add_to(figures.fits, point, FitY::power, point.watts[at]);
  if (point.watts[at]) add_to(figures.fits, point, FitY::log_power, std::log(*point.watts[at]));
  keep(figures.joules, point.joules[at]);
  keep(figures.watts, point.watts[at]);
}

}  // namespace ipw
