#include "probes/device_names.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/probes/sources/hwmon_tree.hpp"

namespace ipw::probes {
namespace {

using testing::described;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HwmonTree;
using ::testing::IsEmpty;
using testing::value;

constexpr const char* kBoard = "sys/class/drm/card1/device/hwmon/hwmon3/";

TEST(IntelGpu, ArcUnderI915BesideAnIntegratedGpu) {
  const HwmonTree tree("arc-i915");
  const auto source = tree.open("intel_gpu");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("gpu0 gpu pci-0000:03:00.0"))
      << "the integrated GPU has no counter of its own";
  const auto& channel = (*source)->channels()[0];
  EXPECT_EQ(channel.device.name, device_name("Intel Arc A770"));
  EXPECT_FALSE(channel.wraps_at) << "the kernel counts in 64 bits";
  EXPECT_NEAR(channel.max_power->value, 3000, 1e-9);
  const auto readings = (*source)->read();
  ASSERT_TRUE(readings[0]);
  EXPECT_TRUE(std::holds_alternative<Joules>(readings[0]->value));
  EXPECT_NEAR(value(readings[0]), 151233.489217, 1e-9);
}

TEST(IntelGpu, CardAndPackageOfXeAreKeptApart) {
  const HwmonTree tree("arc-xe");
  const auto source = tree.open("intel_gpu");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source),
              ElementsAre("gpu0 gpu pci-0000:04:00.0", "gpu0-package other pci-0000:04:00.0 in gpu0"));
  EXPECT_EQ((*source)->channels()[0].device.name, device_name("Intel Arc B580"));
  const auto readings = (*source)->read();
  EXPECT_NEAR(value(readings[0]), 9876.54321, 1e-9);
  EXPECT_NEAR(value(readings[1]), 7654.321098, 1e-9);
}

TEST(IntelGpu, ClientCardsMayCountTheirPackageOnly) {
  const HwmonTree tree("arc-xe");
  tree.erase("sys/class/drm/card0/device/hwmon/hwmon2/energy1_input");
  const auto source = tree.open("intel_gpu");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("gpu0 gpu pci-0000:04:00.0"));
  EXPECT_NEAR(value((*source)->read()[0]), 7654.321098, 1e-9);
}

void add_tiles(const HwmonTree& tree) {
  for (const char* tile : {"0", "1"}) {
    const auto chip = "sys/class/drm/card1/device/hwmon/hwmon" + std::string(tile[0] == '0' ? "4" : "5");
    tree.put(chip + "/name", std::string("i915_gt") + tile);
    tree.put(chip + "/energy1_input", 5e6);
  }
}

TEST(IntelGpu, TilesArePartOfTheBoardOrAddUpWithoutIt) {
  const HwmonTree tree("arc-i915");
  add_tiles(tree);
  const auto board = tree.open("intel_gpu");
  ASSERT_TRUE(board) << board.error().message;
  EXPECT_THAT(described(**board), ElementsAre("gpu0 gpu pci-0000:03:00.0", "gpu0-tile0 other pci-0000:03:00.0 in gpu0",
                                              "gpu0-tile1 other pci-0000:03:00.0 in gpu0"));
  tree.erase(std::string(kBoard) + "energy1_input");
  const auto tiles = tree.open("intel_gpu");
  ASSERT_TRUE(tiles) << tiles.error().message;
  EXPECT_THAT(described(**tiles), ElementsAre("gpu0-tile0 gpu pci-0000:03:00.0", "gpu0-tile1 gpu pci-0000:03:00.0"));
}

TEST(IntelGpu, AreOrderedByTheirPlaceOnTheBus) {
  const HwmonTree tree("arc-i915");
  const std::string second = "sys/class/drm/card0/device/";
  tree.put(second + "uevent", "DRIVER=xe\nPCI_SLOT_NAME=0000:4D:00.0");
  tree.put(second + "device", "0xffff");
  tree.put(second + "hwmon/hwmon9/name", "xe");
  tree.put(second + "hwmon/hwmon9/energy1_input", 1e6);
  const auto source = tree.open("intel_gpu");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_THAT(described(**source), ElementsAre("gpu0 gpu pci-0000:03:00.0", "gpu1 gpu pci-0000:4d:00.0"));
  EXPECT_EQ((*source)->channels()[1].device.name, device_name("Intel GPU 0xffff"));
}

