#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/power_source.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PowerTree;

Result<std::unique_ptr<PowerSource>> open_rapl(const std::filesystem::path& root, const Clock& clock) {
  auto options = Options::none();
  return power_sources().find("rapl")->open(options, {root, &clock});
}

std::vector<std::string> described(const PowerSource& source) {
  std::vector<std::string> all;
  for (const auto& c : source.channels())
    all.push_back(c.name + " " + std::string(to_text(c.domain)) + " " + c.device.id +
                  (c.parent.empty() ? "" : " in " + c.parent));
  return all;
}

double joules(const Result<StampedReading>& reading) {
  return std::get<Joules>(reading->value).value;
}

class Rapl : public ::testing::Test {
 protected:
  testing::FakeClock clock;
};

TEST_F(Rapl, ATwoSocketServer) {
  const PowerTree tree("two-packages");
  const auto source = open_rapl(tree.root(), clock);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(
      described(**source),
      ElementsAre("package-0 cpu_package cpu0", "package-0-core cpu_core cpu0 in package-0", "package-0-dram dram cpu0",
                  "package-1 cpu_package cpu1", "package-1-core cpu_core cpu1 in package-1", "package-1-dram dram cpu1",
                  "psys platform host"))
      << "and intel-rapl-mmio, the same packages again, is left out";
  const auto& package = (*source)->channels()[0];
  EXPECT_EQ(package.device.name, "Intel Xeon Gold 6338");
  EXPECT_NEAR(package.wraps_at->value, 262143.328850, 1e-6);
  EXPECT_NEAR((*source)->channels()[2].wraps_at->value, 65712.999613, 1e-6);
  EXPECT_NEAR(package.max_power->value, 2050, 1e-6) << "ten times what firmware says";
  EXPECT_NEAR((*source)->channels()[1].max_power->value, 2000, 1e-6) << "firmware says nothing";
}

TEST_F(Rapl, OtherMachines) {
  struct Case {
    const char* tree;
    std::vector<std::string> channels;
  } const cases[] = {
      {"laptop",
       {"package-0 cpu_package cpu0", "package-0-core cpu_core cpu0 in package-0",
        "package-0-uncore cpu_uncore cpu0 in package-0", "psys platform host"}},
      {"amd", {"package-0 cpu_package cpu0", "package-0-core cpu_core cpu0 in package-0"}},
      {"dies",
       {"package-0-die-0 cpu_package cpu0", "package-0-die-0-dram dram cpu0", "package-0-die-1 cpu_package cpu0",
        "package-0-die-1-dram dram cpu0"}},
  };
  for (const auto& c : cases) {
    const PowerTree tree(c.tree);
    const auto source = open_rapl(tree.root(), clock);
    ASSERT_TRUE(source) << c.tree << ": " << source.error().message;
    EXPECT_EQ(described(**source), c.channels) << c.tree;
  }
}

TEST_F(Rapl, MmioAloneIsUsed) {
  const PowerTree tree("amd");
  std::filesystem::rename(tree.zone("intel-rapl:0"), tree.zone("intel-rapl-mmio:0"));
  std::filesystem::remove_all(tree.zone("intel-rapl:0:0"));
  const auto source = open_rapl(tree.root(), clock);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("package-0 cpu_package cpu0"));
}

TEST_F(Rapl, AmdsPackageIsCountedOnceWhereTheKernelShowsItForEachDie) {
  const PowerTree tree("amd");
  std::filesystem::copy(tree.zone("intel-rapl:0"), tree.zone("intel-rapl:1"));
  tree.write(tree.zone("intel-rapl:0") / "name", "package-0-die-0");
  tree.write(tree.zone("intel-rapl:1") / "name", "package-0-die-1");
  const auto source = open_rapl(tree.root(), clock);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source),
              ElementsAre("package-0 cpu_package cpu0", "package-0-core cpu_core cpu0 in package-0"));
}

TEST_F(Rapl, ReadsJoules) {
  const PowerTree tree("two-packages");
  const auto source = open_rapl(tree.root(), clock);
  ASSERT_TRUE(source);
  tree.set_joules("intel-rapl:1", 123.456789);
  const auto readings = (*source)->read();
  ASSERT_EQ(readings.size(), 7U);
  EXPECT_NEAR(joules(readings[0]), 1, 1e-9);
  EXPECT_NEAR(joules(readings[3]), 123.456789, 1e-9);
  EXPECT_EQ(readings[0]->at, clock.now());
}

TEST_F(Rapl, AFaultConcernsItsOwnZoneAndPasses) {
  struct Case {
    const char* name;
    const char* content;  // null: the zone vanishes
    Errc code;
    const char* message;
  } const cases[] = {
      {"garbage", "garbage", Errc::invalid, "intel-rapl:1/energy_uj: expected a number, got `garbage`"},
      {"empty", "", Errc::invalid, "expected a number, got ``"},
      {"not finite", "nan", Errc::invalid, "expected a number, got `nan`"},
      {"negative", "-5", Errc::invalid, "cannot be negative"},
      {"gone", nullptr, Errc::unavailable, "intel-rapl:1/energy_uj: it does not exist (any more)"},
  };
  for (const auto& c : cases) {
    const PowerTree tree("two-packages");
    const auto zone = tree.zone("intel-rapl:1");
    const auto source = open_rapl(tree.root(), clock);
    ASSERT_TRUE(source);
    if (c.content != nullptr)
      tree.write(zone / "energy_uj", c.content);
    else
      std::filesystem::remove_all(zone);
    for (int i = 0; i < 2; ++i) {
      const auto readings = (*source)->read();
      ASSERT_FALSE(readings[3]) << c.name;
      EXPECT_EQ(readings[3].error().code, c.code) << c.name;
      EXPECT_THAT(readings[3].error().message, HasSubstr(c.message)) << c.name;
      for (const std::size_t other : {0U, 1U, 2U, 4U, 5U, 6U}) EXPECT_TRUE(readings[other]) << c.name << " " << other;
    }
    std::filesystem::create_directories(zone);
    tree.set_joules("intel-rapl:1", 77);
    const auto back = (*source)->read();
    ASSERT_TRUE(back[3]) << c.name << ": " << back[3].error().message;
    EXPECT_NEAR(joules(back[3]), 77, 1e-9) << c.name;
  }
}

