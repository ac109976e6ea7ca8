#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace ipw::testing::fake_nvml {

// P(t) of a board, and its exact integral. Before 0 it is what it is at 0.
class Waveform {
 public:
  // REQUIRES: `at` never falls; the first is 0.
  void constant(double at, double watts) { square({at, watts, watts, 1, 1, 0, 0}); }
  struct Square {
    double at, high, low, period, duty, phase;
    double joules_before;  // set by square()
  };
  void square(Square piece);
  void repeat(double every) { every_ = every; }

  bool empty() const { return pieces_.empty(); }

  double watts(double t) const;
  double joules(double t) const;
  double mean(double from, double to) const {
    return from < to ? (joules(to) - joules(from)) / (to - from) : watts(to);
  }

 private:
  const Square& piece(double t) const;
  double joules_once(double t) const;

  std::vector<Square> pieces_;
  double every_{0};
};

// What moves every `period` seconds.
struct Rhythm {
  double period, phase, window, gain;
  double jitter{0};
  // The k-th move, and the last one at or before t.
  double move(std::int64_t k) const;
  std::int64_t last(double t) const;
};

// An energy counter: joules since `start`.
class Counter {
 public:
  Rhythm rhythm{0.02, 0, 0, 1};
  double start{1000};

  // At its k-th move, counted from its `zero`-th.
  double joules(const Waveform& power, std::int64_t zero, std::int64_t k);

 private:
  double duty_joules(const Waveform& power, std::int64_t k);
  std::vector<double> sums_;  // with a window: up to its k-th move
};

double sensor_watts(const Waveform& power, const Rhythm& rhythm, double t);

}  // namespace ipw::testing::fake_nvml
