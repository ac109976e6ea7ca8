#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/idle_floor.hpp"
#include "exporter/accounting/work_model.hpp"
#include "replay/attempt.hpp"

namespace ipw {

// How active joules are split among those who are present.
enum class SplitStrategy {
  work,   // by what each works
  equal,  // evenly
};
std::string_view to_text(SplitStrategy strategy);

// How a device's joules are split now, to be shown.
struct SplitState {
  SplitStrategy strategy{SplitStrategy::work};
  WeightOrigin origin{WeightOrigin::assumed};
  WorkWeights weights{kAssumedWeights}, errors{};
  std::optional<Watts> idle_floor{};
  bool floor_configured{false};
};

// Everything that splitting one meter's joules has to know beside the loads, and learns on its way: the weights of
// work and the idle floor. What is in use at an instant was learned before it, from the meter's own points alone, so
// that it does not matter how often the books are settled. Owned by the attributor; one thread.
class BookModel {
 public:
  struct Plan {
    SplitStrategy strategy{SplitStrategy::work};
    std::optional<Watts> idle_floor;  // configured
    WorkRule rule{};
  };
  explicit BookModel(const Plan& plan) : strategy_(plan.strategy), floor_(plan.idle_floor), work_(plan.rule) {}

  bool by_work() const { return strategy_ == SplitStrategy::work; }
  SplitStrategy strategy() const { return strategy_; }
  const WorkModel& work() const { return work_; }
  const IdleFloor& floor() const { return floor_; }

  // One piece of time in which all is constant.
  struct Moment {
    Interval when;
    Joules energy;
    bool known;              // the energy is
    bool present, works;     // anybody
    bool opaque;             // somebody may work, and nobody knows how much
    double prefill, decode;  // tokens per second, of all
  };
  void pass(const Moment& moment);
  // The meter's joules are known at `at`, where the moments so far have come to. Whether the weights may have changed.
  bool mark(MonoTime at);

  // The server worked on this attempt alone. REQUIRES: it ended in a time that is still to be passed.
  void expect(const replay::Attempt& attempt);

 private:
  void begin_window();

  SplitStrategy strategy_;
  IdleFloor floor_;
  WorkModel work_;
  WorkModel::Window window_{};
  std::chrono::nanoseconds length_{0};  // of the window: exact, however time is cut
  bool spoiled_{false};                 // what was worked in the window is not known
  bool broken_{false};                  // what was drawn since the last point is not
  struct Timed {
    MonoTime ended;
    replay::Usage usage;
    replay::ServerTimings timings;
  };
  std::vector<Timed> expected_;
};

}  // namespace ipw