TEST_F(Rapl, WithoutPermissionItSaysWhatHelps) {
  const PowerTree tree("amd");
  ::chmod(tree.root().c_str(), 0755);
  for (const char* zone : {"intel-rapl:0", "intel-rapl:0:0"}) ::chmod((tree.zone(zone) / "energy_uj").c_str(), 0);
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::seteuid(65534), 0);  // root may read anything: try as nobody
  }
  const auto source = open_rapl(tree.root(), clock);
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::unavailable);
  EXPECT_THAT(source.error().message,
              HasSubstr("intel-rapl:0/energy_uj: no permission to read it: run as root, or give"));
}

TEST_F(Rapl, ThePowerCapIsTheLowestLongTermLimit) {
  struct Case {
    const char* name;
    std::vector<std::pair<const char*, const char*>> files;  // zone and file, content
    std::vector<double> watts;                               // of cpu0, cpu1; none: unknown
  } const cases[] = {
      {"none stated", {}, {}},
      {"both packages",
       {{"intel-rapl:0/constraint_0_power_limit_uw", "205000000"},
        {"intel-rapl:1/constraint_0_power_limit_uw", "150000000"}},
       {205, 150}},
      {"mmio is lower",
       {{"intel-rapl:0/constraint_0_power_limit_uw", "205000000"},
        {"intel-rapl-mmio:0/constraint_0_name", "long_term"},
        {"intel-rapl-mmio:0/constraint_0_power_limit_uw", "15000000"}},
       {15}},
      {"not enforced", {{"intel-rapl:0/enabled", "0"}, {"intel-rapl:0/constraint_0_power_limit_uw", "205000000"}}, {}},
      {"only for moments",
       {{"intel-rapl:0/constraint_0_name", "short_term"}, {"intel-rapl:0/constraint_0_power_limit_uw", "205000000"}},
       {}},
      {"another constraint",
       {{"intel-rapl:0/constraint_0_name", "peak_power"},
        {"intel-rapl:0/constraint_1_name", "long_term"},
        {"intel-rapl:0/constraint_1_power_limit_uw", "205000000"}},
       {205}},
      {"garbage", {{"intel-rapl:0/constraint_0_power_limit_uw", "much"}}, {}},
      {"of parts and the platform",
       {{"intel-rapl:0:0/constraint_0_name", "long_term"},
        {"intel-rapl:0:0/constraint_0_power_limit_uw", "1000000"},
        {"intel-rapl:2/constraint_0_name", "long_term"},
        {"intel-rapl:2/constraint_0_power_limit_uw", "1000000"}},
       {}},
  };
  for (const auto& c : cases) {
    const PowerTree tree("two-packages");
    for (const char* zone : {"intel-rapl:0", "intel-rapl:1"})
      tree.write(tree.zone(zone) / "constraint_0_name", "long_term");
    for (const auto& [file, content] : c.files) tree.write(tree.zone(file), content);
    const auto source = open_rapl(tree.root(), clock);
    ASSERT_TRUE(source) << c.name;
    std::vector<double> watts;
    for (const auto& state : (*source)->states()) {
      EXPECT_EQ(state.device, "cpu" + std::to_string(watts.size())) << c.name;
      watts.push_back(state.power_cap.value_or(Watts{-1}).value);
    }
    EXPECT_EQ(watts, c.watts) << c.name;
  }
  const PowerTree dies("dies");
  for (const char* zone : {"intel-rapl:0", "intel-rapl:1"}) {
    dies.write(dies.zone(zone) / "constraint_0_name", "long_term");
    dies.write(dies.zone(zone) / "constraint_0_power_limit_uw", "175000000");
  }
  const auto source = open_rapl(dies.root(), clock);
  ASSERT_TRUE(source);
  const auto states = (*source)->states();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].power_cap, Watts{350}) << "the dies of a package have a limit each";
}

TEST_F(Rapl, MissingHardwareIsExplained) {
  const PowerTree none("no-sensors");
  const auto absent = open_rapl(none.root(), clock);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Errc::unavailable);
  EXPECT_THAT(absent.error().message, HasSubstr("sys/class/powercap does not exist"));
  std::filesystem::create_directories(none.zone("dtpm"));
  const auto empty = open_rapl(none.root(), clock);
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().message, HasSubstr("has no intel-rapl zone"));
}

class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "rapl"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override { tree_.set_joules("intel-rapl:0", 1 + 5.0 * step); }

 private:
  testing::PowerTree tree_{"two-packages"};
};
INSTANTIATE_TEST_SUITE_P(Rapl, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
