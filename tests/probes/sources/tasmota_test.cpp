#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/contract/power_source_contract.hpp"
#include "tests/support/meter_server.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::MeterServer;
using ::testing::Not;

constexpr const char* kUnknown = R"({"Command":"Unknown"})";

std::string status_10(const std::string& total, const std::string& power) {
  return R"({"StatusSNS":{"Time":"2024-01-11T21:57:38","ENERGY":{"TotalStartTime":"2020-10-21T22:15:00","Total":)" +
         total + R"(,"Yesterday":0.028,"Today":0.026,"Power":)" + power +
         R"(,"ApparentPower":5,"ReactivePower":0,"Factor":1.00,"Voltage":233,"Current":0.021}}})";
}
constexpr const char* kStatus8 = R"({"StatusPWR":{"Total":2.345,"Yesterday":0.1,"Today":0.2,"Power":57,"Factor":0.98,
"Voltage":231,"Current":0.25}})";

class Plug {
 public:
  explicit Plug(const std::string& status = status_10("3.705", "301"), const std::string& resolution = "3") {
    server.page("/cm?cmnd=EnergyRes", {R"({"EnergyRes":)" + resolution + "}"});
    shows(status);
  }
  void shows(const std::string& status) { server.page("/cm?cmnd=Status%2010", {status}); }
  Result<std::unique_ptr<PowerSource>> open(const std::string& more = "") {
    auto options = testing::options_from("url: " + server.url() + "\n" + more);
    return power_sources().find("tasmota")->open(options, {testing::testdata() / "sysfs" / "two-packages", &clock});
  }
  MeterServer server;
  testing::FakeClock clock;
};

// "12.3 J 4.5 W", or the error.
std::string shown(const Result<std::unique_ptr<PowerSource>>& source) {
  if (!source) return source.error().message;
  const auto reading = (*source)->read().front();
  if (!reading) return reading.error().message;
  char text[64];
  if (const auto* watts = std::get_if<Watts>(&reading->value))
    std::snprintf(text, sizeof text, "%g W", watts->value);
  else
    std::snprintf(text, sizeof text, "%.8g J %g W", std::get<Joules>(reading->value).value,
                  reading->power->value.value);
  return text;
}

TEST(Tasmota, TellsEnergyOnlyWhereItIsFineEnough) {
  struct Case {
    const char* name;
    std::string status, resolution, options, shown;
  } const cases[] = {
      {"steps of 3600 J", status_10("3.705", "301"), "3", "", "301 W"},
      {"steps of 36 J", status_10("3.70512", "301.25"), "5", "", "13338432 J 301.25 W"},
      {"three phases, one", status_10("3.705", "[11,22.5,33]"), "5", "channel: 1\n", "22.5 W"},
      {"three phases, all", status_10("3.705", "[11,22.5,33]"), "5", "channel: all\n", "66.5 W"},
      {"counted each", status_10("[0.00001,0.00002]", "[11,22]"), "5", "channel: all\n", "108 J 33 W"},
      {"counted each, coarsely", status_10("[0.001,0.002]", "[11,22]"), "3", "channel: 0\n", "11 W"},
      {"a list of one", status_10("[1.50000]", "[11]"), "5", "", "5400000 J 11 W"},
      {"numbers as texts", status_10("\"1.5\"", "\"12.5\""), "3", "", "12.5 W"},
  };
  for (const auto& c : cases) {
    Plug plug(c.status, c.resolution);
    EXPECT_EQ(shown(plug.open(c.options)), c.shown) << c.name;
  }
}

TEST(Tasmota, OldFirmwareIsUnderstood) {
  Plug plug;
  plug.server.page("/cm?cmnd=EnergyRes", {kUnknown});
  plug.server.page("/cm?cmnd=Status%2010", {R"({"StatusSNS":{"Time":"2017-08-03T12:00:00"}})"});
  plug.server.page("/cm?cmnd=Status%208", {kStatus8});
  EXPECT_EQ(shown(plug.open()), "57 W");
}

TEST(Tasmota, IsAWallMeterOfThisMachine) {
  Plug plug;
  const auto source = plug.open();
  ASSERT_TRUE(source) << source.error().message;
  ASSERT_EQ((*source)->channels().size(), 1U);
  const auto& channel = (*source)->channels()[0];
  EXPECT_EQ(channel.domain, Domain::wall);
  EXPECT_EQ(channel.device.id, "host");
  EXPECT_EQ(channel.read_every, Seconds{1});
  EXPECT_EQ(channel.max_power, Watts{12e3});
}

