#include "replay/query_feed.hpp"

#include <gtest/gtest.h>

namespace ipw::replay {
namespace {

constexpr std::string_view kThree =
    "{\"id\": \"a\", \"problem\": \"p\"}\n{\"id\": \"b\", \"problem\": \"p\"}\n{\"id\": \"c\", \"problem\": \"p\"}\n";

QueryFeed::Plan plan_of(std::string_view corpus) {
  QueryFeed::Plan plan;
  plan.open = [corpus]() -> Result<std::unique_ptr<CorpusReader>> {
    return CorpusReader::from_text("corpus.jsonl", corpus);
  };
  return plan;
}

// The first `limit` queries as "cycle:id", with `!` for an error, until the feed ends.
std::string fed(QueryFeed& feed, int limit) {
  std::string all;
  for (int i = 0; i < limit; ++i) {
    const auto next = feed.next();
    if (next && !*next) return all + "end";
    all += next ? std::to_string((*next)->cycle) + (*next)->item->id + " " : "! ";
  }
  return all;
}

TEST(QueryFeed, FeedsWhatThePlanSays) {
  const struct {
    const char* name;
    bool repeat;
    std::uint64_t first_cycle;
    std::optional<std::uint64_t> max_queries;
    std::string done;  // ids that are done in cycle 0
    const char* queries;
  } cases[] = {
      {"once", false, 0, {}, "", "0a 0b 0c end"},
      {"for ever", true, 0, {}, "", "0a 0b 0c 1a 1b 1c 2a 2b "},
      {"from a later cycle", true, 5, {}, "", "5a 5b 5c 6a 6b 6c 7a 7b "},
      {"so many", false, 0, 2, "", "0a 0b end"},
      {"so many of each cycle", true, 0, 2, "", "0a 0b 1a 1b 2a 2b 3a 3b "},
      {"none", true, 0, 0, "", "end"},
      {"more than there are", false, 0, 9, "", "0a 0b 0c end"},
      {"resumed", false, 0, {}, "ac", "0b end"},
      {"what is done counts", false, 0, 2, "a", "0b end"},
      {"all done", false, 0, {}, "abc", "end"},
      {"a cycle all done", true, 0, {}, "abc", "1a 1b 1c 2a 2b 2c 3a 3b "},
  };
  for (const auto& c : cases) {
    auto plan = plan_of(kThree);
    plan.repeat = c.repeat;
    plan.first_cycle = c.first_cycle;
    plan.max_queries = c.max_queries;
    plan.done = [&](std::uint64_t cycle, const std::string& id) {
      return cycle == 0 && c.done.find(id) != std::string::npos;
    };
    QueryFeed feed(std::move(plan));
    EXPECT_EQ(fed(feed, 8), c.queries) << c.name;
  }
}

TEST(QueryFeed, StaysAtItsEnd) {
  QueryFeed feed(plan_of(kThree));
  EXPECT_EQ(fed(feed, 8), "0a 0b 0c end");
  EXPECT_EQ(fed(feed, 8), "end");
}

TEST(QueryFeed, GoesOnAfterABadLine) {
  QueryFeed feed(plan_of("{\"id\": \"a\", \"problem\": \"p\"}\nnonsense\n{\"id\": \"b\", \"problem\": \"p\"}\n"));
  EXPECT_EQ(fed(feed, 8), "0a ! 0b end");
}

TEST(QueryFeed, DoesNotRepeatNothingForEver) {
  auto plan = plan_of("\n\n");
  plan.repeat = true;
  QueryFeed feed(std::move(plan));
  const auto next = feed.next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().message, "the corpus holds no query that can be sent");
  EXPECT_EQ(fed(feed, 8), "end");
}

TEST(QueryFeed, ACorpusThatCannotBeOpenedIsTriedAgain) {
  int calls = 0;
  QueryFeed::Plan plan;
  plan.open = [&]() -> Result<std::unique_ptr<CorpusReader>> {
    if (++calls == 1) return Error{Errc::invalid, "gone"};
    return CorpusReader::from_text("corpus.jsonl", kThree);
  };
  QueryFeed feed(std::move(plan));
  EXPECT_EQ(fed(feed, 8), "! 0a 0b 0c end");
}

}  // namespace
}  // namespace ipw::replay
