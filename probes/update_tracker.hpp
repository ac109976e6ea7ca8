#pragma once

#include <optional>
#include <vector>

#include "probes/power_source.hpp"
#include "probes/update_rhythm.hpp"

namespace ipw::probes {

// A sensor's value and the instant at which the sensor itself took it, as well as that is known: `reading.at`, give or
// take `sd` (one standard deviation).
struct Update {
  StampedReading reading;
  Seconds sd;
};

// Finds out from the readings of one channel when its sensor really updated. A sensor publishes in steps, and a reading
// shows the step that came last. A sensor faster than we read has its readings passed on as they are. Of a slower one
// only the readings that moved are knowledge: the update lies between the reading before and the one that showed it,
// and exactly one period away from the update before and after it, which narrows it down further. An update is told
// when the next one is seen, or when the sensor has rested for so long that nothing can be held back any more.
// Not thread-safe.
class UpdateTracker {
 public:
  // Appends what became certain by this reading to `out`: at most two updates, ascending in time.
  void on_reading(const StampedReading& reading, std::vector<Update>& out);
  // The next reading comes after an outage: tells what is still held back, and forgets the beat, but not the period.
  void interrupt(std::vector<Update>& out);

  std::optional<Seconds> period() const { return rhythm_.period(); }
  bool is_slow() const { return rhythm_.patience().value > 0; }
  bool moved() const { return moved_; }  // at the latest reading

 private:
  struct Bracket {
    MonoTime low, high;
    Seconds width() const { return between(low, high); }
  };
  struct Pending {
    StampedReading reading;
    Bracket when;
  };

  void on_rest(const StampedReading& reading, std::vector<Update>& out);
  void on_move(const StampedReading& reading, std::vector<Update>& out);
  void narrow(Bracket& before, Bracket& after, bool next) const;
  void tell(const StampedReading& reading, Seconds sd, std::vector<Update>& out);
  void tell_pending(std::vector<Update>& out);

  UpdateRhythm rhythm_;
  std::optional<StampedReading> last_;
  std::optional<Pending> pending_;
  std::optional<MonoTime> told_until_;
  bool moved_{false};
};

}  // namespace ipw::probes
