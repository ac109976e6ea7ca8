#include "probes/sources/prometheus_selector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipw::probes::sources {
namespace {

using ::testing::HasSubstr;

PrometheusSample sample(const std::string& text) {
  return parse_prometheus_text(text, [](std::string_view) { return true; })->at(0);
}

TEST(PrometheusSelector, Matches) {
  struct Case {
    const char* selector;
    const char* sample;
    bool matches;
  } const cases[] = {
      {"m", "m{a=\"1\"} 1", true},
      {"m{}", "m 1", true},
      {"m", "mm 1", false},
      {" m { a = \"1\" , } ", "m{a=\"1\"} 1", true},
      {"m{a=\"1\"}", "m{a=\"2\"} 1", false},
      {"m{a=\"1\",b!=\"2\"}", "m{a=\"1\",b=\"2\"} 1", false},
      {"m{a=\"1\",b!=\"2\"}", "m{a=\"1\"} 1", true},
      {"m{a=\"\"}", "m 1", true},
      {"m{a!=\"\"}", "m 1", false},
      {"m{a=\"x\\\"y\"}", "m{a=\"x\\\"y\"} 1", true},
  };
  for (const auto& c : cases) {
    const auto selector = parse_prometheus_selector(c.selector);
    ASSERT_TRUE(selector) << c.selector << ": " << selector.error().message;
    EXPECT_EQ(selector->matches(sample(c.sample)), c.matches) << c.selector << " and " << c.sample;
  }
}

TEST(PrometheusSelector, SaysWhereItCannotBeRead) {
  struct Case {
    const char* selector;
    const char* message;
  } const cases[] = {
      {"", "selector ``, character 1: expected the name of a metric"},
      {"{a=\"1\"}", "character 1: expected the name of a metric"},
      {"m{a=1}", "character 5: expected a value in double quotes"},
      {"m{a=~\"x.*\"}", "character 6: expected a value in double quotes (there are no patterns here)"},
      {"m{a!~\"x.*\"}", "character 4: expected `=` or `!=` (there are no patterns here)"},
      {"m{a=\"1\" b=\"2\"}", "character 9: expected `,` or `}`"},
      {"m{a=\"1\"", "character 8: expected `,` or `}`"},
      {"m{=\"1\"}", "character 3: expected a label's name"},
      {"m[5m]", "character 2: something follows the selector"},
      {"sum(m)", "character 4: something follows the selector"},
  };
  for (const auto& c : cases) {
    const auto selector = parse_prometheus_selector(c.selector);
    ASSERT_FALSE(selector) << c.selector;
    EXPECT_EQ(selector.error().code, Errc::invalid) << c.selector;
    EXPECT_THAT(selector.error().message, HasSubstr(c.message)) << c.selector;
  }
}

}  // namespace
}  // namespace ipw::probes::sources
