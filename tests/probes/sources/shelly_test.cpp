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
using Scheme = MeterServer::Scheme;

// What the devices answer to GET /shelly.
constexpr const char* kPlugS = R"({"type":"SHPLG-S","mac":"BCDDC2A1B2C3","auth":false,"fw":"20230913-113421/v1.14.0",
"discoverable":true,"num_outputs":1,"num_meters":1})";
constexpr const char* kPlus = R"({"name":null,"id":"shellyplusplugs-fcb467a1b2c3","mac":"FCB467A1B2C3","slot":0,
"model":"SNPL-00112EU","gen":2,"fw_id":"20231107-164738/1.0.8-g","ver":"1.0.8","app":"PlusPlugS","auth_en":false,
"auth_domain":null})";

// And to GET /status (the first generation), GET /rpc/Shelly.GetStatus (later ones).
std::string plug_s(const std::string& meter) {
  return R"({"wifi_sta":{"connected":true,"ssid":"lab","ip":"192.168.1.60","rssi":-61},"time":"13:41","serial":1,
"relays":[{"ison":true,"has_timer":false,"overpower":false,"source":"http"}],"meters":[)" +
         meter + R"(],"temperature":24.6,"uptime":94121})";
}
constexpr const char* kMeter = R"({"power":301.25,"overpower":0.00,"is_valid":true,"timestamp":1700000000,
"counters":[300.942, 298.110, 299.870],"total":8205})";
constexpr const char* k3Em = R"({"relays":[{"ison":false}],"meters":[{"power":0,"is_valid":true}],"emeters":[
{"power":1200.50,"pf":0.99,"current":5.22,"voltage":231.1,"is_valid":true,"total":1000.5,"total_returned":0.0},
{"power":30.00,"pf":0.40,"current":0.30,"voltage":230.0,"is_valid":true,"total":20.0,"total_returned":0.0},
{"power":0.00,"pf":0.00,"current":0.00,"voltage":229.8,"is_valid":true,"total":0.0,"total_returned":0.0}],
"total_power":1230.50,"fs_mounted":true})";

std::string plus(const std::string& component) {
  return R"({"ble":{},"cloud":{"connected":false},"mqtt":{"connected":false},)" + component +
         R"(,"sys":{"mac":"FCB467A1B2C3","restart_required":false,"unixtime":1700000000,"uptime":1234},
"wifi":{"sta_ip":"192.168.1.61","status":"got ip","ssid":"lab","rssi":-55},"ws":{"connected":false}})";
}
std::string switch_of(const std::string& id, const std::string& power, const std::string& total) {
  return R"("switch:)" + id + R"(":{"id":)" + id + R"(,"source":"init","output":true,"apower":)" + power +
         R"(,"voltage":230.4,"current":1.312,"aenergy":{"total":)" + total +
         R"(,"by_minute":[5012.1,5009.9,5011.3],"minute_ts":1700000000},"temperature":{"tC":38.1,"tF":100.6}})";
}
constexpr const char* kProEm = R"("em1:0":{"id":0,"current":0.020,"voltage":224.6,"act_power":0.0,"aprt_power":4.6,
"pf":0.00,"freq":50.0,"calibration":"factory"},"em1:1":{"id":1,"current":22.780,"voltage":224.6,"act_power":5080.3,
"aprt_power":5142.4,"pf":0.99,"freq":50.0,"calibration":"factory"},"em1data:0":{"id":0,"total_act_energy":0.00,
"total_act_ret_energy":0.00},"em1data:1":{"id":1,"total_act_energy":6644.90,"total_act_ret_energy":2595.26},
"switch:0":{"id":0,"source":"HTTP_in","output":true,"temperature":{"tC":29.4,"tF":85.0}})";
constexpr const char* kPro3Em = R"("em:0":{"id":0,"a_current":4.029,"a_voltage":236.1,"a_act_power":951.2,
"b_act_power":951.1,"c_act_power":951.2,"n_current":null,"total_current":12.083,"total_act_power":2853.500,
"total_aprt_power":2857.1,"user_calibrated_phase":[]},"emdata:0":{"id":0,"a_total_act_energy":12.0,
"total_act":5214.57,"total_act_ret":0.00})";

