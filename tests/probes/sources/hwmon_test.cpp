#include "probes/device_names.hpp"
#include "probes/sources/hwmon_listing.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/probes/sources/hwmon_tree.hpp"

namespace ipw::probes {
namespace {

using testing::described;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HwmonTree;
using testing::value;

const std::string kHwmon = "sys/class/hwmon/";

// A chip of the tests' own: hwmon0 of an I2C device, with these files.
void add_chip(const HwmonTree& tree, const std::string& name, const std::map<std::string, std::string>& files,
              const std::string& number = "0") {
  const auto device = "sys/devices/i2c-" + number + "/" + number + "-0040";
  const auto chip = device + "/hwmon/hwmon" + number;
  tree.put(chip + "/name", name);
  for (const auto& [file, text] : files) tree.put(chip + "/" + file, text);
  tree.link(chip + "/device", "../../../" + number + "-0040");
  tree.link(kHwmon + "hwmon" + number, "../../../" + chip);
}

TEST(Hwmon, AnAcpiMeterIsTheMachines) {
  const HwmonTree tree("acpi-meter");
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("acpi-meter platform host"));
  const auto& channel = (*source)->channels()[0];
  EXPECT_EQ(channel.device.name, device_name("Intel(R) Xeon(R) Gold 5218 CPU @ 2.30GHz"));
  EXPECT_EQ(channel.averages_over.value, 1);
  EXPECT_EQ(channel.read_every.value, 1);
  EXPECT_NEAR(value((*source)->read()[0]), 184, 1e-9);
}

TEST(Hwmon, AcpiMetersThatMayNotBeTheMachines) {
  const HwmonTree battery("acpi-meter");
  battery.put(kHwmon + "hwmon0/device/power1_is_battery", "1");
  const auto first = battery.open("hwmon");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_THAT(described(**first), ElementsAre("power_meter-power1 other hwmon-power_meter"));

  const HwmonTree two("acpi-meter");
  two.put(kHwmon + "hwmon5/name", "power_meter");  // the driver's new style
  two.put(kHwmon + "hwmon5/power1_average", "90000000");
  const auto second = two.open("hwmon");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_THAT(described(**second), ElementsAre("power_meter-power1 other hwmon-power_meter",
                                               "power_meter-2-power1 other hwmon-power_meter-2"));
}

TEST(Hwmon, MetersOfGraceTellTheirPart) {
  const HwmonTree tree("gh200");
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source),
              ElementsAre("module0 module module0", "cpu0 cpu_package cpu0 in module0",
                          "cpu0-core cpu_core cpu0 in cpu0", "cpu0-uncore cpu_uncore cpu0 in cpu0"));
  EXPECT_EQ((*source)->channels()[0].device.name, "NVIDIA GH200");
  EXPECT_EQ((*source)->channels()[1].device.name, "NVIDIA Grace");
  EXPECT_EQ((*source)->channels()[0].read_every.value, 0.05);
  EXPECT_EQ((*source)->channels()[0].averages_over.value, 0.05);
  EXPECT_NEAR(value((*source)->read()[2]), 58, 1e-9);
}

TEST(Hwmon, AGraceWithoutAModuleHasNoParent) {
  const HwmonTree tree("gh200");
  tree.erase(kHwmon + "hwmon1");
  tree.put(kHwmon + "hwmon4/device/power1_oem_info", "Fan Power Socket 0");
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("cpu0 cpu_package cpu0", "cpu0-core cpu_core cpu0 in cpu0",
                                               "power_meter-3-power1 other hwmon-power_meter-3"));
}

TEST(Hwmon, APartIsMeasuredOnce) {
  const HwmonTree tree("gh200");
  tree.put(kHwmon + "hwmon2/device/power1_oem_info", "Module Power Socket 0");
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source),
              ElementsAre("module0 module module0", "power_meter-2-power1 other hwmon-power_meter-2",
                          "cpu0-core cpu_core cpu0", "cpu0-uncore cpu_uncore cpu0"));
}

