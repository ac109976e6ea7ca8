// What every power source promises, whatever it reads. A source of the catalogue that has no configuration here fails.
#include "probes/power_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "probes/energy_meter.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// The least that a source must be told, on the fixture machine that has everything.
const std::map<std::string_view, std::string> kConfigurations = {
    {"rapl", ""}, {"simulated", "watts: 300\n"}, {"estimated", ""}};

class PowerSourceContract : public ::testing::TestWithParam<CatalogEntry<OpenPowerSource>> {
 protected:
  Result<std::unique_ptr<PowerSource>> open(const std::string& more = "") {
    const auto known = kConfigurations.find(GetParam().name);
    if (known == kConfigurations.end()) return Error{Errc::internal, "add this source to kConfigurations"};
    auto options = testing::options_from(known->second + more);
    return GetParam().open(options, {tree.root(), &clock});
  }
  // What time does to the hardware.
  void advance(int step) {
    clock.advance(50ms);
    tree.set_joules("intel-rapl:0", 1 + 5.0 * step);
    tree.write(tree.root() / "proc" / "stat",
               "cpu  " + std::to_string(4000 + 10 * step) + " 0 800 200000 10 0 5 7 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0");
  }

  testing::PowerTree tree{"two-packages"};
  testing::FakeClock clock;
};

TEST_P(PowerSourceContract, ChannelsAreNamedUniquelyAndStayTheSame) {
  const auto source = open();
  ASSERT_TRUE(source) << source.error().message;
  const auto channels = (*source)->channels();
  ASSERT_FALSE(channels.empty());
  std::set<std::string> names;
  for (const auto& c : channels) {
    EXPECT_TRUE(names.insert(c.name).second) << c.name << " twice";
    EXPECT_FALSE(c.name.empty());
    EXPECT_EQ(c.name.find('/'), std::string::npos) << c.name << ": `/` parts source and channel";
    EXPECT_FALSE(c.device.id.empty()) << c.name;
    EXPECT_FALSE(c.device.name.empty()) << c.name;
    EXPECT_TRUE(c.max_power && c.max_power->value > 0) << c.name << ": garbage cannot be told from power";
    EXPECT_TRUE(!c.wraps_at || c.wraps_at->value > 0) << c.name;
  }
  for (const auto& c : channels)
    EXPECT_TRUE(c.parent.empty() || names.contains(c.parent)) << c.name << " in " << c.parent;
  for (int i = 1; i < 5; ++i) {
    advance(i);
    static_cast<void>((*source)->read());
  }
  EXPECT_EQ((*source)->channels().data(), channels.data());
  EXPECT_EQ((*source)->channels().size(), channels.size());
}

TEST_P(PowerSourceContract, ReadingsAreWhole) {
  const auto source = open();
  ASSERT_TRUE(source) << source.error().message;
  const auto channels = (*source)->channels();
  std::vector<MonoTime> last(channels.size());
  std::vector<std::size_t> kind(channels.size());
  for (int i = 0; i < 50; ++i) {
    advance(i);
    const auto before = clock.now();
    const auto readings = (*source)->read();
    ASSERT_EQ(readings.size(), channels.size());
    for (std::size_t c = 0; c < channels.size(); ++c) {
      ASSERT_TRUE(readings[c]) << channels[c].name << ": " << readings[c].error().message;
      EXPECT_GE(readings[c]->at, last[c]) << channels[c].name << ": stamps do not go back";
      EXPECT_LE(readings[c]->at, clock.now()) << channels[c].name << ": nor into the future";
      if (i == 0) kind[c] = readings[c]->value.index();
      EXPECT_EQ(readings[c]->value.index(), kind[c]) << channels[c].name << ": energy stays energy, power power";
      last[c] = readings[c]->at;
      const double value = std::visit([](auto quantity) { return quantity.value; }, readings[c]->value);
      EXPECT_TRUE(std::isfinite(value) && value >= 0) << channels[c].name << ": " << value;
    }
    EXPECT_LE(clock.now() - before, 1s);
  }
}

TEST_P(PowerSourceContract, HealthyHardwareGivesTheMeterNoEvent) {
  const auto source = open();
  ASSERT_TRUE(source) << source.error().message;
  const auto channels = (*source)->channels();
  std::vector<EnergyMeter> meters;
  for (const auto& c : channels) meters.emplace_back(c, Seconds{0.05});
  for (int i = 0; i < 50; ++i) {
    advance(i);
    const auto readings = (*source)->read();
    for (std::size_t c = 0; c < channels.size(); ++c) {
      ASSERT_TRUE(readings[c]);
      const auto step = meters[c].feed(*readings[c]);
      EXPECT_EQ(to_text(step.event), to_text(MeterEvent::normal)) << channels[c].name << " at reading " << i;
    }
  }
  EXPECT_GT(meters[0].cumulative().value, 0);
}

TEST_P(PowerSourceContract, AnUnknownOptionIsRefusedWithItsPlace) {
  const auto source = open("colour: red\n");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::invalid);
  const int line = kConfigurations.at(GetParam().name).empty() ? 1 : 2;
  EXPECT_THAT(source.error().message, HasSubstr("test.yaml:" + std::to_string(line) + ":1: unknown key `colour`"));
}

INSTANTIATE_TEST_SUITE_P(Catalogue, PowerSourceContract, ::testing::ValuesIn(power_sources().entries()),
                         [](const auto& entry) { return std::string(entry.param.name); });

}  // namespace
}  // namespace ipw::probes
