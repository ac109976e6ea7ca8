// Known truth: what each query cost by a stated batching law (tests/support/batching_law.hpp), against what the books
// give it. Prints the table of METHODOLOGY, "Checked against a known law".
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "exporter/accounting/attribution.hpp"
#include "tests/support/batching_law.hpp"
#include "tests/support/power.hpp"

namespace ipw {
namespace {

using namespace testing;

struct Error {
  double rms{0}, median{0};
};

Error error_of(std::vector<double> relative) {
  Error error;
  for (const double e : relative) error.rms += e * e;
  error.rms = std::sqrt(error.rms / static_cast<double>(relative.size()));
  for (double& e : relative) e = std::abs(e);
  std::ranges::nth_element(relative, relative.begin() + static_cast<std::ptrdiff_t>(relative.size() / 2));
  error.median = relative[relative.size() / 2];
  return error;
}

struct Books {
  std::vector<double> errors;  // of active joules, relative, in the order in which the queries ended
  std::vector<double> sd;      // what the books say of it
  SplitState split;
};

// The queries in the order of their times, settled ten times a second, as the accountant does.
Books split(const SimulatedRun& run, const Book& book) {
  probes::PowerTimeline timeline(1, Seconds{1e6});
  run.feed(timeline, 0);
  Attributor attributor({book}, at(0));
  auto starts = run.queries;
  std::ranges::sort(starts, {}, [](const auto& query) { return query.attempt->sent_at; });
  std::map<const replay::Attempt*, double> truth;
  for (const auto& query : run.queries) truth[query.attempt.get()] = query.joules;

  Books books;
  std::size_t start = 0, end = 0;
  for (double now = 0; now < run.end + 1; now += 0.1) {
    for (; start < starts.size() && starts[start].attempt->sent_at <= at(now); ++start)
      attributor.on(started(*starts[start].attempt));
    for (; end < run.queries.size() && run.queries[end].attempt->ended_at <= at(now); ++end)
      attributor.on(replay::Finished{run.queries[end].attempt});
    const auto settled = attributor.settle(timeline, at(now));
    books.split = settled.splits.at(0);
    for (const auto& booked : settled.attempts) {
      const double joules = truth.at(booked.attempt.get());
      books.errors.push_back(booked.energy.at(0).active.value / joules - 1);
      books.sd.push_back(booked.energy.at(0).sd.value / joules);
    }
  }
  return books;
}

Book with(SplitStrategy strategy) {
  auto book = make_book({0}, {0});
  book.strategy = strategy;
  return book;
}

// Every token the same: no such strategy is offered, so its weights are given as what nothing will ever move.
Books by_tokens(const SimulatedRun& run, Watts floor) {
  std::vector<double> errors;
  probes::PowerTimeline timeline(1, Seconds{1e6});
  run.feed(timeline, 0);
  std::vector<Load> loads;
  for (const auto& query : run.queries) {
    loads.push_back(load_of(*query.attempt));
    for (auto& step : loads.back().steps) step = {step.end, 0, step.prefill + step.decode};
  }
  std::vector<const Load*> table;
  for (const auto& load : loads) table.push_back(&load);
  const Interval when{at(0), at(run.end)};
  MeterReader reader(make_book({0}, {0}).meter, at(0));
  reader.find_origin(timeline);
  BookModel model({SplitStrategy::work, floor, {.windows = 1e18}});
  const Timetable timetable(when, table);
  const auto pieces = reader.read(timeline, when);
  const Split split(timetable, pieces, model);
  Books books;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const auto portion = split.portion(i, loads[i]);
    books.errors.push_back((portion.prefill + portion.decode).value / run.queries[i].joules - 1);
  }
  return books;
}

TEST(Shapley, OursErrsLessThanHalfAsMuchAsTheBetterOfTheOthers) {
  std::printf("rms / median error of per-query active joules, %%; base %g W, %g J a token read, %g n/(1+n/%g) W\n",
              BatchingLaw{}.base, BatchingLaw{}.a, BatchingLaw{}.c, BatchingLaw{}.n0);
  std::printf("%7s %8s %15s %15s %15s %15s  %s\n", "streams", "queries", "ours", "ours, steady", "equal", "tokens",
              "weights");
  for (const auto& [streams, queries] : {std::pair(1, 150), std::pair(8, 800), std::pair(64, 3000)}) {
    const SimulatedRun run({}, {.streams = streams, .queries = queries});
    const auto ours = split(run, with(SplitStrategy::work));
    const auto equal = split(run, with(SplitStrategy::equal));
    const auto tokens = by_tokens(run, *ours.split.idle_floor);
    ASSERT_EQ(ours.errors.size(), run.queries.size());
    const auto half = static_cast<std::ptrdiff_t>(ours.errors.size() / 2);
    const auto steady = error_of({ours.errors.begin() + half, ours.errors.end()});
    const auto all = error_of(ours.errors), even = error_of(equal.errors), token = error_of(tokens.errors);
    std::printf("%7d %8d", streams, queries);
    for (const auto& e : {all, steady, even, token}) std::printf("   %5.2f / %5.2f", e.rms * 100, e.median * 100);
    std::printf("  %.0f %.4f %.4f (%s)\n", ours.split.weights[0], ours.split.weights[1], ours.split.weights[2],
                std::string(to_text(ours.split.origin)).c_str());
    EXPECT_NEAR(ours.split.idle_floor->value, BatchingLaw{}.idle, 1) << "learned before the first query";
    if (streams == 1) {
      EXPECT_NEAR(all.rms, even.rms, 1e-6) << "alone, a query gets all of it, however it is split";
      EXPECT_NEAR(all.rms, token.rms, 1e-3);
    } else {
      EXPECT_EQ(ours.split.origin, WeightOrigin::fit);
      EXPECT_LE(all.rms, std::min(even.rms, token.rms) / 2) << streams;
      EXPECT_LE(steady.rms, std::min(even.rms, token.rms) / 2) << streams;
    }
  }
}

}  // namespace
}  // namespace ipw