class Plug {
 public:
  explicit Plug(const std::string& shelly = kPlus, const std::string& status = plus(switch_of("0", "301.5", "12.345")),
                const std::optional<testing::Certificate>& tls = std::nullopt)
      : server(tls), first_(shelly.find("\"gen\"") == std::string::npos) {
    server.page("/shelly", {shelly});
    shows(status);
  }
  void shows(const std::string& status) { server.page(first_ ? "/status" : "/rpc/Shelly.GetStatus", {status}); }
  Result<std::unique_ptr<PowerSource>> open(const std::string& more = "") {
    auto options = testing::options_from("url: " + server.url() + "\n" + more);
    return power_sources().find("shelly")->open(options, {testing::testdata() / "sysfs" / "two-packages", &clock});
  }
  MeterServer server;
  testing::FakeClock clock;

 private:
  bool first_;
};

// "12.3 J 4.5 W", or the error.
std::string shown(const Result<std::unique_ptr<PowerSource>>& source) {
  if (!source) return source.error().message;
  const auto reading = (*source)->read().front();
  if (!reading) return reading.error().message;
  char text[64];
  if (const auto* watts = std::get_if<Watts>(&reading->value))
    std::snprintf(text, sizeof text, "%g W", watts->value);
  else if (!reading->power)
    std::snprintf(text, sizeof text, "%.8g J", std::get<Joules>(reading->value).value);
  else
    std::snprintf(text, sizeof text, "%.8g J %g W", std::get<Joules>(reading->value).value,
                  reading->power->value.value);
  return text;
}

TEST(Shelly, EachGenerationIsReadInItsOwnUnits) {
  struct Case {
    const char* name;
    std::string shelly, status, options, shown;
  } const cases[] = {
      {"Plug S: watt-minutes", kPlugS, plug_s(kMeter), "", "492300 J 301.25 W"},
      {"3EM, one clamp: watt-hours", kPlugS, k3Em, "channel: 1\n", "72000 J 30 W"},
      {"3EM, all clamps", kPlugS, k3Em, "channel: all\n", "3673800 J 1230.5 W"},
      {"Plus Plug S", kPlus, plus(switch_of("0", "301.5", "12.345")), "", "44442 J 301.5 W"},
      {"Plus Plug S, named", kPlus, plus(switch_of("0", "301.5", "12.345")), "channel: 0\n", "44442 J 301.5 W"},
      {"Plus 2PM", kPlus, plus(switch_of("0", "1", "1") + "," + switch_of("1", "22.5", "0.001")), "channel: 1\n",
       "3.6 J 22.5 W"},
      {"PM Mini", kPlus, plus(R"("pm1:0":{"id":0,"voltage":230.1,"apower":60.0,"aenergy":{"total":1.5}})"), "",
       "5400 J 60 W"},
      {"Pro EM", kPlus, plus(kProEm), "channel: 1\n", "23921640 J 5080.3 W"},
      {"Pro 3EM", kPlus, plus(kPro3Em), "", "18772452 J 2853.5 W"},
      {"without a counter", kPlus, plus(R"("switch:0":{"id":0,"apower":60.0})"), "", "60 W"},
  };
  for (const auto& c : cases) {
    Plug plug(c.shelly, c.status);
    EXPECT_EQ(shown(plug.open(c.options)), c.shown) << c.name;
  }
}

TEST(Shelly, IsAWallMeterOfThisMachine) {
  Plug plug;
  const auto source = plug.open();
  ASSERT_TRUE(source) << source.error().message;
  ASSERT_EQ((*source)->channels().size(), 1U);
  const auto& channel = (*source)->channels()[0];
  EXPECT_EQ(channel.domain, Domain::wall);
  EXPECT_EQ(channel.device.id, "host");
  EXPECT_THAT(channel.device.name, HasSubstr("Xeon"));
  EXPECT_EQ(channel.read_every, Seconds{1});
  EXPECT_EQ(channel.max_power, Watts{12e3});
  const auto other = plug.open("device: gpu-box\n");
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->channels()[0].device.id, "gpu-box");
}

