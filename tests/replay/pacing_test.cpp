#include "replay/pacing.hpp"

#include <gtest/gtest.h>

namespace ipw::replay {
namespace {

// A `schedule` map as a file would give it; its keys stand on lines 3, 4, ...
Options schedule(const std::vector<std::pair<std::string, std::string>>& entries) {
  OptionsNode root;
  root.kind = OptionsNode::Kind::map;
  int line = 3;
  for (const auto& [key, text] : entries) {
    OptionsNode value;
    value.kind = OptionsNode::Kind::scalar;
    value.text = text;
    value.line = value.key_line = line++;
    value.column = 16;
    value.key_column = 5;
    root.entries.emplace_back(key, value);
  }
  return {"ipw.yaml", root};
}

TEST(ClosedLoop, SendsAtOnceWhileAPlaceIsFree) {
  auto options = schedule({{"mode", "closed"}, {"concurrency", "4"}});
  const auto pacing = open_pacing(options);
  ASSERT_TRUE(pacing) << pacing.error().message;
  const MonoTime now{std::chrono::seconds(5)};
  EXPECT_EQ((*pacing)->max_in_flight(), 4U);
  for (std::size_t in_flight = 0; in_flight < 4; ++in_flight)
    EXPECT_EQ((*pacing)->next(now, in_flight), now) << in_flight;
  EXPECT_EQ((*pacing)->next(now, 4), std::nullopt);
  EXPECT_EQ((*pacing)->next(now, 5), std::nullopt);
}

TEST(ClosedLoop, OneAtATimeByDefault) {
  auto options = Options::none();
  const auto pacing = open_pacing(options);
  ASSERT_TRUE(pacing);
  EXPECT_EQ((*pacing)->max_in_flight(), 1U);
}

TEST(Pacing, WhatIsRefusedAndWhere) {
  const struct {
    std::vector<std::pair<std::string, std::string>> entries;
    const char* message;
  } cases[] = {
      {{{"mode", "close"}}, "ipw.yaml:3:16: unknown value `close`, did you mean `closed`? (accepted: closed)"},
      {{{"mode", "closed"}, {"concurrency", "0"}}, "ipw.yaml:4:16: `0` is out of range: 1 to 256"},
      {{{"concurrency", "257"}}, "ipw.yaml:3:16: `257` is out of range: 1 to 256"},
      {{{"concurency", "2"}}, "ipw.yaml:3:5: unknown key `concurency`, did you mean `concurrency`?"},
  };
  for (const auto& c : cases) {
    auto options = schedule(c.entries);
    const auto pacing = open_pacing(options);
    ASSERT_FALSE(pacing) << c.message;
    EXPECT_EQ(pacing.error().message.substr(0, std::string_view(c.message).size()), c.message);
  }
}

}  // namespace
}  // namespace ipw::replay
