#include "replay/panel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "replay/corpus_digest.hpp"
#include "replay/panel_draw.hpp"
#include "replay/query_feed.hpp"

namespace ipw::replay {
namespace {

using Counts = std::vector<std::uint64_t>;
using Ids = std::vector<std::string>;

TEST(PanelShares, AreProportionalByLargestRemainder) {
  const struct {
    const char* name;
    Counts counts;
    std::uint64_t size;
    Counts shares;
  } cases[] = {
      {"even", {100, 100, 100, 100}, 40, {10, 10, 10, 10}},
      {"exactly in proportion", {600, 300, 100}, 10, {6, 3, 1}},
      {"the largest remainders are served", {55, 27, 18}, 10, {5, 3, 2}},
      {"equal remainders: the earlier one", {10, 10, 10}, 10, {4, 3, 3}},
      {"one of each, however small", {1000, 1, 1}, 10, {8, 1, 1}},
      {"what the small ones take makes another too small", {30, 10, 1, 1, 1}, 5, {1, 1, 1, 1, 1}},
      {"more strata than places", {5, 4, 3, 2, 1}, 2, {1, 1, 0, 0, 0}},
      {"as many strata as places", {5, 4, 3, 2, 1}, 5, {1, 1, 1, 1, 1}},
      {"all of it", {3, 2}, 5, {3, 2}},
      {"more than there is", {3, 2}, 99, {3, 2}},
      {"one", {3, 7}, 1, {0, 1}},
      {"one stratum", {12032}, 500, {500}},
  };
  for (const auto& c : cases) EXPECT_EQ(panel_shares(c.counts, c.size), c.shares) << c.name;
}

// Whatever the strata: the shares add up, none is above its stratum, none is empty, none is off by more than one but
// those that were lifted to one.
TEST(PanelShares, HoldTheirLawsForAnyStrata) {
  std::uint64_t chance = 12345;
  const auto below = [&](std::uint64_t n) {
    return (chance = chance * 6364136223846793005u + 1442695040888963407u) / 65536 % n;
  };
  for (int round = 0; round < 3000; ++round) {
    Counts counts(1 + below(30));
    for (auto& n : counts) n = 1 + below(below(4) == 0 ? 5000 : 20);
    const auto all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    const auto size = 1 + below(all);
    const auto shares = panel_shares(counts, size);
    ASSERT_EQ(std::accumulate(shares.begin(), shares.end(), std::uint64_t{0}), size);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      ASSERT_LE(shares[i], counts[i]);
      ASSERT_TRUE(shares[i] > 0 || counts.size() > size);
      const double quota = double(counts[i]) * double(size) / double(all);
      ASSERT_LT(double(shares[i]), std::max(quota, 1.0) + 1.0);
    }
  }
}

using Corpus = std::vector<CorpusItem>;

class Reader final : public CorpusReader {
 public:
  explicit Reader(const Corpus& corpus) : corpus_(corpus) {}
  Result<std::optional<CorpusItem>> next() override {
    if (at_ == corpus_.size()) return std::optional<CorpusItem>();
    return std::optional(corpus_[at_++]);
  }

 private:
  const Corpus& corpus_;
  std::size_t at_{0};
};

CorpusItem item(const std::string& id, const std::string& subject) {
  CorpusItem made;
  made.id = id;
  made.problem = "p";
  made.subject = subject;
  return made;
}

// 1,000 queries: 599 of law, 300 of math, 100 of art, one of chess; q0 to q999, the subjects mixed.
Corpus corpus() {
  Corpus all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(item("q" + std::to_string(i), i == 500 ? "chess" : i % 10 < 6 ? "law" : i % 10 < 9 ? "math" : "art"));
    all.back().metadata.emplace_back("level", std::to_string(i % 2));
  }
  return all;
}