TEST(Hwmon, AmdsDriversMeasureSockets) {
  struct Case {
    const char* name;
    std::map<std::string, std::string> first, second;
    std::vector<std::string> channels;
  } const cases[] = {
      {"amd_hsmp_hwmon",
       {{"power1_input", "120000000"}, {"power1_cap", "280000000"}, {"power1_cap_max", "400000000"}},
       {{"power1_input", "100000000"}},
       {"cpu0 cpu_package cpu0", "cpu1 cpu_package cpu1"}},
      {"fam15h_power",
       {{"power1_input", "60000000"}, {"power1_crit", "115000000"}},
       {{"power1_input", "60000000"}},
       {"cpu0 cpu_package cpu0", "cpu1 cpu_package cpu1"}},
      {"amd_energy",
       {{"energy1_input", "5"},
        {"energy1_label", "Ecore000"},
        {"energy2_input", "7"},
        {"energy2_label", "Esocket0"},
        {"energy3_input", "9"},
        {"energy3_label", "Esocket1"}},
       {},
       {"cpu0 cpu_package cpu0", "cpu1 cpu_package cpu1"}},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    add_chip(tree, c.name, c.first, "0");
    add_chip(tree, c.name, c.second, "1");
    const auto source = tree.open("hwmon");
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    EXPECT_EQ(described(**source), c.channels) << c.name;
  }
}

TEST(Hwmon, TellsThePowerCapOfWhatItKnows) {
  const HwmonTree tree;
  add_chip(tree, "amd_hsmp_hwmon", {{"power1_input", "120000000"}, {"power1_cap", "280000000"}});
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  const auto states = (*source)->states();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].device, "cpu0");
  EXPECT_EQ(states[0].power_cap->value, 280);
}

TEST(Hwmon, TheBestKindOfSensorIsTaken) {
  struct Case {
    const char* name;
    std::map<std::string, std::string> files;
    std::vector<std::string> channels;
    double first;
  } const cases[] = {
      {"energy with its power, and another power",
       {{"energy1_input", "5000000"},
        {"power1_input", "3000000"},
        {"power2_input", "2000000"},
        {"power2_label", "+12 V"}},
       {"chip-0-0040-energy1", "chip-0-0040-12-v"},
       5},
      {"power before volts and amperes",
       {{"power1_input", "3000000"}, {"in1_input", "12000"}, {"curr1_input", "1000"}},
       {"chip-0-0040-power1"},
       3},
      {"an average where there is nothing else", {{"power1_average", "4000000"}}, {"chip-0-0040-power1"}, 4},
      {"power before its average",
       {{"power1_average", "4000000"}, {"power1_input", "3000000"}},
       {"chip-0-0040-power1"},
       3},
      {"volts and amperes",
       {{"in1_input", "12000"}, {"curr1_input", "500"}, {"in1_label", "VIN"}},
       {"chip-0-0040-vin"},
       6},
      {"the same label twice",
       {{"power1_input", "3000000"}, {"power1_label", "rail"}, {"power2_input", "3000000"}, {"power2_label", "rail"}},
       {"chip-0-0040-rail", "chip-0-0040-rail-2"},
       3},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    add_chip(tree, "chip", c.files);
    const auto source = tree.open("hwmon");
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    std::vector<std::string> names;
    for (const auto& channel : (*source)->channels()) {
      names.push_back(channel.name);
      EXPECT_EQ(channel.domain, Domain::other) << c.name << ": nothing is charged with an unknown part";
      EXPECT_EQ(channel.device.id, "hwmon-chip-0-0040") << c.name;
      EXPECT_GE(channel.read_every.value, 1) << c.name;
    }
    EXPECT_EQ(names, c.channels) << c.name;
    EXPECT_NEAR(value((*source)->read()[0]), c.first, 1e-9) << c.name;
  }
}

TEST(Hwmon, SensorsAreReadAsOftenAsTheyAreUpdated) {
  struct Case {
    const char* name;
    std::map<std::string, std::string> files;
    double read_every, averages_over;
  } const cases[] = {
      {"not told", {{"power1_input", "1"}}, 0, 0},
      {"the chip's interval", {{"power1_input", "1"}, {"update_interval", "140"}}, 0.14, 0},
      {"its own goes first",
       {{"power1_average", "1"}, {"power1_average_interval", "500"}, {"update_interval", "140"}},
       0.5,
       0.5},
      {"nonsense", {{"power1_input", "1"}, {"update_interval", "-5"}}, 0, 0},
      {"beyond reason", {{"power1_input", "1"}, {"update_interval", "4294967295"}}, 60, 0},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    add_chip(tree, "chip", c.files);
    const auto source = tree.open("hwmon", "sensors: [{chip: chip, domain: platform}]");
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    EXPECT_DOUBLE_EQ((*source)->channels()[0].read_every.value, c.read_every) << c.name;
    EXPECT_DOUBLE_EQ((*source)->channels()[0].averages_over.value, c.averages_over) << c.name;
  }
}

