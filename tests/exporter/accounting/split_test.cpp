#include "exporter/accounting/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/support/attempts.hpp"

namespace ipw {
namespace {

using testing::at;

constexpr double kExact = 1e-9;

std::vector<const Load*> pointers(const std::vector<Load>& loads) {
  std::vector<const Load*> all;
  for (const auto& load : loads) all.push_back(&load);
  return all;
}

std::vector<Portion> portions(Interval when, const std::vector<Load>& loads, const std::vector<PowerPiece>& pieces,
                              std::optional<Watts> floor = {}) {
  const auto table = pointers(loads);
  const Timetable timetable(when, table);
  BookModel model({SplitStrategy::work, floor});
  const Split split(timetable, pieces, model);
  std::vector<Portion> all;
  for (std::size_t i = 0; i < loads.size(); ++i) all.push_back(split.portion(i, loads[i]));
  return all;
}

TEST(Split, WhoGetsWhat) {
  const Interval ten{at(0), at(10)};
  const std::vector<PowerPiece> at_100_watts{{at(10), Joules{1000}}};
  struct Case {
    const char* name;
    std::vector<Load> loads;
    std::optional<Watts> floor;
    std::vector<double> gross, active, busy;
  } const cases[] = {
      {"alone", {{at(2), at(4), at(3), {{at(4), 1, 0}}}}, {}, {200}, {200}, {2}},
      {"alone, with an idle floor", {{at(2), at(4), at(3), {{at(4), 1, 0}}}}, Watts{40}, {200}, {120}, {2}},
      {"equal work",
       {{at(0), at(10), at(1), {{at(10), 0, 5}}}, {at(0), at(10), at(1), {{at(10), 0, 5}}}},
       {},
       {500, 500},
       {500, 500},
       {5, 5}},
      {"three times the work",
       {{at(0), at(10), at(1), {{at(10), 0, 1}}}, {at(0), at(10), at(1), {{at(10), 0, 3}}}},
       {},
       {250, 750},
       {250, 750},
       {2.5, 7.5}},
      {"the idle floor is shared by heads, not by work",
       {{at(0), at(10), at(1), {{at(10), 0, 1}}}, {at(0), at(10), at(1), {{at(10), 0, 3}}}},
       Watts{40},
       {350, 650},
       {150, 450},
       {3.5, 6.5}},
      {"nobody works: evenly",
       {{at(0), at(10), at(1), {}}, {at(5), at(10), at(6), {}}},
       {},
       {750, 250},
       {750, 250},
       {7.5, 2.5}},
      {"who only waits gets nothing active beside one who works",
       {{at(0), at(10), at(10), {}}, {at(0), at(10), at(1), {{at(10), 0, 3}}}},
       Watts{20},
       {100, 900},
       {0, 800},
       {1, 9}},
      {"the floor cannot exceed what was drawn",
       {{at(0), at(10), at(1), {{at(10), 0, 5}}}},
       Watts{500},
       {1000},
       {0},
       {10}},
  };
  for (const auto& c : cases) {
    const auto got = portions(ten, c.loads, at_100_watts, c.floor);
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(got[i].gross().value, c.gross[i], kExact) << c.name << ", load " << i;
      EXPECT_NEAR((got[i].prefill + got[i].decode).value, c.active[i], kExact) << c.name << ", load " << i;
      EXPECT_NEAR(got[i].busy.value, c.busy[i], kExact) << c.name << ", load " << i;
    }
  }
}

TEST(Split, PhasesFollowTheWorkAndTheFirstToken) {
  const std::vector<PowerPiece> pieces{{at(10), Joules{1000}}};
  const auto by_work = portions({at(0), at(10)}, {{at(0), at(10), at(4), {{at(4), 60, 1}, {at(10), 0, 7}}}}, pieces)[0];
  EXPECT_NEAR(by_work.prefill.value, 300, kExact) << "a token read is worth a twentieth of one generated";
  EXPECT_NEAR(by_work.decode.value, 700, kExact);
  const auto without_work = portions({at(0), at(10)}, {{at(0), at(10), at(4), {}}}, pieces)[0];
  EXPECT_NEAR(without_work.prefill.value, 400, kExact) << "until the first token";
  EXPECT_NEAR(without_work.decode.value, 600, kExact);
}

TEST(Split, UnknownJoulesBelongToNobody) {
  const std::vector<Load> loads{{at(0), at(10), at(1), {{at(10), 0, 1}}}};
  const auto table = pointers(loads);
  const Timetable timetable({at(0), at(12)}, table);
  const std::vector<PowerPiece> pieces{
      {at(4), Joules{400}, true}, {at(6), Joules{77}, false}, {at(12), Joules{600}, true}};
  BookModel model({});
  const Split split(timetable, pieces, model);
  EXPECT_NEAR(split.portion(0, loads[0]).gross().value, 800, kExact);
  EXPECT_NEAR(split.nobody().value, 200, kExact) << "after it ended";
  EXPECT_NEAR(split.portion(0, loads[0]).busy.value, 10, kExact) << "time passes in a gap too";
}

// Joules per unit of work span more digits than a double has: the second load works a billion times as fast, for a
// microsecond, after the first has run the sums up.
TEST(Split, SlowAndFastWorkDoNotDisturbEachOther) {
  const std::vector<Load> loads{{at(0), at(1000), at(1), {{at(1000), 0, 0.1}}},
                                {at(999), at(999.000001), at(999), {{at(999.000001), 0, 2e8}}}};
  const auto got = portions({at(0), at(1000)}, loads, {{at(1000), Joules{300'000}}});
  EXPECT_NEAR(got[1].gross().value, 300e-6, 300e-6 * 1e-6);
  EXPECT_NEAR((got[0].gross() + got[1].gross()).value, 300'000, 300'000 * 1e-12);
}

// Weights of 100 J a second, 1 J a token read and 2 J a token generated, at 100 W and more.
TEST(Split, WhoWorksSharesWhatWorkingCostsAtAll) {
  BookModel model({SplitStrategy::work, Watts{50}, {.windows = 8}});
  const Interval when{at(0), at(120)};
  // Alone, in all mixtures, so that the weights are found; then two at once.
  std::vector<Load> loads;
  std::vector<PowerPiece> pieces;
  for (int i = 0; i < 100; ++i) {
    const double read = i % 2 == 0 ? 30 * (i % 7) : 0, generated = 10 * (i % 5);
    const double working = read > 0 || generated > 0 ? 1 : 0;
    Load load{at(i), at(i + 1), at(i + 1), {}};
    if (working > 0) load.steps.push_back({at(i + 1), read, generated});
    loads.push_back(load);
    pieces.push_back({at(i + 1), Joules{50 + working * 100 + read + 2 * generated}});
  }
  loads.push_back({at(100), at(110), at(110), {{at(110), 300, 0}}});
  loads.push_back({at(100), at(110), at(100), {{at(110), 0, 20}}});
  loads.push_back({at(100), at(110), at(100), {}});
  pieces.push_back({at(110), Joules{4900}});  // not what the law says: 50 + 100 + 300 + 40 in each second
  pieces.push_back({at(120), Joules{500}});
  const auto table = pointers(loads);
  const Timetable timetable(when, table);
  const Split split(timetable, pieces, model);
  ASSERT_EQ(model.work().origin(), WeightOrigin::fit);
  EXPECT_NEAR(split.portion(100, loads[100]).prefill.value, 3500, 1) << "half of the 100 W, and what it read";
  EXPECT_NEAR(split.portion(101, loads[101]).decode.value, 900, 1);
  EXPECT_NEAR(split.portion(102, loads[102]).gross().value, 500.0 / 3, 1e-6) << "it waits";
  EXPECT_LT(split.portion(100, loads[100]).weights_sd().value, 5);
  EXPECT_NEAR(split.portion(7, loads[7]).weights_sd().value, 0, 1e-9) << "it was alone";
}

TEST(Split, EquallyIsEvenlyWhoeverWorks) {
  BookModel model({SplitStrategy::equal, Watts{40}});
  const std::vector<Load> loads{{at(0), at(10), at(10), {}}, {at(0), at(10), at(1), {{at(10), 0, 3}}}};
  const auto table = pointers(loads);
  const Timetable timetable({at(0), at(10)}, table);
  const std::vector<PowerPiece> pieces{{at(10), Joules{1000}}};
  const Split split(timetable, pieces, model);
  for (const std::size_t i : {0, 1}) EXPECT_NEAR(split.portion(i, loads[i]).gross().value, 500, kExact) << i;
}

TEST(Split, ALoadOfSeveralRequestsCountsAsSoMany) {
  BookModel model({SplitStrategy::equal, Watts{40}});
  std::vector<Load> loads{{at(0), at(10), at(10), {}}, {at(0), at(10), at(10), {}}};
  loads[1].count = 4;
  const auto table = pointers(loads);
  const Timetable timetable({at(0), at(10)}, table);
  const std::vector<PowerPiece> pieces{{at(10), Joules{1000}}};
  const Split split(timetable, pieces, model);
  EXPECT_NEAR(split.portion(0, loads[0]).gross().value, 200, kExact);
  EXPECT_NEAR(split.portion(1, loads[1]).gross().value, 800, kExact);
}

TEST(Split, UncertainWeightsMakeUncertainShares) {
  BookModel model({});
  const std::vector<Load> loads{{at(0), at(10), at(10), {{at(10), 100, 0}}}, {at(0), at(10), at(0), {{at(10), 0, 5}}}};
  const auto table = pointers(loads);
  const Timetable timetable({at(0), at(10)}, table);
  const std::vector<PowerPiece> pieces{{at(10), Joules{1000}}};
  const Split split(timetable, pieces, model);
  // Halves: the derivative by the logarithm of the ratio is a quarter of the whole.
  for (const std::size_t i : {0, 1})
    EXPECT_NEAR(split.portion(i, loads[i]).weights_sd().value, 1000 * kAssumedError / 4, 1e-6) << i;
}

// The same split, slice by slice and load by load: slow, and without running sums.
class Naive {
 public:
  Naive(Interval when, const std::vector<Load>& loads, const std::vector<PowerPiece>& pieces, double floor)
      : gross(loads.size()), busy(loads.size()) {
    std::set<MonoTime> cuts{when.begin, when.end};
    for (const auto& piece : pieces) cuts.insert(piece.end);
    for (const auto& load : loads) {
      cuts.insert({load.begin, load.end});
      for (const auto& step : load.steps) cuts.insert(step.end);
    }
    for (auto from = cuts.begin(), to = std::next(from); to != cuts.end(); from = to++)
      if (*from >= when.begin && *to <= when.end) slice(when.begin, {*from, *to}, loads, pieces, floor);
  }
  std::vector<double> gross, busy;

 private:
  static double rate(const Load& load, Interval slice) {
    MonoTime from = load.begin;
    for (const auto& step : load.steps) {
      if (slice.begin >= from && slice.end <= step.end)
        return kAssumedWeights[1] * step.prefill + kAssumedWeights[2] * step.decode;
      from = step.end;
    }
    return 0;
  }
  void slice(MonoTime origin, Interval slice, const std::vector<Load>& loads, const std::vector<PowerPiece>& pieces,
             double floor) {
    const auto piece = std::ranges::find_if(pieces, [&](const auto& p) { return slice.end <= p.end; });
    const MonoTime piece_begin = piece == pieces.begin() ? origin : std::prev(piece)->end;
    const double seconds = length(slice).value;
    const double energy = piece->energy.value * seconds / between(piece_begin, piece->end).value;
    const double idle = std::min(energy, floor * seconds);
    double heads = 0, all_work = 0;
    for (const auto& load : loads) {
      if (load.begin > slice.begin || load.end < slice.end) continue;
      ++heads;
      all_work += rate(load, slice);
    }
    for (std::size_t i = 0; i < loads.size(); ++i) {
      if (loads[i].begin > slice.begin || loads[i].end < slice.end) continue;
      const double part = all_work > 0 ? rate(loads[i], slice) / all_work : 1 / heads;
      const double mine = idle / heads + (energy - idle) * part;
      gross[i] += mine;
      busy[i] += seconds * mine / energy;
    }
  }
};

TEST(Split, AgreesWithTheSliceBySliceSum) {
  std::mt19937 random(7);
  const auto uniform = [&](double a, double b) { return std::uniform_real_distribution<double>(a, b)(random); };
  for (int round = 0; round < 300; ++round) {
    std::vector<Load> loads;
    for (int i = 0, n = static_cast<int>(uniform(1, 9)); i < n; ++i) {
      const double begin = uniform(-2, 10), end = begin + uniform(0, 6);
      Load load{at(begin), at(end), at(end), {}};
      for (double t = begin + uniform(0.01, 1); t < end; t += uniform(0.01, 1))
        load.steps.push_back({at(t), uniform(0, 5), uniform(0, 500)});
      loads.push_back(load);
    }
    std::vector<PowerPiece> pieces;
    for (double t = uniform(0.05, 1); t < 10; t += uniform(0.05, 1)) pieces.push_back({at(t), Joules{uniform(1, 300)}});
    pieces.push_back({at(10), Joules{50}});
    const double floor = round % 2 == 0 ? 0 : 60;
    const Naive naive({at(0), at(10)}, loads, pieces, floor);
    const auto got = portions({at(0), at(10)}, loads, pieces, Watts{floor});
    for (std::size_t i = 0; i < loads.size(); ++i) {
      EXPECT_NEAR(got[i].gross().value, naive.gross[i], 1e-7) << "round " << round << ", load " << i;
      EXPECT_NEAR(got[i].busy.value, naive.busy[i], 1e-7) << "round " << round << ", load " << i;
    }
  }
}

// Random loads and pieces; the pieces cut once more at the same power, and the loads in another order.
TEST(Split, NeitherFinerPiecesNorTheOrderOfLoadsMatter) {
  std::mt19937 random(11);
  const auto uniform = [&](double a, double b) { return std::uniform_real_distribution<double>(a, b)(random); };
  for (int round = 0; round < 10'000; ++round) {
    std::vector<Load> loads;
    for (int i = 0, n = static_cast<int>(uniform(1, 6)); i < n; ++i) {
      const double begin = uniform(-2, 8), end = begin + uniform(0, 6);
      Load load{at(begin), at(end), at(begin + uniform(0, 1)), {}};
      for (double t = begin + uniform(0.1, 2); t < end; t += uniform(0.1, 2))
        load.steps.push_back({at(t), uniform(0, 500), uniform(0, 50)});
      load.count = static_cast<std::uint32_t>(uniform(1, 3));
      loads.push_back(load);
    }
    std::vector<PowerPiece> pieces, finer;
    double joules = 0;
    for (double from = 0, to = 0; to < 10; from = to) {
      to = std::min(10.0, from + uniform(0.3, 3));
      const double watts = uniform(0, 400), between = uniform(from, to);
      pieces.push_back({at(to), Joules{watts * (to - from)}});
      finer.push_back({at(between), Joules{watts * (between - from)}});
      finer.push_back({at(to), Joules{watts * (to - between)}});
      joules += watts * (to - from);
    }
    const auto one = portions({at(0), at(10)}, loads, pieces, Watts{60});
    std::ranges::reverse(loads);
    const auto other = portions({at(0), at(10)}, loads, finer, Watts{60});
    for (std::size_t i = 0; i < one.size(); ++i) {
      const auto& again = other[one.size() - 1 - i];
      EXPECT_GE(std::min({one[i].idle, one[i].prefill, one[i].decode}).value, -1e-9 * joules) << "round " << round;
      EXPECT_NEAR(one[i].idle.value, again.idle.value, 1e-6) << "round " << round;
      EXPECT_NEAR(one[i].prefill.value, again.prefill.value, 1e-6) << "round " << round;
      EXPECT_NEAR(one[i].decode.value, again.decode.value, 1e-6) << "round " << round;
      EXPECT_NEAR(one[i].busy.value, again.busy.value, 1e-6) << "round " << round;
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ipw
