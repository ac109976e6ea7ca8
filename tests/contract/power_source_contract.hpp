#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "probes/energy_meter.hpp"
#include "probes/power_source.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::testing {

// A machine on which one power source works: its hardware, real or scripted, and what the source must be told of it.
class PowerMachine {
 public:
  virtual ~PowerMachine() = default;
  virtual std::string source() const = 0;             // its name in the catalogue
  virtual std::string options() const { return ""; }  // lines of YAML, each ended; the least that it must be told
  virtual std::filesystem::path root() const { return "/"; }
  virtual void advance(int step) = 0;  // what 50 ms do to the hardware; `clock` has moved already

  Result<std::unique_ptr<probes::PowerSource>> open(const std::string& more = "") {
    auto given = options_from(options() + more);
    return probes::power_sources().find(source())->open(given, {root(), &clock});
  }

  FakeClock clock;
};

}  // namespace ipw::testing

namespace ipw::probes {

// What every power source promises, whatever it reads. Each source's own test instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Rapl, PowerSourceContract, ::testing::Values(testing::make_machine<TwoPackages>));
using MakeMachine = std::function<std::unique_ptr<testing::PowerMachine>()>;

}  // namespace ipw::probes

namespace ipw::testing {

template <class Machine>
std::unique_ptr<PowerMachine> make_machine() {
  return std::make_unique<Machine>();
}

}  // namespace ipw::testing

namespace ipw::probes {

class PowerSourceContract : public ::testing::TestWithParam<MakeMachine> {
 protected:
  std::unique_ptr<testing::PowerMachine> machine{GetParam()()};
  void advance(int step) const {
    machine->clock.advance(std::chrono::milliseconds(50));
    machine->advance(step);
  }
};

TEST_P(PowerSourceContract, ChannelsAreNamedUniquelyAndStayTheSame) {
  const auto source = machine->open();
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
    EXPECT_GE(c.read_every.value, 0) << c.name;
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
  const auto source = machine->open();
  ASSERT_TRUE(source) << source.error().message;
  const auto channels = (*source)->channels();
  std::vector<MonoTime> last(channels.size());
  std::vector<std::size_t> kind(channels.size());
  for (int i = 0; i < 50; ++i) {
    advance(i);
    const auto before = machine->clock.now();
    const auto readings = (*source)->read();
    ASSERT_EQ(readings.size(), channels.size());
    for (std::size_t c = 0; c < channels.size(); ++c) {
      ASSERT_TRUE(readings[c]) << channels[c].name << ": " << readings[c].error().message;
      EXPECT_GE(readings[c]->at, last[c]) << channels[c].name << ": stamps do not go back";
      EXPECT_LE(readings[c]->at, machine->clock.now()) << channels[c].name << ": nor into the future";
      if (i == 0) kind[c] = readings[c]->value.index();
      EXPECT_EQ(readings[c]->value.index(), kind[c]) << channels[c].name << ": energy stays energy, power power";
      last[c] = readings[c]->at;
      const double value = std::visit([](auto quantity) { return quantity.value; }, readings[c]->value);
      EXPECT_TRUE(std::isfinite(value) && value >= 0) << channels[c].name << ": " << value;
      if (!readings[c]->power) continue;
      EXPECT_TRUE(std::holds_alternative<Joules>(readings[c]->value)) << channels[c].name << ": power beside power";
      EXPECT_TRUE(std::isfinite(readings[c]->power->value.value)) << channels[c].name;
    }
    EXPECT_LE(machine->clock.now() - before, std::chrono::seconds(1));
  }
}

TEST_P(PowerSourceContract, HealthyHardwareGivesTheMeterNoEvent) {
  const auto source = machine->open();
  ASSERT_TRUE(source) << source.error().message;
  const auto channels = (*source)->channels();
  std::vector<EnergyMeter> meters;
  for (const auto& c : channels) meters.emplace_back(c, Seconds{0.05});
  for (int i = 0; i < 50; ++i) {
    advance(i);
    const auto readings = (*source)->read();
    for (std::size_t c = 0; c < channels.size(); ++c) {
      ASSERT_TRUE(readings[c]) << readings[c].error().message;
      const auto step = meters[c].feed(*readings[c]);
      EXPECT_EQ(to_text(step.event), to_text(MeterEvent::normal)) << channels[c].name << " at reading " << i;
    }
  }
  EXPECT_GT(meters[0].cumulative().value, 0);
}

TEST_P(PowerSourceContract, StatesBelongToItsOwnDevices) {
  const auto source = machine->open();
  ASSERT_TRUE(source) << source.error().message;
  std::set<std::string> devices;
  for (const auto& c : (*source)->channels()) devices.insert(c.device.id);
  for (const auto& state : (*source)->states()) EXPECT_TRUE(devices.contains(state.device)) << state.device;
}

TEST_P(PowerSourceContract, AnUnknownOptionIsRefusedWithItsPlace) {
  const auto source = machine->open("colour: red\n");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::invalid);
  const auto options = machine->options();
  const auto line = std::to_string(1 + std::ranges::count(options, '\n'));
  EXPECT_THAT(source.error().message, ::testing::HasSubstr("test.yaml:" + line + ":1: unknown key `colour`"));
}

}  // namespace ipw::probes
