#include "tests/support/fake_nvml/fake_power.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ipw::testing::fake_nvml {
namespace {

// Of a square wave from its piece's begin to t.
double piece_joules(const Waveform::Square& p, double t) {
  const auto from_begin_of_wave = [&](double y) {
    const double whole = std::floor(y / p.period), rest = y - whole * p.period, high = p.duty * p.period;
    return whole * (p.high * high + p.low * (p.period - high)) + p.high * std::min(rest, high) +
           p.low * std::max(0.0, rest - high);
  };
  return from_begin_of_wave(t - p.at + p.phase) - from_begin_of_wave(p.phase);
}

// In [-1, 1), the same for the same k (splitmix64).
double noise(std::int64_t k) {
  auto x = static_cast<std::uint64_t>(k) * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  x ^= x >> 31U;
  return static_cast<double>(x >> 11U) * 0x1p-52 - 1;
}

}  // namespace

void Waveform::square(Square piece) {
  piece.joules_before = pieces_.empty() ? 0 : joules_once(piece.at);
  pieces_.push_back(piece);
}

const Waveform::Square& Waveform::piece(double t) const {
  const auto after = std::ranges::upper_bound(pieces_, t, {}, &Square::at);
  return after == pieces_.begin() ? *after : *std::prev(after);
}

double Waveform::watts(double t) const {
  t = std::max(t, 0.0);
  if (every_ > 0) t -= std::floor(t / every_) * every_;
  const auto& p = piece(t);
  const double y = (t - p.at + p.phase) / p.period;
  return y - std::floor(y) < p.duty ? p.high : p.low;
}

double Waveform::joules_once(double t) const {
  const auto& p = piece(t);
  return p.joules_before + piece_joules(p, t);
}

double Waveform::joules(double t) const {
  if (t < 0) return t * watts(0);
  if (every_ <= 0) return joules_once(t);
  const double times = std::floor(t / every_);
  return times * joules_once(every_) + joules_once(t - times * every_);
}

double Rhythm::move(std::int64_t k) const {
  return phase + static_cast<double>(k) * period + (jitter > 0 ? jitter * noise(k) : 0);
}

std::int64_t Rhythm::last(double t) const {
  auto k = static_cast<std::int64_t>(std::floor((t - phase) / period)) + 1;
  while (move(k) > t) --k;
  return k;
}

double Counter::joules(const Waveform& power, std::int64_t zero, std::int64_t k) {
  if (k <= zero) return 0;
  if (rhythm.window > 0) return rhythm.gain * (duty_joules(power, k) - duty_joules(power, zero));
  return rhythm.gain * (power.joules(rhythm.move(k)) - power.joules(rhythm.move(zero)));
}

double Counter::duty_joules(const Waveform& power, std::int64_t k) {
  if (sums_.empty()) sums_.push_back(0);
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(k, 0));
  while (sums_.size() <= wanted) {
    const auto next = static_cast<std::int64_t>(sums_.size());
    const double at = rhythm.move(next);
    sums_.push_back(sums_.back() + power.mean(at - rhythm.window, at) * (at - rhythm.move(next - 1)));
  }
  return sums_[wanted];
}

double sensor_watts(const Waveform& power, const Rhythm& rhythm, double t) {
  const double at = rhythm.move(rhythm.last(t));
  return rhythm.gain * power.mean(at - rhythm.window, at);
}

}  // namespace ipw::testing::fake_nvml
