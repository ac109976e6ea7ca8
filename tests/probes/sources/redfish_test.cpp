#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>

#include "tests/contract/power_source_contract.hpp"
#include "tests/support/meter_server.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MeterServer;
using ::testing::Not;
using Scheme = MeterServer::Scheme;
using Pages = std::map<std::string, std::string>;

constexpr const char* kChassis = "/redfish/v1/Chassis";
constexpr const char* kSessions = "/redfish/v1/SessionService/Sessions";
constexpr const char* kPassword = "s3cret-pa55";

std::string link(const std::string& path) {
  return R"({"@odata.id":")" + path + R"("})";
}
std::string collection(const std::vector<std::string>& paths) {
  std::string members;
  for (const auto& path : paths) members += (members.empty() ? "" : ",") + link(path);
  return R"({"@odata.type":"#ChassisCollection.ChassisCollection","Name":"Collection","Members@odata.count":)" +
         std::to_string(paths.size()) + R"(,"Members":[)" + members + "]}";
}
// A chassis with its links: `"Power":{"@odata.id":...}`.
std::string chassis(const std::string& id, const std::string& type, const std::string& links) {
  return R"({"@odata.id":"/redfish/v1/Chassis/)" + id + R"(","@odata.type":"#Chassis.v1_21_0.Chassis","Id":")" + id +
         R"(","Name":"Computer System Chassis","ChassisType":")" + type +
         R"(","Manufacturer":"Dell Inc.","Model":"PowerEdge R760xa","PowerState":"On",)" + links + "}";
}
std::string environment(const std::string& watts, const std::string& more = "") {
  return R"({"@odata.type":"#EnvironmentMetrics.v1_3_0.EnvironmentMetrics","Id":"EnvironmentMetrics",
"TemperatureCelsius":{"DataSourceUri":"/redfish/v1/Chassis/1/Sensors/Temp","Reading":24},
"PowerWatts":{"DataSourceUri":"/redfish/v1/Chassis/1/Sensors/Power","Reading":)" +
         watts + "}" + more + "}";
}
std::string power_control(const std::string& entries) {
  return R"({"@odata.type":"#Power.v1_7_1.Power","Id":"Power","PowerControl":[)" + entries +
         R"(],"PowerSupplies":[{"MemberId":"PSU.Slot.1","LineInputVoltage":230}]})";
}
std::string control(const std::string& name, const std::string& context, const std::string& watts) {
  return R"({"MemberId":"0","Name":")" + name + R"(",)" +
         (context.empty() ? "" : R"("PhysicalContext":")" + context + R"(",)") + R"("PowerConsumedWatts":)" + watts +
         R"(,"PowerCapacityWatts":2400,"PowerMetrics":{"AverageConsumedWatts":300,"IntervalInMin":1}})";
}
std::string supply(const std::string& id, const std::string& state) {
  return R"({"Id":")" + id + R"(","Status":{"State":")" + state + R"("},"Metrics":)" +
         link("/redfish/v1/Chassis/1/PowerSubsystem/PowerSupplies/" + id + "/Metrics") + "}";
}

const std::string kOne = "/redfish/v1/Chassis/1", kEnvironment = kOne + "/EnvironmentMetrics", kPower = kOne + "/Power";

Pages one_chassis(const std::string& links, Pages more) {
  more.emplace(kChassis, collection({kOne}));
  more.emplace(kOne, chassis("1", "RackMount", links));
  return more;
}
Pages with_environment(const std::string& metrics) {
  return one_chassis("\"EnvironmentMetrics\":" + link(kEnvironment), {{kEnvironment, metrics}});
}
Pages with_power(const std::string& entries) {
  return one_chassis("\"Power\":" + link(kPower), {{kPower, power_control(entries)}});
}
Pages with_supplies() {
  const auto subsystem = kOne + "/PowerSubsystem", supplies = subsystem + "/PowerSupplies";
  return one_chassis(
      "\"PowerSubsystem\":" + link(subsystem),
      {{subsystem, "{\"PowerSupplies\":" + link(supplies) + "}"},
       {supplies, collection({supplies + "/0", supplies + "/1", supplies + "/2"})},
       {supplies + "/0", supply("0", "Enabled")},
       {supplies + "/1", supply("1", "Enabled")},
       {supplies + "/2", supply("2", "Absent")},
       {supplies + "/0/Metrics", R"({"InputPowerWatts":{"Reading":410.5},"OutputPowerWatts":{"Reading":380}})"},
       {supplies + "/1/Metrics", R"({"InputPowerWatts":{"Reading":400.25},"OutputPowerWatts":{"Reading":370}})"}});
}

