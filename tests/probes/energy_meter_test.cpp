#include "probes/energy_meter.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{std::chrono::hours(1)};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Channel counter(std::optional<Joules> wraps_at) {
  Channel channel;
  channel.name = "package-0";
  channel.wraps_at = wraps_at;
  channel.max_power = Watts{500};
  return channel;
}

struct Fed {
  std::chrono::milliseconds at;
  double value;
};
struct Expected {
  MeterEvent event;
  double cumulative;
  bool known;
};

TEST(EnergyMeter, CounterTable) {
  using enum MeterEvent;
  struct Row {
    Fed fed;
    Expected expected;
  };
  struct Case {
    const char* name;
    std::optional<Joules> wraps_at;
    std::vector<Row> rows;
  };
  const Case cases[] = {
      {"rises count from the first reading",
       {},
       {{{0ms, 1000}, {normal, 0, true}}, {{50ms, 1010}, {normal, 10, true}}}},
      {"at the end of its range it wraps",
       Joules{1000},
       {{{0ms, 980}, {normal, 0, true}}, {{50ms, 995}, {normal, 15, true}}, {{100ms, 5}, {wrap, 25, true}}}},
      {"a fall without a known range is a reset, and the next reading confirms the new level",
       {},
       {{{0ms, 980}, {normal, 0, true}},
        {{50ms, 990}, {normal, 10, true}},
        {{100ms, 5}, {reset, 10, false}},
        {{150ms, 8}, {normal, 10, false}},
        {{200ms, 12}, {normal, 14, true}}}},
      {"a fall far from the end of the range is a reset: a wrap would imply too much power",
       Joules{1000},
       {{{0ms, 480}, {normal, 0, true}}, {{50ms, 490}, {normal, 10, true}}, {{100ms, 5}, {reset, 10, false}}}},
      {"a garbled low reading between good ones adds nothing",
       {},
       {{{0ms, 990}, {normal, 0, true}},
        {{50ms, 1000}, {normal, 10, true}},
        {{100ms, 985}, {reset, 10, false}},
        {{150ms, 1010}, {normal, 10, false}},
        {{200ms, 1015}, {normal, 15, true}}}},
      {"a garbled high reading adds nothing, nor does the return from it",
       Joules{262144},
       {{{0ms, 990}, {normal, 0, true}},
        {{50ms, 1000}, {normal, 10, true}},
        {{100ms, 262140}, {implausible, 10, false}},
        {{150ms, 1010}, {reset, 10, false}},
        {{200ms, 1020}, {normal, 10, false}},
        {{250ms, 1030}, {normal, 20, true}}}},
      {"a garbled reading near the end of the range does not make the return from it a wrap",
       Joules{1000},
       {{{0ms, 500}, {normal, 0, true}},
        {{50ms, 510}, {normal, 10, true}},
        {{100ms, 998}, {implausible, 10, false}},
        {{150ms, 5}, {reset, 10, false}}}},
      {"across a gap the rise counts once the next reading agrees; its course is not known",
       Joules{262144},
       {{{0ms, 990}, {normal, 0, true}},
        {{50ms, 1000}, {normal, 10, true}},
        {{5000ms, 1400}, {gap, 10, false}},
        {{5050ms, 1410}, {normal, 420, false}},
        {{5100ms, 1420}, {normal, 430, true}}}},
      {"a garbled reading at a gap's end adds nothing",
       {},
       {{{0ms, 990}, {normal, 0, true}},
        {{50ms, 1000}, {normal, 10, true}},
        {{50000ms, 9000}, {gap, 10, false}},
        {{50050ms, 1410}, {reset, 10, false}},
        {{50100ms, 1420}, {normal, 10, false}},
        {{50150ms, 1430}, {normal, 20, true}}}},
      {"across a gap, what cannot wrap was reset",
       {},
       {{{0ms, 990}, {normal, 0, true}}, {{50ms, 1000}, {normal, 10, true}}, {{5000ms, 5}, {reset, 10, false}}}},
      {"gap after gap, nothing is lost",
       {},
       {{{0ms, 0}, {normal, 0, true}},
        {{5000ms, 500}, {gap, 0, false}},
        {{10000ms, 1000}, {gap, 500, false}},
        {{15000ms, 1500}, {gap, 1000, false}},
        {{15050ms, 1505}, {normal, 1505, false}}}},
      {"across a gap no wrap can be proved",
       Joules{1000},
       {{{0ms, 980}, {normal, 0, true}}, {{50ms, 995}, {normal, 15, true}}, {{5000ms, 5}, {gap, 15, false}}}},
      {"no number, negative, and beyond the range are ignored; the counter itself lost nothing",
       Joules{1000},
       {{{0ms, 100}, {normal, 0, true}},
        {{50ms, kNan}, {implausible, 0, false}},
        {{100ms, -1}, {implausible, 0, false}},
        {{150ms, 1001}, {implausible, 0, false}},
        {{200ms, 140}, {normal, 40, true}}}},
      {"a sensor that moves every 400 ms shows several readings' worth at once",
       {},
       {{{0ms, 0}, {normal, 0, true}},
        {{50ms, 160}, {normal, 160, true}},
        {{400ms, 160}, {normal, 160, true}},
        {{450ms, 320}, {normal, 320, true}}}},
      {"the same stamp again is the same reading",
       {},
       {{{0ms, 10}, {normal, 0, true}}, {{0ms, 10}, {normal, 0, true}}, {{50ms, 20}, {normal, 10, true}}}},
  };
  for (const auto& c : cases) {
    EnergyMeter meter(counter(c.wraps_at), Seconds{0.05});
    for (const auto& [fed, expected] : c.rows) {
      const auto step = meter.feed({kStart + fed.at, Joules{fed.value}});
      EXPECT_EQ(to_text(step.event), to_text(expected.event)) << c.name << " at " << fed.at.count();
      EXPECT_NEAR(step.cumulative.value, expected.cumulative, 1e-9) << c.name << " at " << fed.at.count();
      EXPECT_EQ(step.known, expected.known) << c.name << " at " << fed.at.count();
    }
  }
}