TEST(Shelly, AsksWhichChannelIsMeant) {
  const auto two = plus(switch_of("10", "1", "1") + "," + switch_of("2", "22.5", "0.001"));
  struct Case {
    const char* name;
    std::string status, options;
    Errc code;
    const char* message;
  } const cases[] = {
      {"several", two, "", Errc::invalid,
       "measures several channels: set `channel` (it has 0 (switch:2), 1 (switch:10), or `all`)"},
      {"none such", two, "channel: 2\n", Errc::invalid, "test.yaml:2:10: http://127.0.0.1"},
      {"none at all", plus(R"("switch:0":{"id":0,"output":true})"), "", Errc::unavailable, "does not measure power"},
      {"no number", two, "channel: -1\n", Errc::invalid, "expected a channel's number, from 0, or `all`, got `-1`"},
      {"no device", two, "device: ''\n", Errc::invalid, "`device` must not be empty"},
  };
  for (const auto& c : cases) {
    Plug plug(kPlus, c.status);
    const auto source = plug.open(c.options);
    ASSERT_FALSE(source) << c.name;
    EXPECT_EQ(source.error().code, c.code) << c.name;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST(Shelly, LogsInAsItsGenerationAsks) {
  struct Case {
    const char* name;
    Scheme scheme;
    std::string shelly, status;
  } const cases[] = {
      {"first", Scheme::basic, kPlugS, plug_s(kMeter)},
      {"later", Scheme::digest_sha256, kPlus, plus(switch_of("0", "301.5", "12.345"))},
  };
  const testing::TemporaryFolder folder;
  for (const auto& c : cases) {
    Plug plug(c.shelly, c.status);
    plug.server.require(c.scheme, "admin", "s3cret", "/shelly");
    const auto right = folder.write("right", "s3cret"), wrong = folder.write("wrong", "wr0ng");
    const auto source = plug.open("password_file: " + right.string() + "\n");
    ASSERT_TRUE(source) << c.name << ": " << source.error().message;
    EXPECT_TRUE((*source)->read().front()) << c.name;
    const auto refused = plug.open("password_file: " + wrong.string() + "\n");
    ASSERT_FALSE(refused) << c.name;
    EXPECT_EQ(refused.error().code, Errc::unavailable) << c.name;
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("wrong user or password"), Not(HasSubstr("wr0ng")))) << c.name;
    const auto anonymous = plug.open();
    ASSERT_FALSE(anonymous) << c.name;
    EXPECT_THAT(anonymous.error().message, HasSubstr("it asks for a login")) << c.name;
  }
}

TEST(Shelly, OnlyOverTrustedTls) {
  const testing::TestAuthority authority;
  const testing::TemporaryFolder folder;
  Plug plug(kPlus, plus(switch_of("0", "301.5", "12.345")), authority.issue("plug", {"IP:127.0.0.1"}));
  const auto refused = plug.open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("its certificate is not trusted"));
  const auto ca_file = folder.write("ca.pem", authority.root().pem());
  EXPECT_EQ(shown(plug.open("ca_file: " + ca_file.string() + "\n")), "44442 J 301.5 W");
  EXPECT_EQ(shown(plug.open("verify_tls: false\n")), "44442 J 301.5 W");
}