TEST(IntelGpu, TellsWhatDecidesItsSpeed) {
  const HwmonTree i915("arc-i915");
  const auto a770 = i915.open("intel_gpu");
  ASSERT_TRUE(a770);
  const auto states = (*a770)->states();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].device, "pci-0000:03:00.0");
  EXPECT_EQ(states[0].driver, "i915 6.8.0-45-generic");
  EXPECT_EQ(states[0].power_cap->value, 190);
  EXPECT_EQ(states[0].clock_hertz, 2.4e9);
  EXPECT_EQ(states[0].clock_cap_hertz, 2.4e9);
  EXPECT_THAT(states[0].throttled_by, ElementsAre("power_cap"));

  const HwmonTree xe("arc-xe");
  const auto b580 = xe.open("intel_gpu");
  ASSERT_TRUE(b580);
  const auto state = (*b580)->states()[0];
  EXPECT_EQ(state.driver, "xe 6.14.0-29-generic");
  EXPECT_EQ(state.clock_hertz, 2.85e9);
  EXPECT_THAT(state.throttled_by, IsEmpty());
  for (const char* reason : {"ratl", "vr_thermalert", "vr_tdc"})
    xe.put("sys/class/drm/card0/device/tile0/gt0/freq0/throttle/reason_" + std::string(reason), "1");
  EXPECT_THAT((*b580)->states()[0].throttled_by, ElementsAre("hardware", "thermal"));
}

TEST(IntelGpu, WhatIsNotToldIsNotKnown) {
  const HwmonTree tree("arc-i915");
  const auto source = tree.open("intel_gpu");
  ASSERT_TRUE(source);
  tree.put(std::string(kBoard) + "power1_max", "0");  // the limit is switched off
  tree.put("sys/class/drm/card1/gt_act_freq_mhz", "0");
  tree.erase("sys/class/drm/card1/gt");
  const auto state = (*source)->states()[0];
  EXPECT_FALSE(state.power_cap);
  EXPECT_FALSE(state.clock_hertz) << "parked";
  EXPECT_EQ(state.clock_cap_hertz, 2.4e9);
  EXPECT_THAT(state.throttled_by, IsEmpty());
}

TEST(IntelGpu, AFaultConcernsItsOwnChannelAndPasses) {
  const HwmonTree tree("arc-xe");
  const auto source = tree.open("intel_gpu");
  ASSERT_TRUE(source);
  const std::string file = "sys/class/drm/card0/device/hwmon/hwmon2/energy2_input";
  testing::expect_fault_told(tree, **source, file, 1, "7");
  tree.put(file, "-1");
  const auto negative = (*source)->read();
  ASSERT_FALSE(negative[1]);
  EXPECT_EQ(negative[1].error().code, Errc::invalid);
  EXPECT_THAT(negative[1].error().message, HasSubstr("cannot be negative"));
}

TEST(IntelGpu, WithoutPermissionItSaysWhatHelps) {
  const HwmonTree tree("arc-i915");
  tree.deny(std::string(kBoard) + "energy1_input");
  const testing::AsNobody nobody;
  const auto source = tree.open("intel_gpu");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::unavailable);
  EXPECT_THAT(source.error().message, HasSubstr("energy1_input: no permission to read it: run as root, or give"));
}

TEST(IntelGpu, MissingHardwareIsExplained) {
  const HwmonTree vm("empty-vm");
  const auto none = vm.open("intel_gpu");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unavailable);
  EXPECT_THAT(none.error().message, HasSubstr("sys/class/drm: no GPU by Intel"));
  const HwmonTree tree("arc-i915");
  tree.erase("sys/class/drm/card1");
  const auto integrated = tree.open("intel_gpu");
  ASSERT_FALSE(integrated);
  EXPECT_THAT(integrated.error().message, HasSubstr("card0/device/hwmon has no counter of energy: an integrated GPU"));
}

class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "intel_gpu"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override {
    const std::string chip = "sys/class/drm/card0/device/hwmon/hwmon2/";
    tree_.put(chip + "energy1_input", 1e9 + 6e6 * step);
    tree_.put(chip + "energy2_input", 1e9 + 4e6 * step);
  }

 private:
  HwmonTree tree_{"arc-xe"};
};
INSTANTIATE_TEST_SUITE_P(IntelGpu, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
