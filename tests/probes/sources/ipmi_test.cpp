#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <variant>

#include "probes/sources/ipmi_dcmi.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/power_tree.hpp"

namespace ipw::probes::sources {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PowerTree;
using Bytes = std::vector<std::uint8_t>;

// The data of a real answer: 312 W now, 52 to 430 W, 308 W on average, a stamp, 1000 ms, measuring.
const Bytes k312Watts{0x00, 0xdc, 0x38, 0x01, 0x34, 0x00, 0xae, 0x01, 0x34, 0x01,
                      0x5a, 0x2b, 0x9c, 0x65, 0xe8, 0x03, 0x00, 0x00, 0x40};

Bytes with(std::size_t at, std::uint8_t byte, Bytes bytes = k312Watts) {
  bytes[at] = byte;
  return bytes;
}

TEST(Dcmi, AsksForSystemPowerStatistics) {
  const auto command = dcmi_power_command(7);
  EXPECT_EQ(command.id, 7);
  EXPECT_EQ(command.network_function, 0x2c);
  EXPECT_EQ(command.command, 0x02);
  EXPECT_THAT(command.data, ElementsAre(0xdc, 0x01, 0x00, 0x00));
}

TEST(Dcmi, ReadsTheAnswer) {
  const auto power = parse_dcmi_power(k312Watts);
  ASSERT_TRUE(power) << power.error().message;
  EXPECT_EQ(*power, Watts{312});
  const auto more = parse_dcmi_power(with(3, 0x2e));
  ASSERT_TRUE(more);
  EXPECT_EQ(*more, Watts{0x2e38});
}

TEST(Dcmi, EveryOtherAnswerHasItsReason) {
  struct Case {
    const char* name;
    Bytes data;
    Errc code;
    const char* message;
  } const cases[] = {
      {"nothing", {}, Errc::invalid, "the BMC's answer is empty"},
      {"busy", {0xc0}, Errc::retry, "the BMC is busy (0xc0)"},
      {"timeout", {0xc3}, Errc::retry, "the BMC cannot answer now (0xc3)"},
      {"no such command", {0xc1}, Errc::unavailable, "it knows no DCMI power reading (0xc1)"},
      {"no sensor", {0xcb}, Errc::unavailable, "has no power sensor (0xcb)"},
      {"privilege", {0xd4}, Errc::unavailable, "does not allow it (0xd4)"},
      {"unspecified", {0xff}, Errc::unavailable, "refuses the command (0xff)"},
      {"a failure with data", with(0, 0xc1), Errc::unavailable, "no DCMI power reading"},
      {"cut", Bytes(k312Watts.begin(), k312Watts.end() - 1), Errc::invalid, "is no DCMI power reading (18 bytes)"},
      {"another group", with(1, 0xde), Errc::invalid, "is no DCMI power reading"},
      {"not measuring", with(18, 0x00), Errc::unavailable, "the BMC is not measuring power now"},
      {"no power", with(2, 0x00, with(3, 0x00)), Errc::invalid, "0 W, which no running machine draws"},
      {"all ones", with(2, 0xff, with(3, 0xff)), Errc::invalid, "65535 W, which no running machine draws"},
  };
  for (const auto& c : cases) {
    const auto power = parse_dcmi_power(c.data);
    ASSERT_FALSE(power) << c.name;
    EXPECT_EQ(power.error().code, c.code) << c.name;
    EXPECT_THAT(power.error().message, HasSubstr(c.message)) << c.name;
  }
}

// What a BMC does with one command, or while it is waited for.
struct Says {
  Bytes data;
  long id_off{0};  // from the command's own
  std::uint8_t network_function{0x2d}, command{0x02};
};
struct Silence {};  // for as long as one waits
struct Gone {};
using Script = std::deque<std::variant<Says, Silence, Gone>>;

class ScriptedDevice final : public IpmiDevice {
 public:
  ScriptedDevice(Script& script, testing::FakeClock& clock) : script_(script), clock_(clock) {}

  Result<void> send(const IpmiMessage& command) override {
    id_ = command.id;
    return {};
  }
  Result<std::optional<IpmiMessage>> receive(Seconds patience) override {
    if (script_.empty()) script_.emplace_back(Silence{});
    const auto next = script_.front();
    script_.pop_front();
    if (const auto* says = std::get_if<Says>(&next)) {
      clock_.advance(std::chrono::milliseconds(100));
      return std::optional(IpmiMessage{id_ + says->id_off, says->network_function, says->command, says->data});
    }
    if (std::holds_alternative<Gone>(next)) return Error{Errc::unavailable, "/dev/ipmi0: No such device"};
    clock_.advance(to_chrono(patience));
    return std::optional<IpmiMessage>();
  }