TEST(Hwmon, PowerStandsBesideACounterWhereItIsSound) {
  const HwmonTree tree;
  add_chip(tree, "chip", {{"energy1_input", "5000000"}, {"power1_input", "3000000"}});
  const auto source = tree.open("hwmon");
  ASSERT_TRUE(source) << source.error().message;
  const auto sound = (*source)->read();
  ASSERT_TRUE(sound[0] && sound[0]->power);
  EXPECT_NEAR(sound[0]->power->value.value, 3, 1e-9);
  for (const char* garbage : {"-3000000", "garbage", "9e15"}) {
    tree.put(kHwmon + "hwmon0/power1_input", garbage);
    const auto readings = (*source)->read();
    ASSERT_TRUE(readings[0]) << garbage << ": the counter is good";
    EXPECT_FALSE(readings[0]->power) << garbage;
  }
}

TEST(Hwmon, VoltagesFindTheirCurrents) {
  struct Case {
    const char* name;
    std::string chip;
    std::vector<int> volts, amperes;
    std::map<std::string, std::string> labels;
    std::vector<sources::VoltsAmperes> pairs;
  } const cases[] = {
      {"ina3221: not the shunts", "ina3221", {1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4}, {}, {{1, 1}, {2, 2}, {3, 3}}},
      {"ina226: in0 is the shunt", "ina226", {0, 1}, {1}, {}, {{1, 1}}},
      {"max20730: the output", "max20730", {1, 2}, {1}, {}, {{2, 1}}},
      {"max20751: the output", "max20751", {1, 2}, {1}, {}, {{2, 1}}},
      {"ltc2947", "ltc2947", {0, 1}, {1}, {}, {{0, 1}}},
      {"ltc2992: from in2 on they are pins", "ltc2992", {0, 1, 2, 3}, {1, 2}, {}, {{0, 1}, {1, 2}}},
      {"equal numbers", "unheard-of", {0, 1, 2}, {1, 3}, {}, {{1, 1}}},
      {"labels by their symbols",
       "pmbus",
       {1, 2, 3},
       {1, 2},
       {{"in1", "vin"}, {"in2", "vout1"}, {"in3", "vout2"}, {"curr1", "iin"}, {"curr2", "iout2"}},
       {{1, 1}, {3, 2}}},
      {"labels in words",
       "board",
       {1, 2},
       {1, 2},
       {{"in1", "GPU voltage"}, {"in2", "CPU voltage"}, {"curr1", "CPU Current"}, {"curr2", "GPU Current"}},
       {{1, 2}, {2, 1}}},
      {"equal labels", "board", {1, 2}, {1}, {{"in2", "VDD_IN"}, {"curr1", "VDD_IN"}}, {{2, 1}}},
      {"different labels part equal numbers", "board", {1}, {1}, {{"in1", "+12V"}, {"curr1", "CPU"}}, {}},
      {"a label on one side only", "board", {1}, {1}, {{"in1", "+12V"}}, {{1, 1}}},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    std::map<std::string, std::string> files;
    for (const int n : c.volts) files["in" + std::to_string(n) + "_input"] = "1000";
    for (const int n : c.amperes) files["curr" + std::to_string(n) + "_input"] = "1000";
    for (const auto& [sensor, label] : c.labels) files[sensor + "_label"] = label;
    add_chip(tree, c.chip, files);
    const auto chips = sources::find_hwmon_chips(tree.root() / "sys/class/hwmon");
    ASSERT_EQ(chips.size(), 1U) << c.name;
    EXPECT_EQ(sources::pair_inputs(chips[0]), c.pairs) << c.name;
  }
}

