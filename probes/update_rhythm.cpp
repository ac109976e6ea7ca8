#include "probes/update_rhythm.hpp"

#include <algorithm>
#include <cmath>

namespace ipw::probes {

void UpdateRhythm::on_reading(MonoTime at, bool moved) {
  const auto before = last_reading_;
  last_reading_ = at;
  if (!moved) return;
  if (last_move_) {
    moves_[count_++ % kRemembered] = {between(*last_move_, at), between(*last_move_, *before)};
    // The sensor is slow only if it rests often: a pause of the load between two queries is one rest among many moves.
    const bool rests = count_ >= kEnough && quantile(&Move::still, 0.75) > 0;
    patience_ = Seconds{rests ? quantile(&Move::interval, 0.75) : 0};
  }
  last_move_ = at;
}

void UpdateRhythm::restart() {
  last_move_.reset();
  last_reading_.reset();
}

std::optional<Seconds> UpdateRhythm::period() const {
  if (count_ < kEnough) return std::nullopt;
  return Seconds{quantile(&Move::interval, 0.5)};
}

double UpdateRhythm::quantile(Seconds Move::*which, double share) const {
  std::array<double, kRemembered> values{};
  const auto n = std::min(count_, kRemembered);
  for (std::size_t i = 0; i < n; ++i) values[i] = (moves_[i].*which).value;
  const auto at = values.begin() + std::lround(share * static_cast<double>(n - 1));
  std::nth_element(values.begin(), at, values.begin() + static_cast<std::ptrdiff_t>(n));
  return *at;
}

}  // namespace ipw::probes