TEST(EnergyMeter, GaugeTable) {
  using enum MeterEvent;
  EnergyMeter meter(counter({}), Seconds{0.05});
  const std::pair<Fed, Expected> rows[] = {
      {{0ms, 100}, {normal, 0, true}},
      {{1000ms, 300}, {normal, 200, true}},
      {{1050ms, kNan}, {implausible, 200, false}},
      {{1100ms, 300}, {normal, 200, false}},
      {{1200ms, 300}, {normal, 230, true}},
      {{1300ms, -5}, {implausible, 230, false}},
      {{1400ms, 501}, {implausible, 230, false}},
      {{1500ms, 300}, {normal, 230, false}},
      {{5000ms, 300}, {gap, 230, false}},
      {{6000ms, 300}, {normal, 530, true}},
  };
  for (const auto& [fed, expected] : rows) {
    const auto step = meter.feed({kStart + fed.at, Watts{fed.value}});
    EXPECT_EQ(to_text(step.event), to_text(expected.event)) << fed.at.count();
    EXPECT_NEAR(step.cumulative.value, expected.cumulative, 1e-9) << fed.at.count();
    EXPECT_EQ(step.known, expected.known) << fed.at.count();
  }
}

TEST(EnergyMeter, AStuckCounterIsToldOncePerPeriod) {
  EnergyMeter meter(counter({}), Seconds{0.05});
  double joules = 0;
  std::vector<int> stuck_at;
  for (int i = 0; i < 400; ++i) {
    const bool rests = (i >= 50 && i < 150) || (i >= 200);
    if (!rests) joules += 5;
    if (meter.feed({kStart + i * 50ms, Joules{joules}}).event == MeterEvent::stuck) stuck_at.push_back(i);
  }
  // 2 s after the last move; the second rest must be twenty times the first, 5 s, and that does not come.
  EXPECT_EQ(stuck_at, (std::vector<int>{90}));

  EnergyMeter never_moved(counter({}), Seconds{0.05});
  for (int i = 0; i < 400; ++i)
    EXPECT_EQ(never_moved.feed({kStart + i * 50ms, Joules{7}}).event, MeterEvent::normal) << "0 W is no fault";
}

TEST(EnergyMeter, ARangeOfHoursAtRestIsNoLicenceForAJump) {
  EnergyMeter meter(counter({}), Seconds{0.05});
  for (int i = 0; i < 20; ++i) static_cast<void>(meter.feed({kStart + i * 50ms, Joules{i * 5.0}}));
  for (int i = 20; i < 20000; ++i) static_cast<void>(meter.feed({kStart + i * 50ms, Joules{95}}));
  const auto step = meter.feed({kStart + 20000 * 50ms, Joules{100000}});
  EXPECT_EQ(step.event, MeterEvent::implausible) << "100 W over the rest, but 2 MW since the last reading";
  EXPECT_NEAR(step.cumulative.value, 95, 1e-9);
}

// What the hardware drew, and a sensor between it and the meter that goes wrong in every way.
TEST(EnergyMeter, FaultsNeverAddJoules) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](double p) { return std::bernoulli_distribution(p)(random); };
    const double range = 262143.3;
    EnergyMeter meter(counter(Joules{range}), Seconds{0.05});
    double truth = 0, origin = std::uniform_real_distribution(0.0, range)(random), at_first = -1;
    auto now = kStart;
    Joules before{0};
    for (int i = 0; i < 3000; ++i) {
      const auto wait = chance(0.01) ? std::chrono::milliseconds(random() % 20000) : 50ms;
      now += wait;
      truth += std::uniform_real_distribution(0.0, 450.0)(random) * std::chrono::duration<double>(wait).count();
      if (chance(0.005)) origin = -truth;  // the counter begins again at 0
      double raw = std::fmod(origin + truth, range);
      if (chance(0.01))
        raw = chance(0.5) ? kNan : -raw - 1;
      else if (chance(0.01))
        raw = range / 2 + (raw < range / 2 ? 1 : -1) * std::uniform_real_distribution(2e4, 1e5)(random);
      const auto step = meter.feed({now, Joules{raw}});
      if (at_first < 0 && std::isfinite(raw) && raw >= 0) at_first = truth;
      ASSERT_GE(step.cumulative, before) << "seed " << seed << " reading " << i;
      ASSERT_LE(step.cumulative.value, truth - std::max(at_first, 0.0) + 1e-6) << "seed " << seed << " reading " << i;
      before = step.cumulative;
    }
    EXPECT_GT(before.value, 0.5 * truth) << "seed " << seed << ": faults cost little, not everything";
  }
}

}  // namespace
}  // namespace ipw::probes
