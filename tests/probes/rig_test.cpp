#include "probes/rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::PowerTree;

// The maps of `probes.sources: [...]`.
std::vector<Options> sources(const std::string& list) {
  auto options = testing::options_from("sources: " + list + "\n");
  return options.children("sources");
}

struct Opened {
  testing::FakeClock clock;
  std::unique_ptr<Rig> rig;
  Error error{Errc::internal, ""};

  Opened(const PowerTree& tree, std::vector<Options> from) {
    auto result = Rig::open(std::move(from), {tree.root(), &clock}, Seconds{0.05}, Seconds{60});
    if (result)
      rig = std::move(*result);
    else
      error = result.error();
  }
  std::string channels() const {
    std::string all;
    for (const auto& c : rig->topology().channels()) all += (all.empty() ? "" : " ") + c.source + "/" + c.channel.name;
    return all;
  }
};

template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(Rig, OpensWhatThereIs) {
  struct Case {
    const char* name;
    const char* tree;
    const char* sources;
    const char* channels;
  } const cases[] = {
      {"nothing said: what measures", "amd", "[]", "rapl/package-0 rapl/package-0-core"},
      {"auto says the same", "amd", "[{type: auto}]", "rapl/package-0 rapl/package-0-core"},
      {"no sensor: the estimate", "no-sensors", "[]", "estimated/cpu"},
      {"auto leaves to its own entry what has one", "amd", "[{type: auto}, {type: rapl, interface: powercap}]",
       "rapl/package-0 rapl/package-0-core"},
      {"auto and more", "amd", "[{type: auto}, {type: simulated, watts: 5}]",
       "rapl/package-0 rapl/package-0-core simulated/sim0"},
      {"a simulated GPU needs no estimate", "no-sensors", "[{type: auto}, {type: simulated, watts: 5}]",
       "simulated/sim0"},
      {"a wall meter alone does", "no-sensors", "[{type: auto}, {type: simulated, watts: 5, domain: wall}]",
       "simulated/sim0 estimated/cpu"},
      {"explicit means only that", "amd", "[{type: estimated}]", "estimated/cpu"},
      {"two of a kind", "amd", "[{type: simulated, watts: 1, name: a}, {type: simulated, watts: 2, name: b}]",
       "simulated/a simulated-2/b"},
      {"missing hardware is no error", "no-sensors", "[{type: rapl}]", ""},
  };
  for (const auto& c : cases) {
    const PowerTree tree(c.tree);
    const Opened opened(tree, sources(c.sources));
    ASSERT_TRUE(opened.rig) << c.name << ": " << opened.error.message;
    EXPECT_EQ(opened.channels(), c.channels) << c.name;
    EXPECT_EQ(opened.rig->status().size(), opened.rig->topology().channels().size()) << c.name;
  }
}

TEST(Rig, PackagesPartsAndPlatformAreNeverAddedTogether) {
  const PowerTree tree("two-packages");
  const Opened opened(tree, {});
  ASSERT_TRUE(opened.rig);
  const auto& topology = opened.rig->topology();
  const auto meters = topology.meters({});
  ASSERT_TRUE(meters) << meters.error().message;
  std::string all;
  for (const auto& meter : *meters) {
    all += std::string(to_text(meter.scope)) + " of " + meter.device.id + ":";
    for (const auto id : meter.channels) all += " " + topology.channels()[static_cast<std::size_t>(id)].channel.name;
    all += "; ";
  }
  EXPECT_EQ(all, "accelerator of cpu0: package-0; accelerator of cpu1: package-1; node of host: psys; ");
}

