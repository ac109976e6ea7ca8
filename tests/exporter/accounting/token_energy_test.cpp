#include "exporter/accounting/token_energy.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "exporter/accounting/ledger.hpp"
#include "tests/support/power.hpp"

namespace ipw {
namespace {

using namespace testing;
using replay::Outcome;
using replay::VerdictKind;

const EnergyLabels kEstimated{probes::Scope::accelerator, probes::Quality::estimated};
const EnergyLabels kMeasured{probes::Scope::accelerator, probes::Quality::measured};
const WallAnchor kAnchor{at(0), WallTime{std::chrono::hours(24)}};
const Slice kMath{"math", "en"};
constexpr TokenEnergy kTokens{Joules{0.5}, Joules{2}, Joules{10}, 0.3};

std::shared_ptr<const replay::Attempt> attempt_of(Outcome outcome, const replay::Usage& usage) {
  auto attempt = std::make_shared<replay::Attempt>(*make_attempt(make_query(), {0, 1, {}, {}, {}, outcome}));
  attempt->usage = usage;
  return attempt;
}

TEST(TokenEnergy, IsJoulesPerTokenOrUnknown) {
  struct Case {
    const char* name;
    TokenEnergy energy;
    Outcome outcome;
    replay::Usage usage;
    std::optional<std::pair<double, double>> joules;  // prefill, decode
  } const cases[] = {
      {"answered", kTokens, Outcome::ok, {100, {}, 20, {}}, {{60, 40}}},
      {"cut by its limit", kTokens, Outcome::length, {100, {}, 20, {}}, {{60, 40}}},
      {"cached tokens cost nothing", kTokens, Outcome::ok, {100, 90, 20, 5}, {{15, 40}}},
      {"more cached than there are", kTokens, Outcome::ok, {100, 900, 20, {}}, {{10, 40}}},
      {"less than none cached", kTokens, Outcome::ok, {100, -900, 20, {}}, {{60, 40}}},
      {"no counts", kTokens, Outcome::ok, {}, {}},
      {"no count of the input", kTokens, Outcome::ok, {{}, {}, 20, {}}, {}},
      {"no count of the output", kTokens, Outcome::ok, {100, {}, {}, {}}, {}},
      {"a negative count", kTokens, Outcome::ok, {100, {}, -1, {}}, {}},
      {"a negative count with cached ones", kTokens, Outcome::ok, {-100, 50, 1, {}}, {}},
      {"a count that cannot be", kTokens, Outcome::ok, {100, {}, 1'000'000'000'000, {}}, {}},
      {"what costs nothing need not be counted", {{}, Joules{2}, {}, 0.5}, Outcome::ok, {{}, {}, 20, {}}, {{0, 40}}},
      {"only by the query", {{}, {}, Joules{864}, 0.5}, Outcome::ok, {}, {{864, 0}}},
      {"no connection", kTokens, Outcome::connect, {}, {{0, 0}}},
      {"no trust", kTokens, Outcome::tls, {}, {{0, 0}}},
      {"refused", kTokens, Outcome::http_4xx, {}, {{0, 0}}},
      {"too many requests", kTokens, Outcome::http_429, {}, {{0, 0}}},
      {"failed at its end", kTokens, Outcome::http_5xx, {}, {}},
      {"timed out", kTokens, Outcome::timeout_total, {}, {}},
      {"cut", kTokens, Outcome::stream_cut, {}, {}},
      {"cut after it told the counts", kTokens, Outcome::stream_cut, {100, {}, 20, {}}, {{60, 40}}},
      {"cancelled", kTokens, Outcome::cancelled, {}, {}},
  };
  for (const auto& c : cases) {
    const auto found = c.energy.of(*attempt_of(c.outcome, c.usage));
    ASSERT_EQ(found.has_value(), c.joules.has_value()) << c.name;
    if (!found) continue;
    EXPECT_DOUBLE_EQ(found->prefill.value, c.joules->first) << c.name;
    EXPECT_DOUBLE_EQ(found->decode.value, c.joules->second) << c.name;
    EXPECT_DOUBLE_EQ(found->sd.value, c.energy.error * (c.joules->first + c.joules->second)) << c.name;
  }
}

TEST(TokenEnergy, ThePublishedFormula) {
  struct Case {
    const char* name;
    ServedModel model;
    double joules;
  } const cases[] = {
      // 10,000 tokens take 0.03833790589818617 kWh (16 GPUs), as EcoLogits itself worked it out.
      {"EcoLogits' own example", {132e9, 440e9, 16, 1.2, 64}, 0.03833790589818617 * 3.6e6 / 10000},
      {"one GPU", {8e9, 8e9, 16, 1.2, 64}, 0.3209493043911194},
      {"4 GPUs", {70e9, 70e9, 16, 1.2, 64}, 2.367104374200616},
      {"16 GPUs, few parameters active, no building", {37e9, 671e9, 8, 1, 64}, 5.9683513457766475},
      {"a smaller batch", {33.5e9, 40e9, 16, 1, 32}, 0.9776301652760838},
  };
  for (const auto& c : cases) EXPECT_NEAR(published_per_output_token(c.model).value / c.joules, 1, 1e-12) << c.name;
}

// A metered target (0) beside one that is estimated by its tokens (1).
std::vector<Book> two_books() {
  auto cloud = make_book({}, {1}, {}, probes::Scope::accelerator, "cloud");
  cloud.meter.quality = probes::Quality::estimated;
  cloud.estimate = kTokens;
  return {make_book({0}, {0}), cloud};
}

std::vector<LedgerTarget> two_targets() {
  std::vector<LedgerTarget> targets(2);
  targets[0].info.name = "local";
  targets[0].metered_scopes = {kMeasured};
  targets[1].info.name = "cloud";
  targets[1].metered_scopes = {kEstimated};
  return targets;
}

class Books {
 public:
  Books() { feed(timeline_, 0, 300, 0, 1000); }
  void run(const std::shared_ptr<const replay::Attempt>& attempt, double score = 1) {
    attributor_.on(started(*attempt));
    ledger_.on(started(*attempt));
    attributor_.on(replay::Finished{attempt});
    ledger_.on(replay::Finished{attempt});
    if (attempt->final) ledger_.on(replay::Judged{attempt, {VerdictKind::correct, score, "because"}});
  }
  std::vector<AttemptRecord> book(double until) { return ledger_.book(attributor_.settle(timeline_, at(until))); }
  Snapshot snapshot() const { return ledger_.snapshot(at(1000)); }
  double share(Share share, std::size_t book = 1) const {
    return snapshot().books[book].shares[static_cast<std::size_t>(share)].value;
  }

