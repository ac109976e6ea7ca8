#include "exporter/rates/rate_feed.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/meter_server.hpp"
#include "tests/support/options_from.hpp"

namespace ipw {
namespace {

using namespace testing;

std::string answer(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}

TEST(InstantValue, OfWhatAPrometheusAnswers) {
  const struct {
    const char* name;
    std::string text;
    std::optional<double> value;
    const char* error;
  } cases[] = {
      {"one sample", answer("vector", R"([{"metric":{},"value":[1,"412.5"]}])"), 412.5, ""},
      {"a scalar", answer("scalar", R"([1,"0.3"])"), 0.3, ""},
      {"no sample", answer("vector", "[]"), {}, "the query gives no sample"},
      {"two samples", answer("vector", R"([{"value":[1,"1"]},{"value":[1,"2"]}])"), {}, "the query gives 2 samples"},
      {"not a number", answer("vector", R"([{"value":[1,"NaN"]}])"), {}, "`NaN` is no number"},
      {"endless", answer("vector", R"([{"value":[1,"+Inf"]}])"), {}, "`+Inf` is no number"},
      {"below 0", answer("vector", R"([{"value":[1,"-3"]}])"), {}, "-3 is too small"},
      {"a range", answer("matrix", "[]"), {}, "the query gives no instant value"},
      {"a number in place of text", answer("scalar", "[1,2]"), {}, "not that of a Prometheus"},
      {"no value", answer("vector", "[{}]"), {}, "not that of a Prometheus"},
      {"no JSON", "<html>", {}, "not that of a Prometheus"},
      {"other JSON", "[1]", {}, "not that of a Prometheus"},
      {"half of it", R"({"data":{}})", {}, "not that of a Prometheus"},
  };
  for (const auto& c : cases) {
    const auto found = instant_value(c.text, 0);
    ASSERT_EQ(static_cast<bool>(found), c.value.has_value()) << c.name;
    if (found)
      EXPECT_EQ(*found, *c.value) << c.name;
    else
      EXPECT_NE(found.error().message.find(c.error), std::string::npos) << c.name << ": " << found.error().message;
  }
}

// Waits for real: the feed has a thread of its own.
bool eventually(const auto& condition) {
  const SteadyClock clock;
  for (int i = 0; i < 500 && !condition(); ++i) clock.sleep_until(clock.now() + std::chrono::milliseconds(10), {});
  return condition();
}

TEST(RateFeed, AsksAndTellsAndOutlivesAFailure) {
  MeterServer server;
  const std::string target = "/api/v1/query?query=max%28grid%7Bzone%3D%22DE%22%7D%29";
  server.page(target, {.body = "busy", .status = 503});
  auto options = options_from("url: " + server.url());
  auto endpoint = probes::HttpEndpoint::open(options);
  ASSERT_TRUE(endpoint);
  const SteadyClock clock;
  const auto rate = std::make_shared<EnergyRate>(Seconds{60});
  const RateFeed feed({.name = "carbon intensity",
                       .endpoint = std::make_shared<probes::HttpEndpoint>(std::move(*endpoint)),
                       .query = "max(grid{zone=\"DE\"})",
                       .every = Seconds{0.02}},
                      rate, clock);
  ASSERT_TRUE(eventually([&] { return !server.asked().empty(); }));
  EXPECT_FALSE(rate->per_kwh(clock.now()));
  EXPECT_EQ(server.asked().front(), "GET " + target);
  server.page(target, {.body = answer("vector", R"([{"metric":{},"value":[1,"412"]}])")});
  EXPECT_TRUE(eventually([&] { return rate->per_kwh(clock.now()) == 412; }));
  server.page(target, {.body = answer("vector", R"([{"metric":{},"value":[1,"380"]}])")});
  EXPECT_TRUE(eventually([&] { return rate->per_kwh(clock.now()) == 380; }));
}

}  // namespace
}  // namespace ipw
