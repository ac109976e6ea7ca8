// From the files of a power sensor to the joules of a query, with the time of the test's own.
#include "probes/source_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/support/fake_clock.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr Seconds kPeriod{0.05};

std::unique_ptr<PowerSource> open_rapl(const std::filesystem::path& root, const Clock& clock) {
  auto options = Options::none();
  auto source = power_sources().find("rapl")->open(options, {root, &clock});
  EXPECT_TRUE(source) << source.error().message;
  return std::move(*source);
}

// A machine whose counters the test advances at the power it sets, and the reader that looks at them.
class Bench {
 public:
  explicit Bench(const std::string& fixture)
      : tree(fixture),
        timeline(16, Seconds{600}),
        reader("rapl", open_rapl(tree.root(), clock), ChannelId{0}, kPeriod, timeline, clock) {}

  void set_power(const std::string& zone, double watts) { watts_[zone] = watts; }
  // Lets time pass, advances the counters with it, and reads at every tick.
  void run(std::chrono::nanoseconds time) {
    const auto until = clock.now() + time;
    while (clock.now() < until) {
      const auto next = std::min(until, next_tick_);
      advance(next - clock.now());
      if (next != next_tick_) continue;
      reader.read_once();
      next_tick_ += to_chrono(kPeriod);
    }
  }
  double joules(ChannelId channel, Interval when) const {
    const auto energy = timeline.energy(channel, when);
    EXPECT_TRUE(energy) << energy.error().message;
    return energy ? energy->total.value : -1;
  }

  testing::PowerTree tree;
  testing::FakeClock clock;
  PowerTimeline timeline;
  SourceReader reader;

 private:
  void advance(std::chrono::nanoseconds time) {
    clock.advance(time);
    for (auto& [zone, watts] : watts_) {
      auto& total = joules_.try_emplace(zone, 10).first->second;
      total = std::fmod(total + watts * std::chrono::duration<double>(time).count(), 262143.328850);
      tree.set_joules(zone, total);
    }
  }

  std::map<std::string, double> watts_, joules_;
  MonoTime next_tick_ = clock.now();
};

// One after the other, with pauses between, at any phase of the ticks, a reading asked for at both ends as the replay
// does.
TEST(SourceReader, EachSequentialQueryIsWithinOnePercent) {
  struct Case {
    const char* name;
    double idle, busy;
    bool nudges;
    double tolerance;
  } const cases[] = {
      {"a package at rest draws 60 W", 60, 250, true, 0.01},
      {"nothing is drawn between queries", 0, 250, true, 0.01},
      {"without a reading at the edges it is an estimate", 60, 250, false, 0.2},
  };
  for (const auto& c : cases) {
    std::mt19937 random(7);
    const auto between_ms = [&](int least, int most) {
      return std::chrono::microseconds(std::uniform_int_distribution(least * 1000, most * 1000)(random));
    };
    Bench bench("amd");
    bench.set_power("intel-rapl:0", c.idle);
    bench.run(1s);
    struct Query {
      Interval when;
      double truth;
    };
    std::vector<Query> queries;
    for (int i = 0; i < 30; ++i) {
      bench.set_power("intel-rapl:0", c.idle);
      bench.run(between_ms(3, 700));
      const auto begin = bench.clock.now();
      if (c.nudges) bench.reader.read_once();
      bench.set_power("intel-rapl:0", c.busy);
      bench.run(between_ms(500, 1500));
      const auto end = bench.clock.now();
      if (c.nudges) bench.reader.read_once();
      queries.push_back({{begin, end}, c.busy * between(begin, end).value});
    }
    bench.run(1s);
    for (const auto& [when, truth] : queries)
      EXPECT_NEAR(bench.joules(ChannelId{0}, when), truth, c.tolerance * truth) << c.name;
  }
}

