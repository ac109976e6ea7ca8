#include "exporter/store/epoch_store.hpp"

#include <gtest/gtest.h>

#include "tests/support/journal_folder.hpp"
#include "tests/support/records.hpp"

namespace ipw {
namespace {

using testing::wall;

class EpochStoreTest : public testing::JournalFolder {
 protected:
  EpochStoreTest() : journal_(open()) {}
  EpochStore store() const { return std::move(*EpochStore::open(path(), Database::Mode::read_write)); }
  std::unique_ptr<Journal> journal_;  // a sidecar that is running
};

TEST_F(EpochStoreTest, KeepsEpochsAndWhatIsLearnedLater) {
  auto store = this->store();
  Epoch epoch{"abc", wall(7), {{"model", "m"}, {"driver", "580 \"beta\"\n"}}};
  ASSERT_TRUE(store.put("local", epoch));
  epoch.facts["engine_version"] = "1";
  ASSERT_TRUE(store.put("local", epoch));
  ASSERT_TRUE(store.put("local", {"def", wall(9), {}}));
  ASSERT_TRUE(store.put("other", {"abc", wall(7), {}}));
  const auto epochs = this->store().epochs("local");
  ASSERT_TRUE(epochs);
  ASSERT_EQ(epochs->size(), 2U);
  EXPECT_EQ((*epochs)[0].digest, "abc");
  EXPECT_EQ((*epochs)[0].since, wall(7));
  EXPECT_EQ((*epochs)[0].facts, epoch.facts);
  EXPECT_EQ((*epochs)[1].digest, "def");
}

TEST_F(EpochStoreTest, TheNewestBaselineCountsUnlessItWasCleared) {
  auto store = this->store();
  EXPECT_EQ(*store.newest_baseline(), 0);
  const auto add = [&](BaselineOrigin origin, std::uint64_t first) {
    ASSERT_TRUE(store.add({.number = 0,
                           .target = "local",
                           .corpus = "mmlu",
                           .epoch = "abc",
                           .first_cycle = first,
                           .last_cycle = first + 4,
                           .origin = origin,
                           .since = wall(5)}));
  };
  const auto current = [&] { return current_baseline(*store.baselines(), "local", "mmlu"); };
  EXPECT_FALSE(current());
  add(BaselineOrigin::automatic, 0);
  add(BaselineOrigin::pinned, 5);
  ASSERT_TRUE(current());
  EXPECT_EQ(current()->first_cycle, 5U);
  EXPECT_EQ(current()->last_cycle, 9U);
  EXPECT_EQ(to_text(current()->origin), "pinned");
  EXPECT_EQ(*store.newest_baseline(), 2);
  EXPECT_FALSE(current_baseline(*store.baselines(), "local", "gsm8k"));
  add(BaselineOrigin::cleared, 0);
  EXPECT_FALSE(current());
  add(BaselineOrigin::accepted, 10);
  EXPECT_EQ(current()->first_cycle, 10U);
}

TEST_F(EpochStoreTest, AnOlderJournalSaysWhatToDo) {
  journal_.reset();
  ASSERT_EQ(sql("PRAGMA user_version = 4"), "");
  const auto refused = EpochStore::open(path(), Database::Mode::read_only);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("is of an older version, which knows no baselines"), std::string::npos);
}

}  // namespace
}  // namespace ipw
