#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "probes/power_source.hpp"
#include "tests/contract/power_source_contract.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/load_server.hpp"
#include "tests/support/options_from.hpp"

namespace ipw::probes {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::LoadServer;
using testing::options_from;

Result<std::unique_ptr<PowerSource>> open_simulated(const std::string& yaml, const Clock& clock) {
  auto options = options_from(yaml);
  return power_sources().find("simulated")->open(options, {"/", &clock});
}

double joules(PowerSource& source) {
  const auto readings = source.read();
  EXPECT_TRUE(readings.at(0)) << readings.at(0).error().message;
  return readings.at(0) ? std::get<Joules>(readings.at(0)->value).value : -1;
}

TEST(Simulated, ConstantPowerIsAnExactCounter) {
  testing::FakeClock clock;
  const auto source = open_simulated("watts: 300\n", clock);
  ASSERT_TRUE(source) << source.error().message;
  const double first = joules(**source);
  for (int i = 0; i < 1000; ++i) {
    clock.advance(1234567ns);
    ASSERT_NEAR(joules(**source) - first, 300 * (i + 1) * 1.234567e-3, 1e-9);
  }
}

TEST(Simulated, StepsRepeat) {
  testing::FakeClock clock;
  const auto source =
      open_simulated("steps: [{for: 2s, watts: 100}, {for: 1s, watts: 0}, {for: 500ms, watts: 40}]\n", clock);
  ASSERT_TRUE(source) << source.error().message;
  const std::pair<std::chrono::milliseconds, double> expected[] = {
      {1000ms, 100}, {2000ms, 200}, {2900ms, 200}, {3250ms, 210}, {3500ms, 220}, {4500ms, 320}, {35000ms, 2200}};
  std::chrono::milliseconds at{0};
  for (const auto& [when, total] : expected) {
    clock.advance(when - at);
    at = when;
    EXPECT_NEAR(joules(**source), total, 1e-9) << when.count();
  }
}

TEST(Simulated, FollowsTheLoadOfAServer) {
  testing::FakeClock clock;
  LoadServer server;
  const auto source = open_simulated("idle_watts: 80\nwatts_per_query: 60\nload_url: '" + server.url() + "'\n", clock);
  ASSERT_TRUE(source) << source.error().message;
  const double first = joules(**source);
  clock.advance(10s);
  server.answer("running 3\nquery_seconds 12.5\n");
  EXPECT_NEAR(joules(**source) - first, 80 * 10 + 60 * 12.5, 1e-9);

  clock.advance(1s);
  server.answer("running 0\nquery_seconds 1.5\n");
  EXPECT_NEAR(joules(**source), 60 * 1.5, 1e-9)
      << "a server that began anew makes the counter fall: a reset to the meter";
}

TEST(Simulated, WhatAServerMayAnswerInstead) {
  testing::FakeClock clock;
  std::optional<LoadServer> server(std::in_place);
  const auto source = open_simulated("load_url: '" + server->url() + "'\n", clock);
  ASSERT_TRUE(source) << source.error().message;
  struct Case {
    const char* name;
    int status;
    std::string text;
    const char* message;
  } const cases[] = {
      {"an error", 500, "", "/load: answered with status 500"},
      {"something else", 200, "<html>query_seconds\n", "the answer has no line `query_seconds NUMBER`"},
      {"no number", 200, "query_seconds many\n", "has no line"},
      {"negative", 200, "query_seconds -1\n", "has no line"},
      {"endless", 200, std::string(1 << 20, 'x'), "no answer"},
  };
  for (const auto& c : cases) {
    server->answer(c.text, c.status);
    const auto readings = (*source)->read();
    ASSERT_FALSE(readings[0]) << c.name;
    EXPECT_THAT(readings[0].error().message, HasSubstr(c.message)) << c.name;
  }
  server->answer("query_seconds 3\n");
  EXPECT_TRUE((*source)->read()[0]) << "and it recovers";
  server.reset();
  const auto readings = (*source)->read();
  ASSERT_FALSE(readings[0]);
  EXPECT_THAT(readings[0].error().message, HasSubstr("no answer"));
}

TEST(Simulated, SaysWhatItStandsFor) {
  testing::FakeClock clock;
  const auto plain = open_simulated("watts: 1\n", clock);
  ASSERT_TRUE(plain);
  const auto& channel = (*plain)->channels()[0];
  EXPECT_EQ(channel.name, "sim0");
  EXPECT_EQ(channel.device.name, "simulated accelerator");
  EXPECT_EQ(channel.domain, Domain::gpu);
  EXPECT_EQ(channel.quality, Quality::simulated);

  const auto named = open_simulated("watts: 1\nname: plug\ndevice: A plug\ndomain: wall\n", clock);
  ASSERT_TRUE(named);
  EXPECT_EQ((*named)->channels()[0].device.id, "host");
  EXPECT_EQ((*named)->channels()[0].domain, Domain::wall);
}

TEST(Simulated, WrongOptions) {
  testing::FakeClock clock;
  struct Case {
    const char* yaml;
    Errc code;
    const char* message;
  } const cases[] = {
      {"name: a\n", Errc::invalid, "give exactly one of `watts`, `steps` and `load_url`"},
      {"watts: 1\nload_url: http://x/load\n", Errc::invalid, "give exactly one of"},
      {"watts: -1\n", Errc::invalid, "test.yaml:1:8: `-1` is out of range"},
      {"watts: many\n", Errc::invalid, "test.yaml:1:8: expected a number"},
      {"watts: 1\nwatt: 2\n", Errc::invalid, "test.yaml:2:1: unknown key `watt`, did you mean `watts`?"},
      {"steps: [{for: 1s}]\n", Errc::invalid, "a step is {for: DURATION, watts: NUMBER}"},
      {"steps: [{for: 1s, watts: 1, while: 2}]\n", Errc::invalid, "unknown key `while`"},
      {"watts: 1\ndomain: gpus\n", Errc::invalid, "unknown value `gpus`, did you mean `gpu`?"},
      {"watts: 1\nname: a/b\n", Errc::invalid, "test.yaml:2:7: a channel's name"},
      {"load_url: https://x/load\n", Errc::invalid, "expected http://HOST:PORT/PATH"},
      {"load_url: http://x:99999/load\n", Errc::invalid, "expected http://HOST:PORT/PATH"},
      {"load_url: http://127.0.0.1:1/load\n", Errc::unavailable, "http://127.0.0.1:1/load: no answer"},
  };
  for (const auto& c : cases) {
    const auto source = open_simulated(c.yaml, clock);
    ASSERT_FALSE(source) << c.yaml;
    EXPECT_EQ(source.error().code, c.code) << c.yaml;
    EXPECT_THAT(source.error().message, HasSubstr(c.message)) << c.yaml;
  }
}

class Machine final : public testing::PowerMachine {
 public:
  std::string source() const override { return "simulated"; }
  std::string options() const override { return "watts: 300\n"; }
  void advance(int /*step*/) override {}
};
INSTANTIATE_TEST_SUITE_P(Simulated, PowerSourceContract, ::testing::Values(testing::make_machine<Machine>));

}  // namespace
}  // namespace ipw::probes
