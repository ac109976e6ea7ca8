// The conservation law over random schedules: overlapping queries of two targets, retries, failures, warm-ups, gaps,
// settled at random moments. Seeds are fixed; a failure prints its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "exporter/accounting/attribution.hpp"
#include "tests/support/random_schedule.hpp"

namespace ipw {
namespace {

using namespace testing;

constexpr int kSchedules = 10'000;
constexpr double kCovered = RandomSchedule::kCovered;

struct Outcome {
  std::vector<std::array<Joules, kShares>> shares{2};
  std::vector<Joules> metered{2};
  std::map<std::string, BookedAttempt> attempts;
  std::array<Joules, 2> counted{};  // by the channels of each book
};

// Settles at moments of the seed's choice.
Outcome play(const RandomSchedule& schedule, unsigned seed) {
  std::mt19937 random(seed);
  probes::PowerTimeline timeline(3, Seconds{600});
  Attributor books(books_of_two_targets(), at(0));
  Outcome all;
  const auto settle = [&](MonoTime limit) {
    const auto settled = books.settle(timeline, limit);
    for (std::size_t book = 0; book < 2; ++book) {
      all.metered[book] += settled.metered[book];
      for (std::size_t share = 0; share < kShares; ++share) {
        EXPECT_GE(settled.shares[book][share].value, 0) << "a counter would fall";
        all.shares[book][share] += settled.shares[book][share];
      }
    }
    for (const auto& attempt : settled.attempts)
      EXPECT_TRUE(all.attempts.emplace(attempt.attempt->id, attempt).second) << "booked twice";
  };
  for (const auto& action : schedule.in_order(seed)) {
    if (const auto* reading = std::get_if<PowerReading>(&action.what)) reading->feed(timeline);
    if (const auto* begin = std::get_if<replay::Started>(&action.what)) books.on(*begin);
    if (const auto* end = std::get_if<replay::Finished>(&action.what)) books.on(*end);
    if (const auto* load = std::get_if<replay::LoadSeen>(&action.what)) books.on(*load);
    if (random() % 8 == 0) settle(at(action.at));
  }
  settle(at(kCovered));
  EXPECT_FALSE(books.has_open());
  EXPECT_EQ(books.watermark(), at(kCovered));
  // A history that begins in a gap knows nothing of its beginning, and counts from 0.
  for (std::size_t i = 0; i < 3; ++i)
    all.counted[i == 0 ? 0 : 1] +=
        *timeline.cumulative(channel(i), at(kCovered)) - timeline.cumulative(channel(i), at(0)).value_or(Joules{0});
  return all;
}

// Joules by book and share, added up from the attempts.
std::map<std::pair<std::size_t, Share>, double> by_share(const Outcome& outcome) {
  std::map<std::pair<std::size_t, Share>, double> sums;
  std::map<const replay::Query*, replay::Outcome> finals;
  for (const auto& [id, booked] : outcome.attempts)
    if (booked.attempt->final) finals[booked.attempt->query.get()] = booked.attempt->outcome;
  for (const auto& [id, booked] : outcome.attempts)
    for (const auto& energy : booked.energy) {
      const auto& query = booked.attempt->query;
      const auto share = !query->measured()                                     ? Share::warmup
                         : finals.at(query.get()) == replay::Outcome::cancelled ? Share::cancelled
                         : energy.validity == Validity::ok                      ? Share::query
                                                                                : Share::invalid;
      sums[{energy.scope == probes::Scope::node ? 1U : 0U, share}] += energy.gross.value;
    }
  return sums;
}

void expect_conservation(const RandomSchedule& schedule, const Outcome& got) {
  EXPECT_EQ(got.attempts.size(), schedule.attempts.size()) << "every attempt is booked once";
  const auto sums = by_share(got);
  for (std::size_t book = 0; book < 2; ++book) {
    const double counted = got.counted[book].value;
    double all = 0;
    for (const auto& share : got.shares[book]) all += share.value;
    EXPECT_NEAR(got.metered[book].value, counted, 1e-9 * counted) << "book " << book;
    EXPECT_NEAR(all, counted, 1e-9 * counted) << "book " << book;
    if (!schedule.gaps) {
      EXPECT_EQ(got.shares[book][static_cast<std::size_t>(Share::unattributed)].value, 0) << "book " << book;
    }
    for (const auto share : {Share::query, Share::invalid, Share::cancelled, Share::warmup}) {
      const auto found = sums.find({book, share});
      EXPECT_NEAR(got.shares[book][static_cast<std::size_t>(share)].value, found == sums.end() ? 0 : found->second,
                  1e-9 * counted)
          << "book " << book << ", " << to_text(share);
    }
  }
}

void expect_sane(const BookedAttempt& booked) {
  const double length = between(booked.attempt->sent_at, booked.attempt->ended_at).value;
  EXPECT_GE(booked.concurrency, 1);
  for (const auto& energy : booked.energy) {
    EXPECT_GE(std::min({energy.gross, energy.active, energy.prefill, energy.decode, energy.sd}), Joules{0});
    EXPECT_LE(energy.active.value, energy.gross.value * (1 + 1e-9));
    EXPECT_NEAR((energy.prefill + energy.decode).value, energy.active.value, 1e-9 * (1 + energy.gross.value));
    EXPECT_GE(energy.busy.value, 0);
    EXPECT_LE(energy.busy.value, length * (1 + 1e-9));
    if (energy.validity == Validity::ok) {
      EXPECT_LE(energy.gross.value, energy.mean_power.value * length * (1 + 1e-9))
          << "not more than the whole scope drew";
    }
  }
}

TEST(AttributionProperty, JoulesAreConservedWhateverHappens) {
  for (unsigned seed = 1; seed <= kSchedules; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const RandomSchedule schedule(seed);
    const auto got = play(schedule, seed);
    expect_conservation(schedule, got);
    for (const auto& [id, booked] : got.attempts) expect_sane(booked);
    if (HasFailure()) return;
  }
}

TEST(AttributionProperty, NeitherTheOrderOfSimultaneousEventsNorTheMomentOfSettlingMatters) {
  for (unsigned seed = 1; seed <= kSchedules / 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const RandomSchedule schedule(seed);
    const auto one = play(schedule, 1);
    const auto other = play(schedule, 2);
    ASSERT_EQ(one.attempts.size(), other.attempts.size());
    for (const auto& [id, booked] : one.attempts) {
      const auto& again = other.attempts.at(id);
      EXPECT_NEAR(booked.concurrency, again.concurrency, 2e-6);
      for (std::size_t i = 0; i < booked.energy.size(); ++i) {
        EXPECT_EQ(booked.energy[i].validity, again.energy[i].validity);
        EXPECT_NEAR(booked.energy[i].gross.value, again.energy[i].gross.value, 1e-8);
        EXPECT_NEAR(booked.energy[i].active.value, again.energy[i].active.value, 1e-8);
        EXPECT_NEAR(booked.energy[i].busy.value, again.energy[i].busy.value, 1e-8);
        EXPECT_NEAR(booked.energy[i].prefill.value, again.energy[i].prefill.value, 1e-8);
        EXPECT_NEAR(booked.energy[i].sd.value, again.energy[i].sd.value, 1e-6);
      }
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ipw