TEST(Hwmon, OthersChipsAreLeftToThem) {
  const std::map<std::string, std::string> power{{"power1_input", "1000000"}};
  for (const char* name : {"amdgpu", "i915", "i915_gt0", "xe", "nouveau", "BAT0"}) {
    const HwmonTree tree;
    add_chip(tree, name, power);
    EXPECT_FALSE(tree.open("hwmon")) << name;
  }
  for (const char* type : {"Battery", "Mains", "USB"}) {
    const HwmonTree tree;
    add_chip(tree, "ucsi_source_psy", power);
    tree.put("sys/devices/i2c-0/0-0040/type", type);
    EXPECT_FALSE(tree.open("hwmon")) << type << ": a charger's limits are no load";
  }
  for (const char* machine : {"arc-i915", "arc-xe", "jetson-orin", "battery-laptop"}) {
    const auto source = HwmonTree(machine).open("hwmon");
    ASSERT_FALSE(source) << machine;
    EXPECT_THAT(source.error().message, HasSubstr("none of the chips in ")) << machine;
  }
  const HwmonTree board;
  add_chip(board, "ina3221", {{"in1_input", "1000"}, {"curr1_input", "1000"}});
  EXPECT_TRUE(board.open("hwmon")) << "the same chip on a board that is no Jetson";
}

TEST(Hwmon, TheUserMaySayWhatASensorIs) {
  struct Case {
    const char *name, *options, *channel;
  } const cases[] = {
      {"by chip", "sensors: [{chip: ina226, domain: platform}]", "ina226-0-0040-power1 platform host"},
      {"by address and file", "sensors: [{chip: ina226-0-0040, sensor: power1, domain: gpu, device: gpu-A}]",
       "ina226-0-0040-power1 gpu gpu-A"},
      {"another sensor", "sensors: [{chip: nct, sensor: CPU power, domain: cpu_package, device: cpu0}]",
       "ina226-0-0040-power1 other hwmon-ina226-0-0040"},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    add_chip(tree, "ina226", {{"power1_input", "7000000"}});
    add_chip(tree, "nct", {{"power4_input", "1000000"}, {"power4_label", "CPU power"}}, "1");
    const auto source = tree.open("hwmon", c.options);
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    EXPECT_EQ(described(**source)[0], c.channel) << c.name;
  }
}

TEST(Hwmon, AWrongSensorsOptionIsRefusedWithItsPlace) {
  struct Case {
    const char* options;
    Errc code;
    const char* message;
  } const cases[] = {
      {"sensors: [{domain: gpu}]", Errc::invalid, "chip"},
      {"sensors: [{chip: ina226}]", Errc::invalid, "domain"},
      {"sensors: [{chip: ina226, domain: gpus}]", Errc::invalid, "did you mean `gpu`?"},
      {"sensors: [{chip: ina226, domain: gpu, colour: red}]", Errc::invalid, "unknown key"},
      {"sensors: [{chip: ina227, domain: gpu}]", Errc::unavailable, "no sensor of power of a chip `ina227` in "},
      {"sensors: [{chip: ina226, sensor: power2, domain: gpu}]", Errc::unavailable,
       "no sensor of power `power2` of a chip `ina226` in "},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    add_chip(tree, "ina226", {{"power1_input", "7000000"}});
    const auto source = tree.open("hwmon", c.options);
    ASSERT_FALSE(source) << c.options;
    EXPECT_EQ(source.error().code, c.code) << c.options << source.error().message;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.options;
    EXPECT_THAT(source.error().message, HasSubstr("test.yaml:1:")) << c.options;
  }
}

class Grace final : public testing::PowerMachine {
 public:
  std::string source() const override { return "hwmon"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override { tree_.put(kHwmon + "hwmon1/device/power1_average", 3e8 + step % 10 * 1e6); }

 private:
  HwmonTree tree_{"gh200"};
};
class Board final : public testing::PowerMachine {
 public:
  Board() { advance(0); }
  std::string source() const override { return "hwmon"; }
  std::string options() const override { return "sensors: [{chip: ltc2947, domain: platform}]\n"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override {
    tree_.put(kHwmon + "hwmon0/name", "ltc2947");
    tree_.put(kHwmon + "hwmon0/energy1_input", 1e6 + 2e6 * step);
    tree_.put(kHwmon + "hwmon0/power1_input", 40e6);
  }

 private:
  HwmonTree tree_;
};
INSTANTIATE_TEST_SUITE_P(HwmonGrace, PowerSourceContract, ::testing::Values(testing::make_machine<Grace>));
INSTANTIATE_TEST_SUITE_P(HwmonBoard, PowerSourceContract, ::testing::Values(testing::make_machine<Board>));

}  // namespace
}  // namespace ipw::probes