Result<Panel> drawn(const Corpus& corpus, PanelChoice choice) {
  PanelDraw draw(std::move(choice));
  for (const auto& item : corpus) draw.look(item);
  Reader again(corpus);
  return draw.draw(again);
}

Ids ids_of(const PanelItems& items) {
  Ids ids;
  for (const auto& item : items) ids.push_back(item->id);
  return ids;
}

std::size_t in_common(const Panel& a, const Panel& b) {
  return static_cast<std::size_t>(
      std::ranges::count_if(a.items(), [&](const auto& item) { return b.contains(item->id); }));
}

TEST(PanelDraw, TakesOfEachStratumItsShare) {
  const auto panel = drawn(corpus(), {.size = 100, .seed = 1, .stratify = "subject"});
  ASSERT_TRUE(panel) << panel.error().message;
  EXPECT_EQ(panel->size(), 100U);
  std::map<std::string, std::uint64_t> by_subject;
  for (const auto& item : panel->items()) ++by_subject[item->subject];
  EXPECT_EQ(by_subject, (std::map<std::string, std::uint64_t>{{"art", 10}, {"chess", 1}, {"law", 59}, {"math", 30}}));
  ASSERT_EQ(panel->strata().size(), 4U);
  EXPECT_EQ(panel->strata()[2].name, "law");
  EXPECT_EQ(panel->strata()[2].items, 599U);
  EXPECT_EQ(panel->strata()[2].chosen, 59U);
}

TEST(PanelDraw, TheOrderOfTheLinesDoesNotMatter) {
  auto changing = corpus();
  const auto before = *drawn(changing, {.size = 100});
  std::ranges::reverse(changing);
  const auto after = *drawn(changing, {.size = 100});
  EXPECT_EQ(ids_of(before.items()), ids_of(after.items()));
  EXPECT_EQ(before.digest(), after.digest());
  for (const std::uint64_t cycle : {0U, 1U, 7U}) EXPECT_EQ(ids_of(before.order(cycle)), ids_of(after.order(cycle)));
}

TEST(PanelDraw, LinesMoreOrLessChangeLittle) {
  auto changing = corpus();
  const auto before = *drawn(changing, {.size = 100});
  for (int i = 0; i < 10; ++i) changing.push_back(item("new" + std::to_string(i), "law"));
  EXPECT_GE(in_common(*drawn(changing, {.size = 100}), before), 96U);
  changing.erase(changing.begin(), changing.begin() + 20);
  EXPECT_GE(in_common(*drawn(changing, {.size = 100}), before), 90U);
}

TEST(PanelDraw, TheSeedDecides) {
  const auto one = *drawn(corpus(), {.size = 100, .seed = 1}), two = *drawn(corpus(), {.size = 100, .seed = 2});
  EXPECT_LT(in_common(one, two), 30U) << "ten and one of chess are expected by chance";
  EXPECT_NE(one.digest(), two.digest());
  EXPECT_EQ(one.digest(), drawn(corpus(), {.size = 100, .seed = 1})->digest());
}

TEST(PanelDraw, EveryQueryIsAsLikelyAsAnyOther) {
  std::map<std::string, int> taken;
  const auto whole = corpus();
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto panel = *drawn(whole, {.size = 100, .seed = seed, .stratify = "none"});
    for (const auto& item : panel.items()) ++taken[item->id];
  }
  double chi_square = 0;
  for (const auto& item : whole)
    chi_square += (taken[item.id] - 40) * (taken[item.id] - 40) / 36.0;  // one in ten of 400
  EXPECT_NEAR(chi_square / 1000, 1, 0.15);
}

