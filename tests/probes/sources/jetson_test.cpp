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

const std::string kOrin = "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1/";
const std::string kNano = "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/";

TEST(Jetson, OrinNanoWithJetPack6) {
  const HwmonTree tree("jetson-orin");
  const auto source = tree.open("jetson");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source),
              ElementsAre("vdd_in soc soc0", "vdd_cpu_gpu_cv other soc0 in vdd_in", "vdd_soc other soc0 in vdd_in"));
  EXPECT_EQ((*source)->channels()[0].device.name, device_name("NVIDIA Jetson Orin Nano Developer Kit"));
  const auto readings = (*source)->read();
  EXPECT_NEAR(value(readings[0]), 5.056 * 1.176, 1e-9);
  EXPECT_NEAR(value(readings[1]), 5.048 * 0.248, 1e-9);
  EXPECT_TRUE(std::holds_alternative<Watts>(readings[0]->value));
  const auto state = (*source)->states()[0];
  EXPECT_EQ(state.driver, "L4T 36.4.3");
  EXPECT_EQ(state.clock_hertz, 624.75e6);
  EXPECT_EQ(state.clock_cap_hertz, 624.75e6);
}

TEST(Jetson, NanoWithJetPack4) {
  const HwmonTree tree("jetson-nano");
  const auto source = tree.open("jetson");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("pom_5v_in soc soc0", "pom_5v_gpu other soc0 in pom_5v_in",
                                               "pom_5v_cpu other soc0 in pom_5v_in"));
  EXPECT_NEAR(value((*source)->read()[0]), 2.697, 1e-9) << "in_power is in mW";
  EXPECT_EQ((*source)->states()[0].driver, "L4T 32.7.4");
  EXPECT_EQ((*source)->states()[0].clock_hertz, 921.6e6);
}

// Three rails of a sensor at `address`, as JetPack 5 shows them; null: there is none.
void add_sensor(const HwmonTree& tree, const std::string& address, const std::vector<const char*>& labels) {
  const auto device = "sys/bus/i2c/drivers/ina3221/" + address;
  const auto chip = device + "/hwmon/hwmon" + address.substr(address.size() - 1) + "/";
  tree.put(device + "/name", "ina3221");
  tree.put(chip + "name", "ina3221");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto number = std::to_string(i + 1);
    if (labels[i] != nullptr) tree.put(chip + "in" + number + "_label", labels[i]);
    tree.put(chip + "in" + number + "_input", "20000");
    tree.put(chip + "curr" + number + "_input", "100");
  }
}

TEST(Jetson, WithoutATotalRailTheRightOnesAddUp) {
  struct Case {
    const char* name;
    std::vector<const char*> first, second;
    std::vector<std::string> channels;
  } const cases[] = {
      {"AGX Orin",
       {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"},
       {"NC", "VDDQ_VDD2_1V8AO", "NC"},
       {"vdd_gpu_soc soc soc0", "vdd_cpu_cv soc soc0", "vin_sys_5v0 soc soc0", "vddq_vdd2_1v8ao soc soc0"}},
      {"AGX Xavier",
       {"GPU", "CPU", "SOC"},
       {"CV", "VDDRQ", "SYS5V"},
       {"gpu soc soc0", "cpu soc soc0", "soc soc soc0", "cv soc soc0", "vddrq soc soc0", "sys5v soc soc0"}},
      {"TX2, whose total stands among the others",
       {"VDD_SYS_GPU", "VDD_SYS_SOC", "VDD_4V0_WIFI"},
       {"VDD_IN", "VDD_SYS_CPU", "VDD_SYS_DDR"},
       {"vdd_sys_gpu other soc0 in vdd_in", "vdd_sys_soc other soc0 in vdd_in", "vdd_4v0_wifi other soc0 in vdd_in",
        "vdd_in soc soc0", "vdd_sys_cpu other soc0 in vdd_in", "vdd_sys_ddr other soc0 in vdd_in"}},
      {"an unknown board: nothing is charged unasked",
       {"VDD_A", "VDD_B", nullptr},
       {},
       {"vdd_a other soc0", "vdd_b other soc0"}},
      {"a sum with a part missing is no sum",
       {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"},
       {"NC", "NC", "NC"},
       {"vdd_gpu_soc other soc0", "vdd_cpu_cv other soc0", "vin_sys_5v0 other soc0"}},
  };
  for (const auto& c : cases) {
    const HwmonTree tree;
    tree.put("proc/device-tree/model", "NVIDIA Jetson");
    add_sensor(tree, "1-0040", c.first);
    add_sensor(tree, "1-0041", c.second);
    const auto source = tree.open("jetson");
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    EXPECT_EQ(described(**source), c.channels) << c.name;
    EXPECT_NEAR(value((*source)->read()[0]), 2, 1e-9) << c.name;
  }
}

TEST(Jetson, ARailThatIsSwitchedOffIsLeftOut) {
  const HwmonTree tree("jetson-orin");
  tree.put(kOrin + "in3_enable", "0");
  const auto source = tree.open("jetson");
  ASSERT_TRUE(source);
  EXPECT_THAT(described(**source), ElementsAre("vdd_in soc soc0", "vdd_cpu_gpu_cv other soc0 in vdd_in"));
  tree.put(kOrin + "in2_enable", "0");
  const auto readings = (*source)->read();
  ASSERT_FALSE(readings[1]);
  EXPECT_EQ(readings[1].error().code, Errc::unavailable);
  EXPECT_THAT(readings[1].error().message, HasSubstr("in2_enable: the sensor is switched off"));
  EXPECT_TRUE(readings[0]);
}

TEST(Jetson, TheBoardIsKnownByItsCompatibleListToo) {
  const HwmonTree tree("jetson-orin");
  std::filesystem::create_directories(tree.root() / "sys/firmware/devicetree");
  std::filesystem::rename(tree.root() / "proc/device-tree", tree.root() / "sys/firmware/devicetree/base");
  tree.put("sys/firmware/devicetree/base/model", "Somebody's carrier board");
  const auto source = tree.open("jetson");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->channels()[0].device.name, device_name("Somebody's carrier board"));
}

TEST(Jetson, SensorsAreFoundThroughTheBusWhenNoDriverFolderListsThem) {
  const HwmonTree tree("jetson-nano");
  tree.erase("sys/bus/i2c/devices/6-0040");
  std::filesystem::rename(tree.root() / "sys/bus/i2c/drivers/ina3221x/6-0040",
                          tree.root() / "sys/bus/i2c/devices/6-0040");
  const auto source = tree.open("jetson");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->channels().size(), 3U);
}

