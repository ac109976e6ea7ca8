#include "exporter/regression/device_facts.hpp"

#include <gtest/gtest.h>

namespace ipw {
namespace {

using namespace std::chrono_literals;

DeviceSnapshot device(const std::string& id, const std::string& driver, std::optional<Watts> cap) {
  DeviceSnapshot all;
  all.now.device = id;
  all.now.driver = driver;
  all.now.power_cap = cap;
  return all;
}

TEST(DeviceFacts, AreThoseOfTheDevicesThatAreCharged) {
  const DeviceSnapshot devices[] = {device("a", "580.65", Watts{699.96}), device("b", "580.65", Watts{450}),
                                    device("c", "i915 6.2", {})};
  EXPECT_EQ(facts_of(devices, {"a"}), (Facts{{"driver", "580.65"}, {"power_cap_watts", "700"}}));
  EXPECT_EQ(facts_of(devices, {"a", "b"}), (Facts{{"driver", "580.65"}, {"power_cap_watts", "450 + 700"}}));
  EXPECT_EQ(facts_of(devices, {"c"}), (Facts{{"driver", "i915 6.2"}}));
  EXPECT_EQ(facts_of(devices, {}), Facts{});
}

TEST(DeviceFacts, CountOnceTheyHaveStayedTheSame) {
  const Facts cool{{"power_cap_watts", "700"}}, hot{{"power_cap_watts", "600"}};
  const MonoTime start{};
  SteadyFacts facts;
  EXPECT_EQ(facts.see(cool, start), cool) << "the first ones at once";
  EXPECT_EQ(facts.see(cool, start + 1s), std::nullopt);
  EXPECT_EQ(facts.see(hot, start + 2s), std::nullopt);
  EXPECT_EQ(facts.see(cool, start + 20s), std::nullopt) << "it was only for a while";
  EXPECT_EQ(facts.see(hot, start + 21s), std::nullopt);
  EXPECT_EQ(facts.see(hot, start + 50s), std::nullopt);
  EXPECT_EQ(facts.see(hot, start + 51s), hot);
  EXPECT_EQ(facts.see(hot, start + 90s), std::nullopt);
}

}  // namespace
}  // namespace ipw
