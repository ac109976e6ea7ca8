#include "base/prometheus_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/test_data.hpp"

namespace ipw {
namespace {

using ::testing::HasSubstr;

Result<std::vector<PrometheusSample>> parse(std::string_view text, std::string_view wanted = "m") {
  return parse_prometheus_text(text, [&](std::string_view name) { return name == wanted; });
}

TEST(PrometheusText, ReadsWhatIsAsked) {
  const auto samples = parse(
      "# HELP m says \"much\"\n# TYPE m counter\nother{a=\"b\"} 1\n"
      "m{b=\"2\",a=\"one, \\\"two\\\" \\\\ and\\nthree}\"} 12.5\n\n"
      "  m{ a = \"x\" , } +3e2 1763640000123 # {trace=\"1\"} 0.5\r\n"
      "m 7 1763640000.5\nm_total 9\nmm 9\n{\"m.in.quotes\"} 3\nm{} -1\n# EOF\nm 8\n");
  ASSERT_TRUE(samples) << samples.error().message;
  ASSERT_EQ(samples->size(), 4U) << "nothing after # EOF";
  const auto& first = (*samples)[0];
  EXPECT_EQ(first.label("a"), "one, \"two\" \\ and\nthree}");
  EXPECT_EQ(first.label("b"), "2");
  EXPECT_EQ(first.label("c"), "");
  EXPECT_EQ(first.labels[0].name, "a") << "sorted";
  EXPECT_EQ(first.value, 12.5);
  EXPECT_FALSE(first.stamp);
  EXPECT_EQ((*samples)[1].value, 300);
  EXPECT_NEAR((*samples)[1].stamp.value_or(0), 1763640000.123, 1e-6) << "milliseconds";
  EXPECT_NEAR((*samples)[2].stamp.value_or(0), 1763640000.5, 1e-6) << "OpenMetrics: seconds";
  EXPECT_EQ((*samples)[3].value, -1);
  EXPECT_EQ((*samples)[3].shown(), "m");
}

TEST(PrometheusText, NamesTheLineThatCannotBeRead) {
  struct Case {
    const char* name;
    std::string text;
    const char* message;
  } const cases[] = {
      {"a web page", "<html>\n", "line 1: expected NAME{label=\"value\"} NUMBER, got `<html>`"},
      {"JSON", "# fine\n\"status\": 200\n", "line 2: expected NAME"},
      {"a name alone", "m\n", "line 1: expected NAME"},
      {"no value", "m \n", "line 1: expected a number, got ``"},
      {"no number", "m twelve\n", "expected a number, got `twelve`"},
      {"a number and more", "m 12x\n", "expected a number, got `12x`"},
      {"hexadecimal", "m 0x10\n", "expected a number"},
      {"beyond all range", "m 1e999\n", "expected a number"},
      {"no time", "m 1 now\n", "expected a time, got `now`"},
      {"infinite time", "m 1 inf\n", "expected a time, got `inf`"},
      {"more after the time", "m 1 2 3\n", "something follows the time"},
      {"open labels", "m{a=\"b\" 1\n", "expected `,` or `}`"},
      {"open value", "m{a=\"b} 1\n", "closing quote is missing"},
      {"no quotes", "m{a=b} 1\n", "expected a value in double quotes"},
      {"no equals sign", "m{a\"b\"} 1\n", "expected `=` after the label `a`"},
      {"no label", "m{=\"b\"} 1\n", "expected a label's name"},
      {"label with a digit first", "m{1a=\"b\"} 1\n", "expected a label's name"},
      {"unknown escape", "m{a=\"\\t\"} 1\n", "an escape other than"},
      {"label twice", "m{a=\"1\",a=\"2\"} 1\n", "a label stands there twice"},
      {"cut off in the middle", "other 1\nm{a=\"b\",c", "line 2: expected `=`"},
      {"cut off in an escape", "m{a=\"\\", "an escape other than"},
      {"not UTF-8", "m \xFF\xFE\n", "expected a number, got `\xEF\xBF\xBD\xEF\xBF\xBD`"},
  };
  for (const auto& c : cases) {
    const auto samples = parse(c.text);
    ASSERT_FALSE(samples) << c.name;
    EXPECT_EQ(samples.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(samples.error().message, HasSubstr(c.message)) << c.name;
  }
}

TEST(PrometheusText, ValuesThatAreNoneAreToldAsSuch) {
  const auto samples = parse("m NaN\nm +Inf\nm -Inf\n");
  ASSERT_TRUE(samples) << samples.error().message;
  EXPECT_TRUE(std::isnan((*samples)[0].value));
  EXPECT_TRUE(std::isinf((*samples)[1].value));
  EXPECT_LT((*samples)[2].value, 0);
}

TEST(PrometheusText, IsBounded) {
  std::string many, labels = "m{";
  for (int i = 0; i < 5000; ++i) many += "m{i=\"" + std::to_string(i) + "\"} 1\n";
  for (int i = 0; i < 65; ++i) labels += "l" + std::to_string(i) + "=\"\",";
  EXPECT_THAT(parse(many).error().message, HasSubstr("line 4097: more than 4096 samples"));
  EXPECT_TRUE(parse(many, "other")) << "what nobody asks for is no matter";
  EXPECT_THAT(parse(labels + "} 1\n").error().message, HasSubstr("more than 64 labels"));
  const auto samples = parse("m{a=\"" + std::string(100000, 'x') + "\"} 1\n");
  ASSERT_TRUE(samples);
  EXPECT_LT((*samples)[0].shown().size(), 300U);
}

// Every prefix and every broken byte of a real page: an error or samples, and no reading past the end.
TEST(PrometheusText, BearsAnyText) {
  const auto page = testing::read_file(testing::testdata() / "prometheus" / "zeus.txt");
  ASSERT_FALSE(page.empty());
  const auto all = [](std::string_view) { return true; };
  for (std::size_t i = 0; i <= page.size(); ++i) {
    static_cast<void>(parse_prometheus_text(std::string(page, 0, i), all));
    for (const char c : {'\0', '"', '\\', '{', '\n', '\xFF'}) {
      auto broken = page;
      if (i < page.size()) broken[i] = c;
      static_cast<void>(parse_prometheus_text(broken, all));
    }
  }
  const auto whole = parse_prometheus_text(page, all);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->size(), 4U);
}

}  // namespace
}  // namespace ipw