TEST(Jetson, AFaultConcernsItsOwnRailAndPasses) {
  const HwmonTree orin("jetson-orin");
  const auto source = orin.open("jetson");
  ASSERT_TRUE(source);
  testing::expect_fault_told(orin, **source, kOrin + "curr2_input", 1, "248");
  testing::expect_fault_told(orin, **source, kOrin + "in3_input", 2, "5000");
  const HwmonTree nano("jetson-nano");
  const auto old = nano.open("jetson");
  ASSERT_TRUE(old);
  testing::expect_fault_told(nano, **old, kNano + "in_power1_input", 1, "40");
}

TEST(Jetson, ReadingsOutOfRangeAreNoNumbers) {
  const HwmonTree tree("jetson-orin");
  const auto source = tree.open("jetson");
  ASSERT_TRUE(source);
  struct Case {
    const char *name, *milliamperes, *message;
  } const cases[] = {{"backwards", "-24", "the power is negative"},
                     {"another unit", "1176000", "is more than vdd_in can draw: is it another unit?"}};
  for (const auto& c : cases) {
    tree.put(kOrin + "curr1_input", c.milliamperes);
    const auto readings = (*source)->read();
    ASSERT_FALSE(readings[0]) << c.name;
    EXPECT_EQ(readings[0].error().code, Errc::invalid) << c.name;
    EXPECT_THAT(readings[0].error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST(Jetson, MissingHardwareIsExplained) {
  const HwmonTree vm("empty-vm");
  const auto other = vm.open("jetson");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::unavailable);
  EXPECT_THAT(other.error().message, HasSubstr("this is no NVIDIA Jetson"));
  const HwmonTree tree("jetson-orin");
  tree.erase("sys/bus/i2c");
  const auto bare = tree.open("jetson");
  ASSERT_FALSE(bare);
  EXPECT_THAT(bare.error().message, HasSubstr("sys/bus/i2c: no INA3221 sensor with a named rail"));
}

TEST(Jetson, WithoutPermissionItSaysWhatHelps) {
  const HwmonTree tree("jetson-nano");
  for (const char* rail : {"0", "1", "2"}) tree.deny(kNano + "in_power" + rail + "_input");
  const testing::AsNobody nobody;
  const auto source = tree.open("jetson");
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("in_power0_input: no permission to read it"));
}

class Orin final : public testing::PowerMachine {
 public:
  std::string source() const override { return "jetson"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override { tree_.put(kOrin + "curr1_input", 1100 + step % 7 * 8); }

 private:
  HwmonTree tree_{"jetson-orin"};
};
class Nano final : public testing::PowerMachine {
 public:
  std::string source() const override { return "jetson"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override { tree_.put(kNano + "in_power0_input", 2700 + step % 5 * 40); }

 private:
  HwmonTree tree_{"jetson-nano"};
};
INSTANTIATE_TEST_SUITE_P(JetsonOrin, PowerSourceContract, ::testing::Values(testing::make_machine<Orin>));
INSTANTIATE_TEST_SUITE_P(JetsonNano, PowerSourceContract, ::testing::Values(testing::make_machine<Nano>));

}  // namespace
}  // namespace ipw::probes
