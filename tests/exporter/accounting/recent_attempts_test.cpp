#include "exporter/accounting/recent_attempts.hpp"

#include <gtest/gtest.h>

#include "tests/support/attempts.hpp"

namespace ipw {
namespace {

using namespace testing;

const WallAnchor kAnchor{at(0), WallTime{std::chrono::hours(24)}};

TEST(RecentAttempts, KnowWhatRunsAndWhatHasEnded) {
  RecentAttempts recent;
  const auto slow = make_attempt(make_query({.id = "slow"}), {1, 9});
  const auto quick = make_attempt(make_query({.id = "quick", .warmup = true}), {2, 4, {3, 4}});
  for (const auto& attempt : {slow, quick}) recent.on(started(*attempt), kAnchor);
  recent.on(replay::Finished{quick}, kAnchor);
  const auto spans = recent.spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0]->query_id, "slow");
  EXPECT_FALSE(spans[0]->ended_at || spans[0]->outcome || spans[0]->warmup);
  EXPECT_EQ(spans[0]->sent_at, kAnchor.wall(at(1)));
  EXPECT_EQ(spans[1]->query_id, "quick");
  EXPECT_TRUE(spans[1]->warmup);
  EXPECT_EQ(spans[1]->first_token_at, kAnchor.wall(at(3)));
  EXPECT_EQ(spans[1]->ended_at, kAnchor.wall(at(4)));
  EXPECT_EQ(spans[1]->outcome, replay::Outcome::ok);
}

TEST(RecentAttempts, AreBoundedAndTheNewestStay) {
  RecentAttempts recent;
  constexpr auto kMany = RecentAttempts::kEnded + 50;
  std::vector<std::shared_ptr<const replay::Attempt>> attempts;
  for (std::size_t i = 0; i < kMany; ++i)
    attempts.push_back(make_attempt(make_query({.id = std::to_string(i)}), {1, 3, {2, 3}}));
  for (const auto& attempt : attempts) recent.on(started(*attempt), kAnchor);
  EXPECT_EQ(recent.spans().size(), RecentAttempts::kRunning);
  for (const auto& attempt : attempts) recent.on(replay::Finished{attempt}, kAnchor);
  ASSERT_EQ(recent.spans().size(), RecentAttempts::kEnded);
  EXPECT_EQ(recent.spans().front()->query_id, std::to_string(kMany - 1));
}

}  // namespace
}  // namespace ipw