 private:
  probes::PowerTimeline timeline_{1, Seconds{6000}};
  Attributor attributor_{two_books(), at(0)};
  Ledger ledger_{two_targets(), two_books(), kAnchor};
};

TEST(EstimatedBooks, AQueryHasItsTokensJoules) {
  Books books;
  books.run(make_attempt(make_query({.target = 1}), {1, 5, {2, 4}, 100, 20}), 0.5);
  const auto records = books.book(10);
  ASSERT_EQ(records.size(), 1U);
  ASSERT_EQ(records[0].energy.size(), 1U);
  const auto& energy = records[0].energy[0];
  EXPECT_EQ(energy.scope, probes::Scope::accelerator);
  EXPECT_EQ(energy.quality, probes::Quality::estimated);
  EXPECT_EQ(energy.validity, Validity::ok);
  EXPECT_DOUBLE_EQ(energy.gross.value, 100);
  EXPECT_DOUBLE_EQ(energy.active.value, 100);
  EXPECT_DOUBLE_EQ(energy.prefill.value, 60);
  EXPECT_DOUBLE_EQ(energy.decode.value, 40);
  EXPECT_DOUBLE_EQ(energy.sd.value, 30);
  EXPECT_DOUBLE_EQ(energy.mean_power.value, 25) << "of its 4 s";
  EXPECT_DOUBLE_EQ(energy.busy.value, 4);

  const auto target = books.snapshot().targets[1];
  ASSERT_EQ(target.energy.size(), 1U) << "only what is estimated";
  const auto& metered = target.energy.at(kEstimated).metered.at(kMath);
  EXPECT_EQ(metered.queries, 1U);
  EXPECT_EQ(metered.score, 0.5);
  EXPECT_DOUBLE_EQ(metered.energy.value, 100);
  EXPECT_DOUBLE_EQ(metered.seconds.value, 4);
  EXPECT_DOUBLE_EQ(metered.watts, 25);
  EXPECT_DOUBLE_EQ(books.share(Share::query), 100);
  EXPECT_DOUBLE_EQ(books.snapshot().books[1].metered.value, 100);
  EXPECT_NEAR(books.share(Share::idle, 0), 3000, 1e-6) << "the metered device was idle meanwhile";
}

TEST(EstimatedBooks, TheShareTellsWhatTheQueryWas) {
  struct Case {
    const char* name;
    QueryPlan query;
    AttemptPlan attempt;
    Share share;
    double joules;
  } const cases[] = {
      {"answered", {.target = 1}, {1, 3, {2}, 100, 20}, Share::query, 100},
      {"shorter than any meter can tell", {.target = 1}, {1, 1.0001, {1.0001}, 100, 20}, Share::query, 100},
      {"cancelled", {.target = 1}, {1, 3, {2}, 100, 20, Outcome::cancelled}, Share::cancelled, 100},
      {"cancelled before its counts came", {.target = 1}, {1, 3, {2}, {}, {}, Outcome::cancelled}, Share::cancelled, 0},
      {"warm-up", {.target = 1, .warmup = true}, {1, 3, {2}, 100, 20}, Share::warmup, 100},
      {"refused", {.target = 1}, {1, 3, {}, {}, {}, Outcome::http_429}, Share::query, 0},
      {"unknown", {.target = 1}, {1, 3, {2}}, Share::query, 0},
  };
  for (const auto& c : cases) {
    Books books;
    books.run(make_attempt(make_query(c.query), c.attempt));
    static_cast<void>(books.book(10));
    EXPECT_DOUBLE_EQ(books.share(c.share), c.joules) << c.name;
    EXPECT_DOUBLE_EQ(books.snapshot().books[1].metered.value, c.joules) << c.name << ": nothing else is booked";
  }
}

TEST(EstimatedBooks, UnknownIsNotZero) {
  Books books;
  const auto failed = make_attempt(make_query({.target = 1}), {1, 2, {}, {}, {}, Outcome::http_5xx, false});
  books.run(failed);
  books.run(make_attempt(failed->query, {3, 5, {4}, 100, 20, Outcome::ok, true, 2}));
  const auto records = books.book(10);
  ASSERT_EQ(records.size(), 2U);
  for (const auto& record : records) EXPECT_TRUE(record.energy.empty()) << "a part of the query is unknown";
  const auto target = books.snapshot().targets[1];
  EXPECT_EQ(target.energy.at(kEstimated).metered.at(kMath).queries, 0U);
  EXPECT_EQ(target.verdicts.at(kMath).all(), 1U) << "it still counts for accuracy";
  EXPECT_EQ(books.snapshot().books[1].metered, Joules{0});
}

TEST(EstimatedBooks, ARefusalBeforeTheAnswerCostsNothing) {
  Books books;
  const auto refused = make_attempt(make_query({.target = 1}), {1, 2, {}, {}, {}, Outcome::http_429, false});
  books.run(refused);
  books.run(make_attempt(refused->query, {3, 5, {4}, 100, 20, Outcome::ok, true, 2}));
  const auto records = books.book(10);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].energy.at(0).gross, Joules{0});
  EXPECT_DOUBLE_EQ(records[1].energy.at(0).gross.value, 100);
  EXPECT_DOUBLE_EQ(books.share(Share::query), 100);
}