TEST(PanelDraw, StratifiesByAnyField) {
  const struct {
    const char* stratify;
    std::vector<std::string> names;
    Counts chosen;
  } cases[] = {
      {"none", {""}, {100}},
      {"language", {""}, {100}},
      {"level", {"0", "1"}, {50, 50}},
  };
  for (const auto& c : cases) {
    const auto panel = drawn(corpus(), {.size = 100, .seed = 1, .stratify = c.stratify});
    ASSERT_TRUE(panel) << panel.error().message;
    std::vector<std::string> names;
    Counts chosen;
    for (const auto& stratum : panel->strata()) {
      names.push_back(stratum.name);
      chosen.push_back(stratum.chosen);
    }
    EXPECT_EQ(names, c.names) << c.stratify;
    EXPECT_EQ(chosen, c.chosen) << c.stratify;
  }
}

TEST(PanelDraw, LargerThanTheCorpusIsTheCorpus) {
  const auto panel = *drawn(corpus(), {.size = 5000});
  EXPECT_EQ(panel.size(), 1000U);
  CorpusDigest digest;
  for (const auto& item : panel.items()) digest.add(*item);
  EXPECT_EQ(panel.digest(), digest.text());
}

TEST(PanelDraw, WhatIsRefused) {
  Corpus many;
  for (int i = 0; i < 10002; ++i) many.push_back(item("q" + std::to_string(i), "subject " + std::to_string(i)));
  const struct {
    Corpus corpus;
    const char* stratify;
    const char* message;
  } cases[] = {
      {corpus(), "levle",
       "no line of the corpus has the field `levle`, did you mean `level`? (there are: subject, language, none, "
       "level)"},
      {many, "subject", "`subject` has more than 10000 values: stratify by a field with few"},
  };
  for (const auto& c : cases) {
    const auto panel = drawn(c.corpus, {.size = 10, .seed = 1, .stratify = c.stratify});
    ASSERT_FALSE(panel) << c.message;
    EXPECT_EQ(panel.error().message, c.message);
  }
}

TEST(PanelDraw, ACorpusThatChangesMeanwhileIsRefused) {
  PanelDraw draw({.size = 2});
  for (const auto* id : {"a", "b"}) draw.look(item(id, "s"));
  const Corpus changed{item("a", "s"), item("c", "s")};
  Reader again(changed);
  const auto panel = draw.draw(again);
  ASSERT_FALSE(panel);
  EXPECT_EQ(panel.error().message, "the corpus changed while the panel was drawn from it: start again");
}

TEST(Panel, EachCycleHasItsOwnOrderOfTheSameQueries) {
  const auto panel = *drawn(corpus(), {.size = 100});
  std::set<Ids> orders;
  for (std::uint64_t cycle = 0; cycle < 50; ++cycle) {
    auto ids = ids_of(panel.order(cycle));
    EXPECT_EQ(ids, ids_of(panel.order(cycle))) << "the same again";
    EXPECT_TRUE(orders.insert(ids).second) << cycle;
    std::ranges::sort(ids);
    EXPECT_EQ(ids, ids_of(panel.items())) << cycle;
  }
}

// Over many cycles each query stands in each tenth of the order equally often.
TEST(Panel, EveryPlaceIsAsLikelyAsAnyOther) {
  const auto panel = *drawn(corpus(), {.size = 50});
  std::map<std::string, std::vector<int>> places;
  constexpr int kCycles = 2000;
  for (std::uint64_t cycle = 0; cycle < kCycles; ++cycle) {
    const auto order = panel.order(cycle);
    for (std::size_t i = 0; i < order.size(); ++i) {
      auto& counts = places[order[i]->id];
      counts.resize(10);
      ++counts[i / 5];
    }
  }
  double chi_square = 0;
  for (const auto& [id, counts] : places)
    for (const auto n : counts) chi_square += (n - kCycles / 10.0) * (n - kCycles / 10.0) / (kCycles / 10.0);
  EXPECT_NEAR(chi_square / (50 * 9), 1, 0.25);
}

TEST(Panel, KnowsItsOwn) {
  const auto panel = *drawn(corpus(), {.size = 100});
  for (const auto& item : panel.items()) EXPECT_TRUE(panel.contains(item->id));
  EXPECT_FALSE(panel.contains("q1000"));
  EXPECT_FALSE(panel.contains(""));
}

