#include "exporter/accounting/client_lag.hpp"

#include <chrono>

namespace ipw {
namespace {

std::int64_t second_of(MonoTime at) {
  return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
}

}  // namespace

void ClientLag::add(MonoTime ended, Seconds lag) {
  const auto at = second_of(ended);
  auto& second = seconds_[static_cast<std::size_t>(at) % seconds_.size()];
  if (second.at != at) second = {at, 0, 0};
  ++second.all;
  if (lag > kDistorting) ++second.late;
}

bool ClientLag::saturated(MonoTime now) const {
  const auto oldest = second_of(now) - static_cast<std::int64_t>(seconds_.size());
  std::uint64_t all = 0, late = 0;
  for (const auto& second : seconds_) {
    if (second.at <= oldest) continue;
    all += second.all;
    late += second.late;
  }
  return late * 100 > all;
}

}  // namespace ipw