// A BMC with these pages; `sessions` says how it takes a POST of a login.
class Bmc {
 public:
  explicit Bmc(const Pages& pages = with_environment(environment("812.5")),
               const std::optional<testing::Certificate>& tls = std::nullopt)
      : server(tls) {
    for (const auto& [path, body] : pages) server.page(path, {body});
  }
  // Takes a login for a session, with tokens t1, t2 and so on, of which the last is good.
  void give_sessions() {
    server.answer([this](const MeterServer::Asked& asked) -> std::optional<MeterServer::Reply> {
      const auto current = "t" + std::to_string(given.load());
      if (asked.method == "POST" && asked.target == kSessions) {
        if (asked.body != std::string(R"({"Password":")") + kPassword + R"(","UserName":"monitor"})")
          return {{"{}", 401}};
        ++given;
        const auto fresh = std::to_string(given.load());
        return {{"{}", 201, {{"X-Auth-Token", "t" + fresh}, {"Location", server.url() + kSessions + "/" + fresh}}}};
      }
      if (asked.header("X-Auth-Token") != current || given == 0 || !asked.header("Authorization").empty())
        return {{"{}", 401, {{"WWW-Authenticate", "Basic realm=\"Redfish\""}}}};
      if (asked.method == "DELETE") return {{"", 204}};
      return std::nullopt;
    });
  }
  std::string login(const std::string& password = kPassword) {
    return "user: monitor\npassword_file: " + folder_.write("password", password + "\n").string() + "\n";
  }
  Result<std::unique_ptr<PowerSource>> open(const std::string& more = "") {
    auto options = testing::options_from("url: " + server.url() + "\n" + more);
    return power_sources().find("redfish")->open(options, {testing::testdata() / "sysfs" / "two-packages", &clock});
  }
  MeterServer server;
  testing::FakeClock clock;
  std::atomic<int> given{0};

 private:
  testing::TemporaryFolder folder_;
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

TEST(Redfish, ReadsWhatTheBmcMeasures) {
  const auto both = one_chassis("\"EnvironmentMetrics\":" + link(kEnvironment) + ",\"Power\":" + link(kPower),
                                {{kEnvironment, R"({"TemperatureCelsius":{"Reading":24}})"},
                                 {kPower, power_control(control("System Power Control", "", "301"))}});
  const auto whole = control("Server Power Control", "Chassis", "450");
  const auto cpu = control("CPU Sub-system Power", "CPU", "180"), memory = control("Memory Power", "Memory", "40");
  struct Case {
    const char* name;
    Pages pages;
    const char* shown;
  } const cases[] = {
      {"environment metrics", with_environment(environment("812.5")), "812.5 W"},
      {"kilowatt-hours are too coarse", with_environment(environment("812.5", R"(,"EnergykWh":{"Reading":17.2})")),
       "812.5 W"},
      {"joules", with_environment(environment("812.5", R"(,"EnergyJoules":{"Reading":123456.5})")),
       "123456.5 J 812.5 W"},
      {"what the supplies take in", with_supplies(), "810.75 W"},
      {"the older resource", with_power(control("System Power Control", "", "301")), "301 W"},
      {"the older beside the newer without power", both, "301 W"},
      {"the whole before its parts", with_power(whole + "," + cpu + "," + memory), "450 W"},
      {"the whole after its parts", with_power(cpu + "," + whole), "450 W"},
      {"parts alone, one of them twice", with_power(cpu + "," + memory + "," + cpu), "220 W"},
      {"the same twice", with_power(whole + "," + control("Again", "Chassis", "451")), "450 W"},
      {"a number as a text", with_power(control("System Power Control", "", "\"301\"")), "301 W"},
  };
  for (const auto& c : cases) {
    Bmc bmc(c.pages);
    EXPECT_EQ(shown(bmc.open()), c.shown) << c.name;
  }
}

TEST(Redfish, IsThePlatformAsItsBmcSeesIt) {
  Bmc bmc;
  const auto source = bmc.open();
  ASSERT_TRUE(source) << source.error().message;
  ASSERT_EQ((*source)->channels().size(), 1U);
  const auto& channel = (*source)->channels()[0];
  EXPECT_EQ(channel.name, "host");
  EXPECT_EQ(channel.domain, Domain::platform);
  EXPECT_EQ(channel.device.id, "host");
  EXPECT_THAT(channel.device.name, HasSubstr("PowerEdge R760xa"));
  EXPECT_EQ(channel.read_every, Seconds{5});
  const auto other = bmc.open("device: gpu-box\n");
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->channels()[0].device.id, "gpu-box");
}

TEST(Redfish, PicksTheChassisThatIsTheMachine) {
  const auto pages = [](const std::vector<std::pair<std::string, std::string>>& all) {
    Pages made;
    std::vector<std::string> paths;
    for (const auto& [id, type] : all) {
      const auto path = std::string(kChassis) + "/" + id, metrics = path + "/EnvironmentMetrics";
      paths.push_back(path);
      made[path] = chassis(id, type, "\"EnvironmentMetrics\":" + link(metrics));
      made[metrics] = environment(std::to_string(100 * paths.size()));
    }
    made[kChassis] = collection(paths);
    return made;
  };
  const auto hgx = pages({{"HGX_GPU_1", "Component"}, {"Host", "RackMount"}, {"HGX_GPU_2", "Module"}});
  const auto twins = pages({{"Node1", "Blade"}, {"Node2", "Blade"}});
  struct Case {
    const char* name;
    const Pages& pages;
    std::string options, shown;
  } const cases[] = {
      {"no part of another", hgx, "", "200 W"},
      {"a part that is asked for", hgx, "chassis: HGX_GPU_2\n", "300 W"},
      {"one of two", twins, "chassis: Node2\n", "200 W"},
      {"two", twins, "",
       "test.yaml:1:1: several chassis show their power: set `chassis` to one of Node1 (Blade), Node2 (Blade)"},
      {"no such", twins, "chassis: Node3\n",
       "test.yaml:2:10: no chassis `Node3` shows its power: Node1 (Blade), Node2 (Blade)"},
  };
  for (const auto& c : cases) {
    Bmc bmc(c.pages);
    const auto source = bmc.open(c.options);
    EXPECT_EQ(shown(source), c.shown) << c.name;
    if (!source) {
      EXPECT_EQ(source.error().code, Errc::invalid) << c.name << ": only the user can mend it";
    }
  }
}

TEST(Redfish, OneSessionServesAllAndIsEnded) {
  Bmc bmc;
  bmc.give_sessions();
  {
    const auto source = bmc.open(bmc.login());
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_EQ(shown(source), "812.5 W");
    EXPECT_EQ(bmc.given, 1);
    bmc.given = 7;  // as if the session had run out
    EXPECT_EQ(shown(source), "812.5 W");
    EXPECT_EQ(bmc.given, 8);
    EXPECT_THAT(bmc.server.asked(), Not(Contains(HasSubstr("DELETE"))));
  }
  EXPECT_EQ(bmc.server.asked().back(), std::string("DELETE ") + kSessions + "/8");
}

TEST(Redfish, WithoutSessionsEveryRequestCarriesTheLogin) {
  Bmc bmc;
  bmc.server.require(Scheme::basic, "monitor", kPassword, kSessions);
  const auto source = bmc.open(bmc.login());
  EXPECT_EQ(shown(source), "812.5 W");
  const auto refused = bmc.open(bmc.login("wr0ng"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("wrong user or password"), Not(HasSubstr("wr0ng"))));
}

TEST(Redfish, ALoginThatFailsIsExplained) {
  struct Case {
    const char* name;
    int status;
    const char* message;
  } const cases[] = {
      {"unauthorized", 401, "/Sessions: wrong user or password (HTTP 401)"},
      {"bad request", 400, "wrong user or password, or too many sessions (HTTP 400)"},
      {"forbidden", 403, "wrong user or password, or too many sessions (HTTP 403)"},
      {"overloaded", 503, "it cannot answer now (HTTP 503)"},
      {"elsewhere", 307, "it redirects elsewhere"},
  };
  for (const auto& c : cases) {
    Bmc bmc;
    bmc.server.answer([&](const MeterServer::Asked& asked) -> std::optional<MeterServer::Reply> {
      if (asked.method == "POST") return {{asked.body, c.status}};
      return {{"{}", 401}};
    });
    const auto source = bmc.open(bmc.login());
    ASSERT_FALSE(source) << c.name;
    EXPECT_EQ(source.error().code, Errc::unavailable) << c.name;
    EXPECT_THAT(source.error().message, AllOf(HasSubstr(c.message), Not(HasSubstr(kPassword)))) << c.name;
    EXPECT_THAT(bmc.server.asked(), ElementsAre(std::string("POST ") + kSessions)) << c.name << ": tried once";
  }
}

TEST(Redfish, OnlyOverTrustedTls) {
  const testing::TestAuthority authority;
  const testing::TemporaryFolder folder;
  Bmc bmc(with_environment(environment("812.5")), authority.issue("bmc", {"IP:127.0.0.1"}));
  bmc.give_sessions();
  const auto refused = bmc.open(bmc.login());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("its certificate is not trusted"));
  EXPECT_THAT(bmc.server.asked(), ElementsAre()) << "the password goes to nobody whom we do not know";
  const auto ca_file = folder.write("ca.pem", authority.root().pem());
  EXPECT_EQ(shown(bmc.open(bmc.login() + "ca_file: " + ca_file.string() + "\n")), "812.5 W");
  EXPECT_EQ(shown(bmc.open(bmc.login() + "verify_tls: false\n")), "812.5 W");
}

