// What goes wrong with the sensors of the hwmon source.
#include "tests/probes/sources/hwmon_tree.hpp"

namespace ipw::probes {
namespace {

using ::testing::HasSubstr;
using testing::HwmonTree;
using testing::value;

const std::string kChip = "sys/class/hwmon/hwmon0/";

// One chip with two powers.
void add_chip(const HwmonTree& tree) {
  tree.put(kChip + "name", "pmbus");
  for (const char* number : {"1", "2"}) {
    tree.put(kChip + "power" + number + "_input", "7000000");
    tree.put(kChip + "power" + number + "_enable", "1");
    tree.put(kChip + "power" + number + "_fault", "0");
  }
}

TEST(HwmonFaults, ConcernTheirOwnSensorAndPass) {
  const HwmonTree tree;
  add_chip(tree);
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  testing::expect_fault_told(tree, **source, kChip + "power2_input", 1, "7000000");
  testing::expect_fault_told(tree, **source, kChip + "power1_enable", 0, "1");
}

TEST(HwmonFaults, ReadingsThatCannotBeBelieved) {
  struct Case {
    const char *name, *file, *content;
    Errc code;
    const char* message;
  } const cases[] = {
      {"switched off", "power1_enable", "0", Errc::unavailable, "power1_enable: the sensor is switched off"},
      {"at fault", "power1_fault", "1", Errc::unavailable, "power1_fault: the sensor reports a fault"},
      {"negative", "power1_input", "-1", Errc::invalid, "power1_input: the power is negative"},
      {"nanowatts", "power1_input", "70000000000", Errc::invalid, "is it another unit?"},
      {"huge", "power1_input", "1e300", Errc::invalid, "is it another unit?"},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    add_chip(tree);
    const auto source = tree.open("hwmon");
    ASSERT_TRUE(source) << c.name;
    tree.put(kChip + c.file, c.content);
    const auto readings = (*source)->read();
    ASSERT_FALSE(readings[0]) << c.name;
    EXPECT_EQ(readings[0].error().code, c.code) << c.name;
    EXPECT_THAT(readings[0].error().message, HasSubstr(c.message)) << c.name;
    EXPECT_NEAR(value(readings[1]), 7, 1e-9) << c.name;
  }
}

TEST(HwmonFaults, WhatIsOffFromTheStartIsNotListed) {
  const HwmonTree tree;
  add_chip(tree);
  tree.put(kChip + "power1_enable", "0");
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  ASSERT_EQ((*source)->channels().size(), 1U);
  EXPECT_EQ((*source)->channels()[0].name, "pmbus-power2");
}

TEST(HwmonFaults, AChipThatVanishesIsNamedAndComesBack) {
  const HwmonTree tree;
  add_chip(tree);
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source);
  tree.erase(kChip);
  for (const auto& reading : (*source)->read()) {
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, Errc::unavailable);
  }
  add_chip(tree);
  for (const auto& reading : (*source)->read()) EXPECT_NEAR(value(reading), 7, 1e-9);
}

TEST(HwmonFaults, ChipsInStrangeShapesDoNoHarm) {
  const HwmonTree tree;
  add_chip(tree);
  tree.put("sys/class/hwmon/hwmon1/power1_input", "1");  // no name
  tree.put("sys/class/hwmon/hwmon2/name", "in/a/path ?");
  tree.put("sys/class/hwmon/hwmon2/power1_input", "1000000");
  tree.put("sys/class/hwmon/hwmon2/power1_label", "///");
  tree.put("sys/class/hwmon/hwmon2/powerX_input", "1000000");
  tree.put("sys/class/hwmon/hwmon2/power99999999999_input", "1000000");
  tree.link("sys/class/hwmon/hwmon3", "../nowhere");
  tree.link("sys/class/hwmon/hwmon4", "hwmon4");
  tree.put("sys/class/hwmon/hwmonX/name", "no number");
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(testing::described(**source),
              ::testing::ElementsAre("pmbus-power1 other hwmon-pmbus", "pmbus-power2 other hwmon-pmbus",
                                     "unnamed-power1 other hwmon-unnamed", "in-a-path-power1 other hwmon-in-a-path"));
}

TEST(HwmonFaults, WithoutPermissionItSaysWhatHelps) {
  const HwmonTree tree("acpi-meter");
  tree.deny("sys/class/hwmon/hwmon0/device/power1_average");
  const testing::AsNobody nobody;
  const auto source = tree.open("hwmon");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::unavailable);
  EXPECT_THAT(source.error().message, HasSubstr("power1_average: no permission to read it: run as root"));
}

TEST(HwmonFaults, MissingHardwareIsExplained) {
  const HwmonTree vm("empty-vm");
  const auto none = vm.open("hwmon");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unavailable);
  EXPECT_THAT(none.error().message, HasSubstr("sys/class/hwmon does not exist"));
  vm.put("sys/class/hwmon/hwmon0/name", "coretemp");
  vm.put("sys/class/hwmon/hwmon0/temp1_input", "40000");
  const auto cold = vm.open("hwmon");
  ASSERT_FALSE(cold);
  EXPECT_THAT(cold.error().message, HasSubstr("measures power or energy for this source (coretemp)"));
}

}  // namespace
}  // namespace ipw::probes
