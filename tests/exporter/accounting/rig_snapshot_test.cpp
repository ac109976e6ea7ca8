#include "exporter/accounting/rig_snapshot.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw {
namespace {

using namespace std::chrono_literals;

// A rig on a copy of a fixture machine, with these sources, each of which has been read once.
class RigSnapshot : public ::testing::Test {
 protected:
  const probes::Rig& rig(const std::string& machine, const std::string& list) {
    tree_ = std::make_unique<testing::PowerTree>(machine);
    auto options = testing::options_from("sources: " + list + "\n");
    auto rig = probes::Rig::open(options.children("sources"), {tree_->root(), &clock_}, Seconds{0.05}, Seconds{60});
    EXPECT_TRUE(rig) << rig.error().message;
    rig_ = std::move(*rig);
    const auto until = std::chrono::steady_clock::now() + 10s;
    const auto unread = [](const auto& sampler) { return sampler.reads == 0; };
    while (std::ranges::any_of(rig_->samplers(), unread) && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    return *rig_;
  }

 private:
  testing::FakeClock clock_;
  std::unique_ptr<testing::PowerTree> tree_;

  std::unique_ptr<probes::Rig> rig_;
};

TEST_F(RigSnapshot, SamplersAreNamedAfterTheirSources) {
  const auto samplers =
      samplers_of(rig("amd", "[{type: rapl}, {type: simulated, watts: 5}, {type: simulated, watts: 6}]"));
  ASSERT_EQ(samplers.size(), 3U);
  EXPECT_EQ(samplers[0].source, "rapl");
  EXPECT_EQ(samplers[1].source, "simulated");
  EXPECT_EQ(samplers[2].source, "simulated-2");
  EXPECT_EQ(samplers[2].reads, 1U);
}

TEST_F(RigSnapshot, EveryDeviceIsListedOnce) {
  const auto devices = devices_of(rig("two-packages", "[{type: rapl}]"));
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0].now.device, "cpu0");
  EXPECT_EQ(devices[1].now.device, "cpu1");
  EXPECT_EQ(devices[2].now.device, "host");
  EXPECT_NE(devices[0].name, "");
  EXPECT_FALSE(devices[0].now.power_cap) << "nobody tells";
}

TEST_F(RigSnapshot, ReasonsThatCeasedAreRemembered) {
  const auto& quiet = rig("amd", "[{type: rapl}]");
  DeviceSnapshot hot, other;
  hot.now.device = "cpu0";
  hot.now.throttled_by = {"thermal"};
  hot.throttle_reasons = {"power_cap", "thermal"};
  other.now.device = "gone";
  const auto devices = devices_of(quiet, std::vector{other, hot});
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_TRUE(devices[0].now.throttled_by.empty());
  EXPECT_EQ(devices[0].throttle_reasons, (std::set<std::string>{"power_cap", "thermal"}));
}

TEST_F(RigSnapshot, ChannelsAreThoseOfTheRig) {
  const auto channels = channels_of(rig("amd", "[{type: rapl}]"));
  ASSERT_EQ(channels.size(), 2U);
  EXPECT_EQ(channels[1].source, "rapl");
  EXPECT_EQ(channels[1].channel, "package-0-core");
  EXPECT_EQ(channels[1].device, "cpu0");
  EXPECT_TRUE(channels[1].up);
  EXPECT_FALSE(channels[1].crosscheck);
}

}  // namespace
}  // namespace ipw