TEST(Tasmota, WhatCannotBeOpened) {
  struct Case {
    const char* name;
    std::string status, options;
    Errc code;
    const char* message;
  } const cases[] = {
      {"several", status_10("1", "[1,2]"), "", Errc::invalid,
       "set `channel` (it has 0 (Power 1), 1 (Power 2), or `all`)"},
      {"no meter", R"({"StatusSNS":{"Time":"2024-01-11T21:57:38"}})", "", Errc::unavailable, "does not measure power"},
      {"no Tasmota", "<html></html>", "", Errc::unavailable, "/cm: its answer is not JSON"},
      {"wrong type", status_10("1", "{}"), "", Errc::unavailable, "`StatusSNS/ENERGY/Power` is not a number"},
  };
  for (const auto& c : cases) {
    Plug plug(c.status);
    plug.server.page("/cm?cmnd=Status%208", {kUnknown});
    const auto source = plug.open(c.options);
    ASSERT_FALSE(source) << c.name;
    EXPECT_EQ(source.error().code, c.code) << c.name;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST(Tasmota, ItsPasswordStandsInTheQueryAndNowhereElse) {
  constexpr const char* kRefusal = R"({"WARNING":"Need user=<username>&password=<password>"})";
  for (const int refused_with : {200, 401}) {
    Plug plug;
    plug.server.answer([=](const MeterServer::Asked& asked) -> std::optional<MeterServer::Reply> {
      if (!asked.target.ends_with("&user=admin&password=p%26ss%20w%2Brd")) return {{kRefusal, refused_with}};
      if (asked.target.find("EnergyRes") != std::string::npos) return {{R"({"EnergyRes":2})"}};
      return {{status_10("3.705", "301")}};
    });
    const testing::TemporaryFolder folder;
    const auto right = folder.write("right", "p&ss w+rd\n"), wrong = folder.write("wrong", "wr0ng");
    const auto source = plug.open("timeout: 300ms\npassword_file: " + right.string() + "\n");
    EXPECT_EQ(shown(source), "301 W");
    const auto refused = plug.open("password_file: " + wrong.string() + "\n");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("/cm: wrong user or password"), Not(HasSubstr("wr0ng"))));
    const auto anonymous = plug.open();
    ASSERT_FALSE(anonymous);
    EXPECT_THAT(anonymous.error().message, HasSubstr("/cm: it asks for a login: set `user`"));

    plug.server.answer([](const MeterServer::Asked&) { return MeterServer::Reply{"", 302, {}}; });
    EXPECT_THAT(shown(source), AllOf(HasSubstr("/cm: it redirects elsewhere"), Not(HasSubstr("p%26ss"))));
    plug.server.hang(true);
    EXPECT_THAT(shown(source), AllOf(HasSubstr("/cm: no whole answer within 0.3 s"), Not(HasSubstr("p%26ss"))));
    plug.server.away();
    EXPECT_THAT(shown(source), AllOf(HasSubstr("cannot connect"), Not(HasSubstr("p%26ss"))));
    std::filesystem::remove(right);
    EXPECT_THAT(shown(source), HasSubstr("cannot read `" + right.string()));
  }
}

TEST(Tasmota, ALyingPlugIsNeverBelieved) {
  struct Case {
    const char* name;
    std::string status;
    Errc code;
    const char* message;
  } const cases[] = {
      {"negative", status_10("3.705", "-3"), Errc::invalid, "`StatusSNS/ENERGY/Power` is -3: expected 0 to 12000"},
      {"huge", status_10("3.705", "1e9"), Errc::invalid, "`StatusSNS/ENERGY/Power` is 1e+09"},
      {"not finite", status_10("3.705", "nan"), Errc::invalid, "its answer is not JSON"},
      {"NaN in a text", status_10("3.705", "\"nan\""), Errc::invalid, "`StatusSNS/ENERGY/Power` is not a number"},
      {"negative counter", status_10("-1", "3"), Errc::invalid, "`StatusSNS/ENERGY/Total` is -1"},
      {"a list by now", status_10("[1,2]", "3"), Errc::invalid, "`StatusSNS/ENERGY/Total` is not a number"},
      {"gone", R"({"StatusSNS":{}})", Errc::unavailable, "`StatusSNS/ENERGY/Total` is missing"},
      {"truncated", status_10("3.705", "301").substr(0, 80), Errc::invalid, "its answer is not JSON"},
      {"garbage", "\x01\x02\x03", Errc::invalid, "its answer is not JSON"},
  };
  for (const auto& c : cases) {
    Plug plug(status_10("3.70500", "301"), "5");
    const auto source = plug.open();
    ASSERT_TRUE(source) << source.error().message;
    plug.shows(c.status);
    const auto reading = (*source)->read().front();
    ASSERT_FALSE(reading) << c.name;
    EXPECT_EQ(reading.error().code, c.code) << c.name;
    EXPECT_THAT(reading.error().message, HasSubstr(plug.server.url() + "/cm: " + c.message)) << c.name;
    plug.shows(status_10("3.70500", "301"));
    EXPECT_TRUE((*source)->read().front()) << c.name;
  }
}

class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "tasmota"; }
  std::string options() const override { return "url: " + plug_.server.url() + "\n"; }
  std::filesystem::path root() const override { return testing::testdata() / "sysfs" / "two-packages"; }
  void advance(int step) override { plug_.shows(status_10("3.705", std::to_string(300 + step))); }

 private:
  Plug plug_;
};
INSTANTIATE_TEST_SUITE_P(Tasmota, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
