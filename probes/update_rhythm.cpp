#include "probes/update_rhythm.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ipw::probes {
namespace {

// A sensor that is a little late is not at rest.
constexpr double kPatience = 1.5;

}  // namespace

void UpdateRhythm::on_reading(MonoTime at, bool moved) {
  const auto before = std::exchange(last_reading_, at);
  if (!moved) return;
  if (last_move_) {
    const auto least = between(*last_move_, *before), most = between(before_last_move_, at);
    learn({between(*last_move_, at), least, most});
  }
  before_last_move_ = before.value_or(at);
  last_move_ = at;
}

void UpdateRhythm::learn(const Move& move) {
  const bool is_closer = count_ < kEnough || move.slack <= slack_ * 2;
  if (!is_closer && agrees(move)) return;
  moves_[count_++ % kRemembered] = move;
  interval_ = quantile(&Move::interval, 0.5);
  slack_ = quantile(&Move::slack, 0.5);
  if (count_ < kEnough) return;
  period_ = interval_;
  // The sensor is slow only if it rests often: a pause of the load between two queries is one rest among many moves.
  const bool rests = quantile(&Move::least, 0.75) > Seconds{0};
  patience_ = rests ? quantile(&Move::interval, 0.75) * kPatience : Seconds{0};
}

bool UpdateRhythm::agrees(const Move& move) const {
  constexpr double kLeeway = 0.2;
  return move.least <= interval_ * (1 + kLeeway) && move.most >= interval_ * (1 - kLeeway);
}

void UpdateRhythm::restart() {
  last_move_.reset();
  last_reading_.reset();
}

Seconds UpdateRhythm::quantile(Seconds Move::*which, double share) const {
  std::array<Seconds, kRemembered> values{};
  const auto n = std::min(count_, kRemembered);
  for (std::size_t i = 0; i < n; ++i) values[i] = moves_[i].*which;
  const auto at = values.begin() + std::lround(share * static_cast<double>(n - 1));
  std::nth_element(values.begin(), at, values.begin() + static_cast<std::ptrdiff_t>(n));
  return *at;
}

}  // namespace ipw::probes