 private:
  Script& script_;
  testing::FakeClock& clock_;
  long id_{0};
};

struct Bmc {
  Script script;
  testing::FakeClock clock;
  int opened{0};
  DcmiMeter meter{[this]() -> Result<std::unique_ptr<IpmiDevice>> {
                    if (++opened == 2) return Error{Errc::unavailable, "/dev/ipmi0 does not exist"};
                    return std::make_unique<ScriptedDevice>(script, clock);
                  },
                  clock};
};

TEST(DcmiMeter, TakesOnlyItsOwnAnswer) {
  struct Case {
    const char* name;
    Script script;
    bool answered;
  } const cases[] = {
      {"at once", {Says{k312Watts}}, true},
      {"after one that comes late", {Says{with(2, 0), -1}, Says{k312Watts}}, true},
      {"after an event", {Says{{0x01}, -99}, Says{k312Watts}}, true},
      {"after another function's", {Says{with(2, 0), 0, 0x07}, Says{k312Watts}}, true},
      {"after another command's", {Says{with(2, 0), 0, 0x2d, 0x03}, Says{k312Watts}}, true},
      {"never", {Silence{}}, false},
      {"too late", {Silence{}, Says{k312Watts, -1}}, false},
      {"only strangers", Script(100, Says{k312Watts, -1}), false},
  };
  for (const auto& c : cases) {
    Bmc bmc;
    bmc.script = c.script;
    const auto began = bmc.clock.now();
    const auto power = bmc.meter.read();
    EXPECT_LE(between(began, bmc.clock.now()).value, 2.0001) << c.name;
    EXPECT_EQ(static_cast<bool>(power), c.answered) << c.name;
    if (c.answered) {
      EXPECT_EQ(*power, Watts{312}) << c.name;
    } else {
      EXPECT_EQ(power.error().code, Errc::retry) << c.name;
      EXPECT_THAT(power.error().message, HasSubstr("did not answer within 2 s")) << c.name;
    }
    bmc.script = {Says{with(2, 0), -1}, Says{with(2, 0x39)}};
    const auto next = bmc.meter.read();
    ASSERT_TRUE(next) << c.name << ": " << next.error().message;
    EXPECT_EQ(*next, Watts{313}) << c.name;
  }
}

TEST(DcmiMeter, OpensALostDeviceAnew) {
  Bmc bmc;
  bmc.script = {Gone{}, Says{k312Watts}};
  for (const char* reason : {"No such device", "does not exist"}) {
    const auto power = bmc.meter.read();
    ASSERT_FALSE(power);
    EXPECT_EQ(power.error().code, Errc::unavailable);
    EXPECT_THAT(power.error().message, HasSubstr(reason));
  }
  EXPECT_TRUE(bmc.meter.read());
  EXPECT_EQ(bmc.opened, 3);
}

std::string hexadecimal(const Bytes& bytes) {
  std::string text;
  char two[4];
  for (const auto byte : bytes) {
    std::snprintf(two, sizeof two, "%02x ", byte);
    text += two;
  }
  return text;
}

class Ipmi : public ::testing::Test {
 protected:
  Result<std::unique_ptr<PowerSource>> open() {
    auto options = Options::none();
    return power_sources().find("ipmi")->open(options, {tree.root(), &clock});
  }
  void answer(const Bytes& bytes, const std::string& device = "ipmi0") {
    const auto file = tree.root() / "dev" / device;
    std::filesystem::create_directories(file.parent_path());
    tree.write(file, hexadecimal(bytes));
  }
  PowerTree tree{"two-packages"};
  testing::FakeClock clock;
};

TEST_F(Ipmi, IsThePlatformAsItsBmcSeesIt) {
  for (const char* device : {"ipmidev/0", "ipmi/0", "ipmi0"}) {
    answer(k312Watts, device);
    const auto source = open();
    ASSERT_TRUE(source) << device << ": " << source.error().message;
    ASSERT_EQ((*source)->channels().size(), 1U);
    const auto& channel = (*source)->channels()[0];
    EXPECT_EQ(channel.name, "host");
    EXPECT_EQ(channel.domain, Domain::platform);
    EXPECT_EQ(channel.device.id, "host");
    EXPECT_EQ(channel.read_every, Seconds{1});
    const auto reading = (*source)->read().front();
    ASSERT_TRUE(reading);
    EXPECT_EQ(std::get<Watts>(reading->value), Watts{312});
    std::filesystem::remove(tree.root() / "dev" / device);
    EXPECT_FALSE((*source)->read().front());
    answer(k312Watts, device);
    EXPECT_TRUE((*source)->read().front()) << device << " is back";
  }
}

TEST_F(Ipmi, WhatIsMissingIsExplained) {
  const auto none = open();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unavailable);
  EXPECT_THAT(none.error().message, HasSubstr("dev/ipmi0 does not exist: this machine has no BMC, or its driver"));
  answer({0xc1});
  const auto no_dcmi = open();
  ASSERT_FALSE(no_dcmi);
  EXPECT_EQ(no_dcmi.error().code, Errc::unavailable);
  EXPECT_THAT(no_dcmi.error().message, HasSubstr("it knows no DCMI power reading"));
  answer(with(2, 0, with(3, 0)));
  const auto nothing = open();
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::unavailable) << "a broken BMC does not stop the program";
  tree.write(tree.root() / "dev" / "ipmi0", "garbage");
  const auto garbage = open();
  ASSERT_FALSE(garbage);
  EXPECT_THAT(garbage.error().message, HasSubstr("it is no IPMI device"));
}

TEST_F(Ipmi, AnotherKindOfFileIsNoDevice) {
  std::filesystem::create_directories(tree.root() / "dev");
  std::filesystem::create_symlink("/dev/null", tree.root() / "dev" / "ipmi0");
  const auto null = open();
  ASSERT_FALSE(null);
  EXPECT_EQ(null.error().code, Errc::unavailable);
  EXPECT_THAT(null.error().message, HasSubstr("dev/ipmi0: it is no IPMI device"));
}

class Machine final : public testing::PowerMachine {
 public:
  Machine() {
    std::filesystem::create_directories(tree_.root() / "dev");
    advance(0);
  }
  std::string source() const override { return "ipmi"; }
  std::filesystem::path root() const override { return tree_.root(); }
  void advance(int step) override {
    tree_.write(tree_.root() / "dev" / "ipmi0", hexadecimal(with(2, static_cast<std::uint8_t>(0x38 + step))));
  }

 private:
  PowerTree tree_{"two-packages"};
};

}  // namespace
}  // namespace ipw::probes::sources

namespace ipw::probes {

INSTANTIATE_TEST_SUITE_P(Ipmi, PowerSourceContract, ::testing::Values(testing::make_machine<sources::Machine>));

}  // namespace ipw::probes
