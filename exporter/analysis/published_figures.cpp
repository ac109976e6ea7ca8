#include "exporter/analysis/published_figures.hpp"

#include <cmath>

#include "exporter/accounting/interval.hpp"

namespace ipw {
namespace {

std::optional<double> positive(const std::optional<double>& value) {
  return value && std::isfinite(*value) && *value > 0 ? value : std::nullopt;
}

std::optional<double> over(const std::optional<double>& accuracy, const std::optional<double>& cost) {
  return accuracy && cost ? ratio(*accuracy, *cost) : std::nullopt;
}

}  // namespace

std::optional<double> PublishedFigures::Mean::value() const {
  return ratio(sum, static_cast<double>(n));
}

void PublishedFigures::add(const PublishedSample& sample) {
  const auto joules = positive(sample.joules), watts = positive(sample.watts), seconds = positive(sample.seconds);
  ++queries_;
  all_joules_ += joules.value_or(0);
  if (watts) sampled_watts_.add(*watts);
  if (!sample.correct) return;
  ++scored_;
  correct_ += *sample.correct ? 1 : 0;
  if (joules) {
    joules_.add(*joules);
  } else if (sample.joules && watts && seconds) {
    joules_.add(*watts * *seconds);
    ++imputed_;
  }
  if (joules && seconds)
    watts_.add(*joules / *seconds);
  else if (watts)
    watts_.add(*watts);
}

std::optional<double> PublishedFigures::accuracy() const {
  return ratio(static_cast<double>(correct_), static_cast<double>(scored_));
}
std::optional<double> PublishedFigures::mean_joules() const {
  return joules_.value();
}
std::optional<double> PublishedFigures::mean_watts() const {
  return watts_.value();
}
std::optional<double> PublishedFigures::per_joule_analyze() const {
  return over(accuracy(), mean_joules());
}
std::optional<double> PublishedFigures::per_watt_analyze() const {
  return over(accuracy(), mean_watts());
}
std::optional<double> PublishedFigures::per_joule_run() const {
  return over(accuracy(), all_joules_);
}
std::optional<double> PublishedFigures::per_watt_run() const {
  return over(accuracy(), sampled_watts_.value());
}

}  // namespace ipw