TEST(EstimatedBooks, AnEventThatComesLateIsKnownAllTheSame) {
  Books books;
  static_cast<void>(books.book(10));
  books.run(make_attempt(make_query({.target = 1}), {1, 2, {1.5}, 100, 20}));
  const auto records = books.book(20);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].energy.at(0).validity, Validity::ok);
  EXPECT_DOUBLE_EQ(books.share(Share::query), 100);
}

// The contract's laws over random queries of both targets, settled at random moments.
TEST(EstimatedBooks, ObeyTheLaws) {
  constexpr Outcome kOutcomes[] = {Outcome::ok,       Outcome::ok,       Outcome::length,
                                   Outcome::http_5xx, Outcome::http_429, Outcome::cancelled};
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Books books;
    double end = 0;
    std::map<std::string, double> spent;  // by target
    for (int i = 0; i < 60; ++i) {
      const double sent = end + static_cast<double>(random() % 1000) / 1000;
      end = sent + 0.5 + static_cast<double>(random() % 3000) / 1000;
      AttemptPlan plan{sent, end, {sent + 0.25}, 100, static_cast<int>(random() % 500)};
      plan.outcome = kOutcomes[random() % std::size(kOutcomes)];
      if (random() % 5 == 0) plan.output.reset();
      books.run(make_attempt(make_query({std::to_string(i), random() % 2, random() % 10 == 0}), plan));
      if (random() % 4 != 0) continue;
      for (const auto& record : books.book(end - static_cast<double>(random() % 2)))
        for (const auto& energy : record.energy) spent[record.target] += energy.gross.value;
    }
    for (const auto& record : books.book(end + 1))
      for (const auto& energy : record.energy) spent[record.target] += energy.gross.value;

    const auto snapshot = books.snapshot();
    for (std::size_t b = 0; b < 2; ++b) {
      const auto& book = snapshot.books[b];
      const auto sum = std::accumulate(book.shares.begin(), book.shares.end(), Joules{0});
      EXPECT_NEAR(sum.value, book.metered.value, 1e-9 * (1 + book.metered.value));
      Joules metered{0};
      for (const auto& [labels, energy] : snapshot.targets[b].energy) {
        EXPECT_EQ(labels.second, book.quality) << "qualities are never mixed";
        EXPECT_NEAR((energy.prefill + energy.decode).value, energy.active.value, 1e-6);
        for (const auto& [slice, part] : energy.metered) metered += part.energy;
        EXPECT_NEAR(energy.query_joules.sum(), metered.value, 1e-6);
      }
      EXPECT_NEAR(metered.value, book.shares[static_cast<std::size_t>(Share::query)].value, 1e-6);
    }
    for (const auto share : {Share::idle, Share::unattributed, Share::foreign, Share::judge, Share::invalid})
      EXPECT_EQ(books.share(share), 0) << to_text(share);
    EXPECT_GT(spent["cloud"], 0);
    EXPECT_NEAR(spent["cloud"], books.share(Share::query) + books.share(Share::cancelled), 1e-6)
        << "warm-ups have no records";
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ipw