TEST(CorpusDigest, ChangesWithWhatIsAskedAndNotWithTheOrder) {
  const auto digest = [](std::vector<CorpusItem> items) {
    CorpusDigest made;
    for (const auto& item : items) made.add(item);
    return made.text();
  };
  CorpusItem a, b;
  a.id = "a";
  a.problem = "p";
  a.answer = "1";
  b.id = "b";
  EXPECT_EQ(digest({a, b}), digest({b, a}));
  EXPECT_EQ(digest({a}).size(), 16U);
  std::set<std::string> seen{digest({a}), digest({b}), digest({a, b}), digest({})};
  for (auto field : {&CorpusItem::id, &CorpusItem::problem, &CorpusItem::answer, &CorpusItem::subject,
                     &CorpusItem::language, &CorpusItem::judge, &CorpusItem::reference}) {
    auto changed = a;
    changed.*field += "x";
    EXPECT_TRUE(seen.insert(digest({changed})).second);
  }
  auto changed = a;
  changed.options = {"x"};
  EXPECT_TRUE(seen.insert(digest({changed})).second);
  changed.place = "elsewhere.jsonl:9";
  EXPECT_FALSE(seen.insert(digest({changed})).second) << "where it stands does not matter";
}

// A feed of a panel, as "cycle:id" words.
TEST(QueryFeed, APanelGoesRoundInTheOrderOfEachCycle) {
  const auto panel = std::make_shared<const Panel>(*drawn(corpus(), {.size = 5}));
  const auto expected = [&](std::uint64_t cycle, std::size_t begin, std::size_t end) {
    std::string text;
    const auto order = panel->order(cycle);
    for (auto i = begin; i < end; ++i) text += std::to_string(cycle) + ":" + order[i]->id + " ";
    return text;
  };
  const auto done_before = panel->order(4);
  const struct {
    const char* name;
    bool repeat;
    std::uint64_t first_cycle;
    std::optional<std::uint64_t> max_queries;
    std::size_t done;  // of cycle 4, from its beginning
    std::string queries;
  } cases[] = {
      {"once", false, 0, {}, 0, expected(0, 0, 5) + "end"},
      {"for ever", true, 0, {}, 0, expected(0, 0, 5) + expected(1, 0, 5) + expected(2, 0, 2)},
      {"so many of each cycle", true, 7, 4, 0, expected(7, 0, 4) + expected(8, 0, 4) + expected(9, 0, 4)},
      {"resumed in the middle", true, 4, {}, 3, expected(4, 3, 5) + expected(5, 0, 5) + expected(6, 0, 5)},
      {"resumed, so many", false, 4, 4, 3, expected(4, 3, 4) + "end"},
      {"a cycle all done", true, 4, {}, 5, expected(5, 0, 5) + expected(6, 0, 5) + expected(7, 0, 2)},
      {"none", true, 0, 0, 0, "end"},
  };
  for (const auto& c : cases) {
    QueryFeed::Plan plan;
    plan.panel = panel;
    plan.repeat = c.repeat;
    plan.first_cycle = c.first_cycle;
    plan.max_queries = c.max_queries;
    plan.done = [&](std::uint64_t cycle, const std::string& id) {
      return cycle == 4 && std::any_of(done_before.begin(), done_before.begin() + static_cast<long>(c.done),
                                       [&](const auto& item) { return item->id == id; });
    };
    QueryFeed feed(std::move(plan));
    std::string queries;
    for (int i = 0; i < 12; ++i) {
      const auto next = feed.next();
      ASSERT_TRUE(next) << c.name;
      queries += *next ? std::to_string((*next)->cycle) + ":" + (*next)->item->id + " " : "end";
      if (!*next) break;
    }
    EXPECT_EQ(queries, c.queries) << c.name;
  }
}

}  // namespace
}  // namespace ipw::replay
