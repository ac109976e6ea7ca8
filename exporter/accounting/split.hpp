#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "base/units.hpp"
#include "exporter/accounting/book_model.hpp"
#include "exporter/accounting/precise_sum.hpp"
#include "exporter/accounting/work.hpp"

namespace ipw {

// A meter's joules from the end of the piece before to `end`, at constant power. Unknown ones belong to nobody.
struct PowerPiece {
  MonoTime end;
  Joules energy;
  bool known{true};
  bool measured{true};  // its end is a point of the meter's history, and not where somebody cut it
};

// A stretch of time cut at every begin, end, first token and work step of some loads: who was there in each slice, and
// how fast they worked together. Pure; the loads are not needed after construction.
class Timetable {
 public:
  struct Slice {
    MonoTime begin, end;
    std::uint32_t heads{0};        // requests present
    std::uint32_t workers{0};      // of these, requests that work
    std::uint32_t opaque{0};       // loads of which that is not known
    double prefill{0}, decode{0};  // tokens per second, together
  };
  // Where a load's instants lie among the cuts: cut i is where slice i begins.
  struct Place {
    std::uint32_t begin, end, first_token;
    std::uint32_t first_step;              // index of the load's step that place.steps[0] belongs to
    std::span<const std::uint32_t> steps;  // cuts at which its steps end, as far as they lie in the stretch
  };

  Timetable(Interval when, std::span<const Load* const> loads);

  Interval when() const { return when_; }
  std::span<const Slice> slices() const { return slices_; }
  Place place(std::size_t load) const;
  // Present loads times seconds, of the slices in which `load` was present.
  double head_seconds(std::size_t load) const;

 private:
  struct Entry {
    std::uint32_t mark, steps, first_step;  // first of its marks: begin, end, first token, then one per step
  };
  void mark(const Load& load);
  void cut();
  void count(std::span<const Load* const> loads);

  Interval when_;
  std::vector<MonoTime> marks_;
  std::vector<std::uint32_t> cut_of_;  // by mark
  std::vector<Entry> entries_;         // by load
  std::vector<Slice> slices_;
  std::vector<double> head_seconds_;  // cumulative, by cut
};

// What one load drew of a meter within a stretch.
struct Portion {
  Joules idle{0};                // its part of the idle floor
  Joules prefill{0}, decode{0};  // its part of the rest
  Seconds busy{0};               // its part of the time, split in each slice like the energy
  // What its part was given for, and what the whole active energy was given for while it was there: how far it depends
  // on the weights, which were as certain at its end as `doubt` says. Nothing where it was not there.
  WorkWeights own{}, all{};
  std::optional<WeightCovariance> doubt{};

  Joules gross() const { return idle + prefill + decode; }
  // One standard deviation, from the weights alone: 0 for a load that was alone.
  Joules weights_sd() const;
  Portion& operator+=(const Portion& more);
};

// Splits one meter's joules over a timetable (METHODOLOGY, "Attribution"). For each cut it keeps running sums of joules
// per head, per worker and per unit of work, so that a load's portion is a few differences, however many others were
// there: exact, and linear in the number of cuts.
class Split {
 public:
  // Asks `model` how to split, moment by moment, and tells it what it sees.
  // REQUIRES: `pieces` fill timetable.when() without holes; the timetable outlives the split.
  Split(const Timetable& timetable, std::span<const PowerPiece> pieces, BookModel& model);

  // REQUIRES: `load` is the timetable's load of that index.
  Portion portion(std::size_t index, const Load& load) const;
  Joules nobody() const { return nobody_; }  // drawn while no load was there

 private:
  // Joules, and seconds of busy time, for each head, each worker, and each token per second of either kind.
  struct Rates {
    PreciseSum joules, busy;
    void add(double each, double busy_each) {
      joules.add(each);
      busy.add(busy_each);
    }
  };
  struct Sums {  // up to a cut
    PreciseSum idle;
    Rates head, worker, prefill, decode;  // head: idle joules are not in its joules, but in its busy time
    WorkWeights all{};                    // active joules, by what they were given for
  };
  struct Doubt {
    std::uint32_t from;  // the cut from which on
    WeightCovariance covariance;
  };
  void add(Sums& sums, const Timetable::Slice& slice, Interval when, bool known, Joules energy);
  bool add_work(Sums& sums, const Timetable::Slice& slice, Seconds length, Joules active);
  void remember_doubt();

  const Timetable& timetable_;
  BookModel& model_;
  std::vector<Sums> sums_;  // by cut
  std::vector<Doubt> doubts_;
  Joules nobody_{0};
};

}  // namespace ipw
