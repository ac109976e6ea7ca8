#include "probes/device_names.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/probes/sources/hwmon_tree.hpp"

namespace ipw::probes {
namespace {

using testing::described;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HwmonTree;
using testing::value;

const std::string kBattery = "sys/class/power_supply/BAT0/";

TEST(Battery, OfALaptopOnItsWay) {
  const HwmonTree tree("battery-laptop");
  const auto source = tree.open("battery");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("bat0 platform host")) << "and not the mouse's";
  const auto& channel = (*source)->channels()[0];
  EXPECT_EQ(channel.device.name, device_name("AMD Ryzen 7 PRO 6850U with Radeon Graphics"));
  EXPECT_EQ(channel.read_every.value, 1);
  EXPECT_NEAR(value((*source)->read()[0]), 9.876, 1e-9);
  EXPECT_EQ((*source)->read()[0]->at, tree.clock.now());
}

TEST(Battery, MeasuresInOneOfTwoWaysWithEitherSign) {
  struct Case {
    const char *name, *power, *current, *voltage;
    double watts;
  } const cases[] = {
      {"power", "9876000", nullptr, nullptr, 9.876},
      {"negative power", "-9876000", nullptr, nullptr, 9.876},
      {"current and voltage", nullptr, "640000", "15611000", 9.99104},
      {"negative current", nullptr, "-640000", "15611000", 9.99104},
      {"power goes first", "9876000", "1", "15611000", 9.876},
  };
  for (const auto& c : cases) {
    const HwmonTree tree("battery-laptop");
    for (const char* file : {"power_now", "current_now", "voltage_now"}) tree.erase(kBattery + file);
    if (c.power != nullptr) tree.put(kBattery + "power_now", c.power);
    if (c.current != nullptr) tree.put(kBattery + "current_now", c.current);
    if (c.voltage != nullptr) tree.put(kBattery + "voltage_now", c.voltage);
    const auto source = tree.open("battery");
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    EXPECT_NEAR(value((*source)->read()[0]), c.watts, 1e-9) << c.name;
  }
}

TEST(Battery, OnMainsPowerItIsOpenAndMeasuresNothing) {
  for (const char* status : {"Charging", "Full", "Not charging", "Unknown", ""}) {
    const HwmonTree tree("battery-laptop");
    tree.put(kBattery + "status", status);
    const auto source = tree.open("battery");
    ASSERT_TRUE(source) << status << ": " << source.error().message;
    const auto plugged = (*source)->read();
    ASSERT_FALSE(plugged[0]) << status;
    EXPECT_EQ(plugged[0].error().code, Errc::unavailable) << status;
    EXPECT_THAT(plugged[0].error().message, HasSubstr("BAT0/status: on mains power (`" + std::string(status) + "`)"));
    tree.put(kBattery + "status", "Discharging");
    EXPECT_NEAR(value((*source)->read()[0]), 9.876, 1e-9) << "the plug is pulled";
  }
}

TEST(Battery, TwoBatteriesAddUp) {
  struct Case {
    const char *name, *status, *microwatts;
    double watts;  // of the second; below 0: it is not known
  } const cases[] = {
      {"both discharge", "Discharging", "3000000", 3},
      {"one rests", "Not charging", "0", 0},
      {"one rests, and its driver does not know", "Unknown", "0", 0},
      {"one is charged by the other", "Charging", "5000000", -1},
  };
  for (const auto& c : cases) {
    const HwmonTree tree("battery-laptop");
    const std::string second = "sys/class/power_supply/BAT1/";
    tree.put(second + "type", "Battery");
    tree.put(second + "status", c.status);
    tree.put(second + "power_now", c.microwatts);
    const auto source = tree.open("battery");
    ASSERT_TRUE(source) << c.name;
    EXPECT_THAT(described(**source), ElementsAre("bat0 platform host", "bat1 platform host")) << c.name;
    const auto readings = (*source)->read();
    EXPECT_NEAR(value(readings[0]), 9.876, 1e-9) << c.name;
    if (c.watts >= 0) {
      EXPECT_NEAR(value(readings[1]), c.watts, 1e-9) << c.name;
      continue;
    }
    ASSERT_FALSE(readings[1]) << c.name;
    EXPECT_EQ(readings[1].error().code, Errc::unavailable) << c.name;
    EXPECT_THAT(readings[1].error().message, HasSubstr("BAT1/status: the battery is not discharging")) << c.name;
  }
}

TEST(Battery, AMachineThatRunsDrawsSomething) {
  const HwmonTree tree("battery-laptop");
  const auto source = tree.open("battery");
  ASSERT_TRUE(source);
  tree.put(kBattery + "power_now", "0");
  const auto readings = (*source)->read();
  ASSERT_FALSE(readings[0]);
  EXPECT_EQ(readings[0].error().code, Errc::retry);
  EXPECT_THAT(readings[0].error().message, HasSubstr("none has measured its power yet"));
}

TEST(Battery, FaultsAreToldAndPass) {
  const HwmonTree tree("battery-laptop");
  const auto source = tree.open("battery");
  ASSERT_TRUE(source);
  testing::expect_fault_told(tree, **source, kBattery + "power_now", 0, "9000000");
  tree.put(kBattery + "power_now", "9876000000");
  const auto huge = (*source)->read();
  ASSERT_FALSE(huge[0]);
  EXPECT_EQ(huge[0].error().code, Errc::invalid);
  EXPECT_THAT(huge[0].error().message, HasSubstr("is more than a battery gives"));
  tree.erase(kBattery + "status");
  const auto gone = (*source)->read();
  ASSERT_FALSE(gone[0]);
  EXPECT_EQ(gone[0].error().code, Errc::unavailable);
  EXPECT_THAT(gone[0].error().message, HasSubstr("BAT0/status: it does not exist (any more)"));
}

TEST(Battery, WithoutPermissionItSaysWhatHelps) {
  const HwmonTree tree("battery-laptop");
  tree.deny(kBattery + "power_now");
  const testing::AsNobody nobody;
  const auto source = tree.open("battery");
  ASSERT_TRUE(source);
  const auto readings = (*source)->read();
  ASSERT_FALSE(readings[0]);
  EXPECT_EQ(readings[0].error().code, Errc::unavailable);
  EXPECT_THAT(readings[0].error().message, HasSubstr("power_now: no permission to read it"));
}

TEST(Battery, MissingHardwareIsExplained) {
  struct Case {
    const char* tree;
    const char* erased;
  } const cases[] = {{"empty-vm", ""},
                     {"battery-laptop", "sys/class/power_supply/BAT0/power_now"},
                     {"battery-laptop", "sys/class/power_supply/BAT0/type"}};
  for (const auto& c : cases) {
    const HwmonTree tree(c.tree);
    if (*c.erased != '\0') tree.erase(c.erased);
    const auto source = tree.open("battery");
    ASSERT_FALSE(source) << c.erased;
    EXPECT_EQ(source.error().code, Errc::unavailable) << c.erased;
    EXPECT_THAT(source.error().message, HasSubstr("sys/class/power_supply has no battery")) << c.erased;
  }
}

class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "battery"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override { tree_.put(kBattery + "power_now", 9e6 + step % 9 * 1e5); }

 private:
  HwmonTree tree_{"battery-laptop"};
};
INSTANTIATE_TEST_SUITE_P(Battery, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
