#include "base/quantity_text.hpp"

#include <gtest/gtest.h>

namespace ipw {
namespace {

TEST(QuantityText, ReadsDurations) {
  const std::pair<const char*, double> cases[] = {{"250us", 250e-6}, {"50ms", 0.05},   {"5s", 5}, {"1.5m", 90},
                                                  {"2h", 7200},      {"30d", 2592000}, {"0s", 0}, {"1e3ms", 1}};
  for (const auto& [text, seconds] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_DOUBLE_EQ(parsed->value, seconds) << text;
  }
}

TEST(QuantityText, ReadsRates) {
  const std::pair<const char*, double> cases[] = {
      {"2/s", 2}, {"60/h", 1.0 / 60}, {"1/m", 1.0 / 60}, {"24/d", 1.0 / 3600}};
  for (const auto& [text, per_second] : cases) {
    const auto parsed = parse_rate(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_DOUBLE_EQ(*parsed, per_second) << text;
  }
}

TEST(QuantityText, ReadsSizes) {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"512", 512}, {"0", 0}, {"12B", 12}, {"64KiB", 65536}, {"1.5MiB", 1572864}, {"2GiB", 2147483648}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = parse_size(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(QuantityText, RefusesEverythingElse) {
  for (const char* text :
       {"", "5", "s", "5 s", "5sec", "5S", "five", "nan", "infs", "infd", "1e308d", "0x5s", " 5s", "5s "})
    EXPECT_FALSE(parse_duration(text)) << text;
  for (const char* text : {"", "2", "/s", "2/", "2/w", "2 /s", "nan/s"}) EXPECT_FALSE(parse_rate(text)) << text;
  for (const char* text : {"", "-1", "1KB", "1kib", "1e19", "9223372036854775808", "9000000000000GiB"})
    EXPECT_FALSE(parse_size(text)) << text;
  for (const char* text : {"", "1,5", "1.5x", "inf", "nan", "1e999", "+1"}) EXPECT_FALSE(parse_number(text)) << text;
  for (const char* text : {"", "1.0", "1e3", "0x10", "9223372036854775808", "1 "})
    EXPECT_FALSE(parse_integer(text)) << text;
}

TEST(QuantityText, NamesTheFormsItTakes) {
  EXPECT_EQ(parse_duration("5").error().message, "expected a duration such as 50ms, 5s or 30d, got `5`");
  EXPECT_EQ(parse_rate("5").error().message, "expected a rate such as 2/s or 60/h, got `5`");
  EXPECT_EQ(parse_size("5kB").error().message, "expected a size such as 512, 64KiB or 64MiB, got `5kB`");
  EXPECT_EQ(parse_number("x").error().message, "expected a number, got `x`");
  EXPECT_EQ(parse_integer("x").error().message, "expected a whole number, got `x`");
}

}  // namespace
}  // namespace ipw