TEST(Shelly, ALyingPlugIsNeverBelieved) {
  struct Case {
    const char* name;
    std::string status;
    Errc code;
    const char* message;
  } const cases[] = {
      {"negative", plus(switch_of("0", "-5", "12")), Errc::invalid, "`switch:0/apower` is -5: expected 0 to 12000"},
      {"huge", plus(switch_of("0", "1e9", "12")), Errc::invalid, "`switch:0/apower` is 1e+09"},
      {"not finite", plus(switch_of("0", "NaN", "12")), Errc::invalid, "its answer is not JSON"},
      {"beyond doubles", plus(switch_of("0", "1e999", "12")), Errc::invalid, "its answer is not JSON"},
      {"NaN in a text", plus(switch_of("0", "\"NaN\"", "12")), Errc::invalid, "`switch:0/apower` is not a number"},
      {"a list", plus(switch_of("0", "[1]", "12")), Errc::invalid, "`switch:0/apower` is not a number"},
      {"no value", plus(switch_of("0", "null", "null")), Errc::unavailable,
       "`switch:0/aenergy/total` has no value now"},
      {"negative counter", plus(switch_of("0", "1", "-1")), Errc::invalid, "`switch:0/aenergy/total` is -1"},
      {"huge counter", plus(switch_of("0", "1", "1e30")), Errc::invalid, "`switch:0/aenergy/total` is 1e+30"},
      {"gone", plus(R"("switch:0":{"id":0,"output":true})"), Errc::unavailable, "`switch:0/aenergy/total` is missing"},
      {"failed meter", plus(R"("switch:0":{"id":0,"apower":1,"aenergy":{"total":1},"errors":["power_meter_failure"]})"),
       Errc::unavailable, "`switch:0` says that its power meter has failed"},
      {"another type", plus(R"("switch:0":[1,2])"), Errc::unavailable, "is missing"},
      {"truncated", plus(switch_of("0", "301.5", "12")).substr(0, 150), Errc::invalid, "its answer is not JSON"},
      {"garbage", "\xff\xfe<html>", Errc::invalid, "its answer is not JSON"},
      {"empty", "", Errc::invalid, "its answer is not JSON"},
  };
  for (const auto& c : cases) {
    Plug plug;
    const auto source = plug.open();
    ASSERT_TRUE(source) << source.error().message;
    plug.shows(c.status);
    const auto reading = (*source)->read().front();
    ASSERT_FALSE(reading) << c.name;
    EXPECT_EQ(reading.error().code, c.code) << c.name;
    EXPECT_THAT(reading.error().message, HasSubstr(plug.server.url() + "/rpc/Shelly.GetStatus: ")) << c.name;
    EXPECT_THAT(reading.error().message, HasSubstr(c.message)) << c.name;
    plug.shows(plus(switch_of("0", "301.5", "12.345")));
    EXPECT_TRUE((*source)->read().front()) << c.name;
    plug.shows(c.status);
    const auto unopened = plug.open();
    ASSERT_FALSE(unopened) << c.name;
    EXPECT_EQ(unopened.error().code, Errc::unavailable) << c.name << ": a broken plug does not stop the program";
  }
}

TEST(Shelly, AnInvalidMeasurementIsNone) {
  Plug plug(kPlugS, plug_s(kMeter));
  const auto source = plug.open();
  ASSERT_TRUE(source) << source.error().message;
  plug.shows(plug_s(R"({"power":0.00,"is_valid":false,"total":0})"));
  const auto reading = (*source)->read().front();
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().code, Errc::unavailable);
  EXPECT_THAT(reading.error().message, HasSubstr("`meters 0` says that its measurement is not valid"));
}

TEST(Shelly, SomethingElseIsNoShelly) {
  for (const char* answer : {"{}", "[]", "{\"type\":5}", "{\"gen\":\"two\"}", "{\"gen\":1e9}", "<html></html>"}) {
    Plug plug(answer);
    const auto source = plug.open();
    ASSERT_FALSE(source) << answer;
    EXPECT_EQ(source.error().code, Errc::unavailable) << answer;
    EXPECT_THAT(source.error().message, HasSubstr("/shelly: ")) << answer;
  }
}

TEST(Shelly, HangsRedirectsGoesAndComesBack) {
  Plug plug;
  const auto source = plug.open("timeout: 300ms\n");
  ASSERT_TRUE(source) << source.error().message;
  plug.server.hang(true);
  const auto hanging = (*source)->read().front();
  ASSERT_FALSE(hanging);
  EXPECT_EQ(hanging.error().code, Errc::unavailable);
  EXPECT_THAT(hanging.error().message, HasSubstr("no whole answer within 0.3 s"));
  plug.server.hang(false);
  EXPECT_TRUE((*source)->read().front());

  plug.server.page("/rpc/Shelly.GetStatus", {"", 302, {{"Location", "http://elsewhere.example/"}}});
  EXPECT_THAT(shown(source), HasSubstr("it redirects elsewhere"));
  plug.shows(plus(switch_of("0", "301.5", "12.345")));

  plug.server.away();
  EXPECT_THAT(shown(source), HasSubstr("cannot connect: Connection refused"));
  plug.server.back();
  EXPECT_EQ(shown(source), "44442 J 301.5 W");
}

class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "shelly"; }
  std::string options() const override { return "url: " + plug_.server.url() + "\n"; }
  std::filesystem::path root() const override { return testing::testdata() / "sysfs" / "two-packages"; }
  void advance(int step) override {
    plug_.shows(plus(switch_of("0", "300", std::to_string(12.345 + 300 * 0.05 / 3600 * step))));
  }

 private:
  Plug plug_;
};
INSTANTIATE_TEST_SUITE_P(Shelly, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