TEST(Redfish, WhatIsNoMachineIsExplained) {
  struct Case {
    const char* name;
    Pages pages;
    const char* message;
  } const cases[] = {
      {"no Redfish", {}, "/redfish/v1/Chassis: there is no such page (HTTP 404)"},
      {"garbage", {{kChassis, "\xff<html>"}}, "/redfish/v1/Chassis: its answer is not JSON"},
      {"truncated", {{kChassis, collection({kOne}).substr(0, 90)}}, "its answer is not JSON"},
      {"no chassis", {{kChassis, collection({})}}, "none of its chassis shows its power"},
      {"members of no kind", {{kChassis, R"({"Members":"all"})"}}, "none of its chassis shows its power"},
      {"links of no kind",
       {{kChassis, R"({"Members":[5,{"@odata.id":7},{"@odata.id":"/etc"},{"@odata.id":"/redfish/ x"}]})"}},
       "none of its chassis shows its power"},
      {"a link to nowhere", {{kChassis, collection({kOne})}}, "shows its power (http://127.0.0.1"},
      {"no power", one_chassis("\"Links\":{}", {}), "none of its chassis shows its power"},
      {"a supply that is not told",
       [] {
         auto pages = with_supplies();
         pages.erase(kOne + "/PowerSubsystem/PowerSupplies/1/Metrics");
         return pages;
       }(),
       "shows its power (http://127.0.0.1"},
      {"huge", with_environment(environment("1e9")), "`PowerWatts/Reading` is 1e+09: expected 0 to 100000"},
  };
  for (const auto& c : cases) {
    Bmc bmc(c.pages);
    const auto source = bmc.open();
    ASSERT_FALSE(source) << c.name;
    EXPECT_EQ(source.error().code, Errc::unavailable) << c.name;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST(Redfish, ALinkToAnotherHostIsFollowedHere) {
  MeterServer elsewhere;
  auto pages = with_environment(environment("812.5"));
  pages[kChassis] = collection({elsewhere.url() + kOne});
  Bmc bmc(pages);
  bmc.give_sessions();
  EXPECT_EQ(shown(bmc.open(bmc.login())), "812.5 W");
  EXPECT_THAT(elsewhere.asked(), ElementsAre());
}

TEST(Redfish, ALyingBmcIsNeverBelieved) {
  const auto joules = [](const std::string& reading) { return R"(,"EnergyJoules":{"Reading":)" + reading + "}"; };
  struct Case {
    const char* name;
    std::string page;
    Errc code;
    const char* message;
  } const cases[] = {
      {"negative", environment("-1", joules("5")), Errc::invalid, "`PowerWatts/Reading` is -1: expected 0 to 100000"},
      {"huge", environment("1e9", joules("5")), Errc::invalid, "`PowerWatts/Reading` is 1e+09"},
      {"not finite", environment("NaN", joules("5")), Errc::invalid, "its answer is not JSON"},
      {"off", environment("null", joules("5")), Errc::unavailable, "`PowerWatts/Reading` has no value now"},
      {"a map", environment("{}", joules("5")), Errc::invalid, "`PowerWatts/Reading` is not a number"},
      {"negative joules", environment("1", joules("-5")), Errc::invalid, "`EnergyJoules/Reading` is -5"},
      {"joules gone", environment("1"), Errc::unavailable, "`EnergyJoules/Reading` is missing"},
      {"truncated", environment("812.5").substr(0, 100), Errc::invalid, "its answer is not JSON"},
  };
  for (const auto& c : cases) {
    const auto good = environment("812.5", joules("5"));
    Bmc bmc(with_environment(good));
    const auto source = bmc.open();
    ASSERT_TRUE(source) << source.error().message;
    bmc.server.page(kEnvironment, {c.page});
    const auto reading = (*source)->read().front();
    ASSERT_FALSE(reading) << c.name;
    EXPECT_EQ(reading.error().code, c.code) << c.name;
    EXPECT_THAT(reading.error().message, HasSubstr(bmc.server.url() + kEnvironment + ": " + c.message)) << c.name;
    bmc.server.page(kEnvironment, {good});
    EXPECT_EQ(shown(source), "5 J 812.5 W") << c.name;
  }
}

TEST(Redfish, HangsRedirectsGoesAndComesBack) {
  Bmc bmc;
  bmc.give_sessions();
  const auto source = bmc.open(bmc.login() + "timeout: 300ms\n");
  ASSERT_TRUE(source) << source.error().message;
  bmc.server.hang(true);
  EXPECT_THAT(shown(source), HasSubstr("no whole answer within 0.3 s"));
  const auto hanging = bmc.open(bmc.login() + "timeout: 300ms\n");
  ASSERT_FALSE(hanging);
  EXPECT_THAT(hanging.error().message, HasSubstr("no whole answer within 0.3 s"));
  bmc.server.hang(false);
  EXPECT_EQ(shown(source), "812.5 W");
  bmc.server.page(kEnvironment, {"", 302, {{"Location", "https://elsewhere.example/"}}});
  EXPECT_THAT(shown(source), HasSubstr("it redirects elsewhere"));
  bmc.server.page(kEnvironment, {environment("812.5")});
  bmc.server.away();
  EXPECT_THAT(shown(source), AllOf(HasSubstr("cannot connect"), Not(HasSubstr(kPassword))));
  bmc.given = 5;  // it has forgotten its sessions
  bmc.server.back();
  EXPECT_EQ(shown(source), "812.5 W");
}

class Machine final : public testing::PowerMachine {
 public:
  Machine() { bmc_.give_sessions(); }
  std::string source() const override { return "redfish"; }
  std::string options() const override { return "url: " + bmc_.server.url() + "\n" + login_; }
  std::filesystem::path root() const override { return testing::testdata() / "sysfs" / "two-packages"; }
  void advance(int step) override { bmc_.server.page(kEnvironment, {environment(std::to_string(800 + step))}); }

 private:
  Bmc bmc_;
  std::string login_{bmc_.login()};
};
INSTANTIATE_TEST_SUITE_P(Redfish, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