TEST(SourceReader, AWrapInTheMiddleCostsNothing) {
  Bench bench("amd");
  bench.set_power("intel-rapl:0", 0);
  bench.tree.set_joules("intel-rapl:0", 10);
  bench.run(200ms);
  // 65532.610987 J is this machine's range: the bench's own is longer, so bring the counter there by hand.
  const auto start = bench.clock.now();
  double total = 65532.610987 - 40;
  bench.tree.set_joules("intel-rapl:0", total);
  for (int i = 0; i < 20; ++i) {
    bench.clock.advance(50ms);
    total += 5;
    bench.tree.set_joules("intel-rapl:0", std::fmod(total, 65532.610987));
    bench.reader.read_once();
  }
  const auto status = bench.reader.channels()[0];
  EXPECT_EQ(status.events[static_cast<std::size_t>(MeterEvent::wrap)], 1U);
  EXPECT_EQ(status.events[static_cast<std::size_t>(MeterEvent::reset)], 0U);
  EXPECT_NEAR(bench.joules(ChannelId{0}, {start + 500ms, start + 1000ms}), 50, 1e-6);
}

TEST(SourceReader, AZoneThatVanishesIsAGapOfItsOwnAndRecovers) {
  Bench bench("two-packages");
  for (const char* zone : {"intel-rapl:0", "intel-rapl:1"}) bench.set_power(zone, 100);
  bench.run(1s);
  const auto before = bench.clock.now();
  EXPECT_TRUE(bench.reader.channels()[3].up);

  std::filesystem::rename(bench.tree.zone("intel-rapl:1"), bench.tree.root() / "away");
  bench.set_power("intel-rapl:1", 0);
  bench.set_power("intel-rapl:0", 100);
  for (int i = 0; i < 20; ++i) {
    bench.clock.advance(50ms);
    bench.reader.read_once();
  }
  auto status = bench.reader.channels();
  EXPECT_FALSE(status[3].up);
  EXPECT_THAT(status[3].reason, HasSubstr("intel-rapl:1/energy_uj: it does not exist (any more)"));
  EXPECT_FALSE(status[3].power) << "unknown is not zero";
  EXPECT_EQ(status[3].read_errors, 20U);
  EXPECT_TRUE(status[0].up);
  EXPECT_EQ(bench.timeline.covered_until(ChannelId{3}), bench.clock.now()) << "the books can move on";

  std::filesystem::rename(bench.tree.root() / "away", bench.tree.zone("intel-rapl:1"));
  bench.set_power("intel-rapl:1", 100);
  const auto back = bench.clock.now() + 100ms;
  bench.run(2s);
  status = bench.reader.channels();
  EXPECT_TRUE(status[3].up);
  EXPECT_EQ(status[3].reason, "");
  EXPECT_FALSE(bench.timeline.energy(ChannelId{3}, {before - 500ms, back}));
  EXPECT_NEAR(bench.joules(ChannelId{3}, {back, back + 1s}), 100, 0.1);
}

TEST(SourceReader, GarbageIsCountedAndCostsNoJoules) {
  Bench bench("amd");
  bench.set_power("intel-rapl:0", 100);
  bench.run(1s);
  bench.tree.write(bench.tree.zone("intel-rapl:0") / "energy_uj", "garbage");
  bench.reader.read_once();
  EXPECT_FALSE(bench.reader.channels()[0].up);
  bench.run(1s);
  const auto status = bench.reader.channels()[0];
  EXPECT_TRUE(status.up);
  EXPECT_EQ(status.read_errors, 1U);
  EXPECT_NEAR(status.cumulative.value, 200, 100 * 0.05 + 1e-6) << "what the counter shows afterwards contains it all";
}

TEST(SourceReader, AChannelIsNotUpBeforeItsFirstReading) {
  const Bench bench("amd");
  EXPECT_FALSE(bench.reader.channels()[0].up);
  EXPECT_EQ(bench.reader.channels()[0].reason, "not read yet");
  EXPECT_FALSE(bench.reader.channels()[0].power);
}

}  // namespace
}  // namespace ipw::probes
