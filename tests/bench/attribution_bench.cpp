// What the books cost: microseconds per query of attributor and ledger together, with many streams at once.
#include <benchmark/benchmark.h>

#include "exporter/accounting/ledger.hpp"
#include "tests/support/power.hpp"

namespace ipw {
namespace {

using namespace testing;

constexpr double kQueriesPerSecond = 10'000;

// Ten seconds of `streams` closed-loop streams at 10,000 queries a second, 20 chunks each, settled ten times a second.
void books(benchmark::State& state) {
  const auto streams = static_cast<std::size_t>(state.range(0));
  const double each = static_cast<double>(streams) / kQueriesPerSecond;
  std::vector<std::shared_ptr<const replay::Attempt>> attempts;
  for (double begin = 0; begin < 10; begin += 1 / kQueriesPerSecond) {
    AttemptPlan plan{begin, begin + each};
    plan.input = 200;
    plan.output = 40;
    for (int i = 1; i <= 20; ++i) plan.chunks.push_back(begin + each * i / 20);
    attempts.push_back(make_attempt(make_query({.id = std::to_string(attempts.size())}), plan));
  }
  probes::PowerTimeline timeline(1, Seconds{600});
  feed(timeline, 0, 300, 0, 12, 0.005);
  LedgerTarget target;
  target.metered_scopes = {{probes::Scope::accelerator, probes::Quality::measured}};

  for (auto _ : state) {
    const std::vector<Book> book{make_book({0}, {0}, Watts{80})};
    Attributor attributor(book, at(0));
    Ledger ledger({target}, book, WallAnchor{at(0), WallTime{}});
    std::size_t next_end = 0, records = 0;
    double settle_at = 0.1;
    const auto end_until = [&](MonoTime now) {
      for (; next_end < attempts.size() && attempts[next_end]->ended_at <= now; ++next_end) {
        attributor.on(replay::Finished{attempts[next_end]});
        ledger.on(replay::Finished{attempts[next_end]});
        ledger.on(replay::Judged{attempts[next_end], {replay::VerdictKind::correct, 1, {}}});
      }
    };
    for (const auto& attempt : attempts) {
      end_until(attempt->sent_at);
      attributor.on(started(*attempt));
      ledger.on(started(*attempt));
      if (attempt->sent_at < at(settle_at)) continue;
      records += ledger.book(attributor.settle(timeline, attempt->sent_at)).size();
      settle_at += 0.1;
    }
    end_until(at(12));
    records += ledger.book(attributor.settle(timeline, at(12))).size();
    if (records != attempts.size()) state.SkipWithError("not every query was booked");
  }
  state.counters["us_per_query"] =
      benchmark::Counter(static_cast<double>(attempts.size()) / 1e6,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(books)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ipw