TEST(Rig, EverySourceIsAccountedFor) {
  const PowerTree tree("no-sensors");
  const Opened opened(tree, {});
  ASSERT_TRUE(opened.rig);
  const auto& reports = opened.rig->reports();
  std::vector<std::string> types, opened_ones;
  for (const auto& report : reports) {
    types.push_back(report.type);
    EXPECT_NE(report.name.empty(), report.reason.empty()) << report.type << ": opened, or why not";
    if (!report.name.empty()) opened_ones.push_back(report.name);
  }
  std::vector<std::string> all;
  for (const auto& entry : power_sources().entries()) all.emplace_back(entry.name);
  EXPECT_THAT(types, ::testing::UnorderedElementsAreArray(all));
  EXPECT_THAT(opened_ones, ::testing::ElementsAre("estimated"));

  const auto reason = [&](std::string_view type) {
    return std::ranges::find(reports, type, &SourceReport::type)->reason;
  };
  EXPECT_THAT(reason("rapl"), HasSubstr("sys/class/powercap does not exist"));
  EXPECT_THAT(reason("simulated"), HasSubstr("only when it is configured"));
}

TEST(Rig, NothingOfThisMachineIsLookedAtWhereAnotherIsMeant) {
  const PowerTree tree("no-sensors");
  std::filesystem::remove_all(tree.root() / "proc");
  const Opened opened(tree, {});
  ASSERT_TRUE(opened.rig);
  EXPECT_EQ(opened.channels(), "");
}

TEST(Rig, APeriodOfItsOwn) {
  const PowerTree tree("amd");
  Opened opened(tree, sources("[{type: simulated, watts: 1, period: 200ms}, {type: simulated, watts: 2}]"));
  ASSERT_TRUE(opened.rig);
  const auto have_read = [&](std::uint64_t first, std::uint64_t second) {
    return eventually([&] {
      const auto samplers = opened.rig->samplers();
      return samplers[0].reads == first && samplers[1].reads == second;
    });
  };
  ASSERT_TRUE(have_read(1, 1));
  opened.clock.advance(1s);  // beyond the readings from which the sensors' periods are learned
  ASSERT_TRUE(have_read(2, 2));
  opened.clock.advance(100ms);
  ASSERT_TRUE(have_read(2, 3));
  opened.clock.advance(100ms);
  EXPECT_TRUE(have_read(3, 4));
}

TEST(Rig, WrongConfigurationIsRefusedWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"[{type: rapll}]", "test.yaml:1:18: unknown power source `rapll`, did you mean `rapl`? (known: nvml, amdgpu, "},
      {"[{}]", "type` is missing: it has no default"},
      {"[{type: rapl, zones: 1}]", "test.yaml:1:24: unknown key `zones`"},
      {"[{type: auto, watts: 1}]", "unknown key `watts`"},
      {"[{type: simulated, watts: much}]", "expected a number, got `much`"},
  };
  const PowerTree tree("amd");
  for (const auto& [list, message] : cases) {
    const Opened opened(tree, sources(list));
    ASSERT_FALSE(opened.rig) << list;
    EXPECT_EQ(opened.error.code, Errc::invalid) << list;
    EXPECT_THAT(opened.error.message, HasSubstr(message)) << list;
  }
}

TEST(Rig, SamplesEverySourceOntoOneTimeline) {
  const PowerTree tree("amd");
  Opened opened(tree, sources("[{type: rapl}, {type: simulated, watts: 100}]"));
  ASSERT_TRUE(opened.rig);
  const auto& rig = *opened.rig;
  const ChannelId simulated{2};
  ASSERT_TRUE(eventually([&] { return rig.samplers()[0].reads == 1 && rig.samplers()[1].reads == 1; }));
  const auto start = opened.clock.now();
  for (std::uint64_t reads = 2; reads <= 21; ++reads) {
    opened.clock.advance(50ms);
    ASSERT_TRUE(eventually([&] { return rig.samplers()[1].reads == reads; }));
  }
  const auto energy = rig.timeline().energy(simulated, {start, start + 1s});
  ASSERT_TRUE(energy) << energy.error().message;
  EXPECT_NEAR(energy->total.value, 100, 1e-6);
  EXPECT_NEAR(rig.status()[2].power->value, 100, 1e-6);
  EXPECT_NEAR(rig.status()[2].update_period->value, 0.05, 1e-9);

  opened.clock.advance(20ms);
  opened.rig->nudge();
  EXPECT_TRUE(eventually([&] { return rig.samplers()[0].reads >= 2 && rig.samplers()[1].reads == 22; }));
}

}  // namespace
}  // namespace ipw::probes
