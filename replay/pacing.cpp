#include "replay/pacing.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "replay/seeded.hpp"

namespace ipw::replay {
namespace {

constexpr Range<std::int64_t> kInFlight{1, 4096};

// A fixed number of queries in flight: the next one goes out when one ends.
class ClosedLoop final : public Pacing {
 public:
  explicit ClosedLoop(std::size_t concurrency)
      : Pacing(concurrency, "closed, " + std::to_string(concurrency) + " at once") {}

  MonoTime next(MonoTime now) override { return now; }
  void sent() override {}
};

// One query every 1/rate. Each time is computed from the first, so that no rounding adds up.
class Constant final : public Pacing {
 public:
  Constant(double rate, std::size_t max_in_flight, std::string text)
      : Pacing(max_in_flight, std::move(text)), rate_(rate) {}

  MonoTime next(MonoTime now) override {
    if (!first_) first_ = now;
    return *first_ + std::chrono::nanoseconds(std::llround(static_cast<double>(number_) * 1e9 / rate_));
  }
  void sent() override { ++number_; }

 private:
  double rate_;
  std::optional<MonoTime> first_;
  std::uint64_t number_{0};
};

// Exponential gaps, as independent users make them.
class Poisson final : public Pacing {
 public:
  Poisson(double rate, std::uint64_t seed, std::size_t max_in_flight, std::string text)
      : Pacing(max_in_flight, std::move(text)), rate_(rate), seed_(seed) {}

  MonoTime next(MonoTime now) override {
    if (!next_) next_ = now;
    return *next_;
  }
  void sent() override { *next_ += to_chrono(Seconds{-std::log1p(-nth_unit(seed_, number_++)) / rate_}); }

 private:
  double rate_;
  std::uint64_t seed_, number_{0};
  std::optional<MonoTime> next_;
};

// One query at a place by chance in each slot of 1/rate, and at most one in flight. A slot whose place has passed while
// one was in flight, or while sending was held back, is left out.
class Trickle final : public Pacing {
 public:
  Trickle(double rate, std::uint64_t seed, std::string text)
      : Pacing(1, std::move(text)),
        slot_(1 / rate),
        late_(to_chrono(Seconds{std::min(0.1 / rate, 1.0)})),
        seed_(seed) {}

  MonoTime next(MonoTime now) override {
    if (!first_) first_ = now;
    const auto current = std::floor(between(*first_, now - late_).value / slot_);
    if (current > 0) number_ = std::max(number_, static_cast<std::uint64_t>(current));
    while (place() + late_ < now) ++number_;
    return place();
  }
  void sent() override { ++number_; }

 private:
  MonoTime place() const {
    return *first_ + to_chrono(Seconds{(static_cast<double>(number_) + nth_unit(seed_, number_)) * slot_});
  }

  double slot_;                    // seconds
  std::chrono::nanoseconds late_;  // what a slow thread may cost; more is a slot that was missed
  std::uint64_t seed_, number_{0};
  std::optional<MonoTime> first_;
};

double read_rate(Options& schedule, double most) {
  schedule.require("rate");
  return schedule.rate("rate", 1, {1e-5, most});
}

std::size_t read_limit(Options& schedule) {
  return static_cast<std::size_t>(schedule.integer("max_in_flight", 1024, kInFlight));
}

std::uint64_t read_seed(Options& schedule, std::string_view name) {
  return hash_of(name, static_cast<std::uint64_t>(schedule.integer("seed", 1, {.least = 0})));
}

std::unique_ptr<Pacing> read_mode(Options& schedule, const std::string& mode, std::string_view name) {
  if (mode == "closed")
    return std::make_unique<ClosedLoop>(static_cast<std::size_t>(schedule.integer("concurrency", 1, kInFlight)));
  const auto text = mode + ", " + schedule.text("rate", "");
  if (mode == "trickle") return std::make_unique<Trickle>(read_rate(schedule, 1), read_seed(schedule, name), text);
  const auto rate = read_rate(schedule, 1e5);
  const auto limit = read_limit(schedule);
  if (mode == "constant") return std::make_unique<Constant>(rate, limit, text);
  return std::make_unique<Poisson>(rate, read_seed(schedule, name), limit, text);
}

}  // namespace

Result<std::unique_ptr<Pacing>> open_pacing(Options& schedule, std::string_view name) {
  const std::vector<std::string_view> modes{"closed", "constant", "poisson", "trickle"};
  const auto mode = schedule.one_of("mode", "closed", modes);
  std::unique_ptr<Pacing> pacing;
  if (std::ranges::find(modes, mode) != modes.end())
    pacing = read_mode(schedule, mode, name);
  else  // the mode is what is wrong, not the keys that belong to it
    for (const auto* key : {"concurrency", "rate", "seed", "max_in_flight"}) schedule.has(key);
  if (auto ok = schedule.finish(); !ok) return ok.error();
  return pacing;
}

}  // namespace ipw::replay
