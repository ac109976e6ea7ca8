#include "exporter/web/status_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/web/html.hpp"
#include "tests/support/sample_snapshot.hpp"

namespace ipw::web {
namespace {

using namespace ::ipw::testing;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusPage, ShowsTheBasicNumbersWithoutScripts) {
  const auto page = status_page(sample_snapshot(), "").body;
  for (const char* text :
       {"40.0 %", "30.9 % to 49.8 %, n = 100", "Cycle 2", "33 <small>of 500", "0.006667", "0.003333", "312.5",
        "Permission denied", "NVIDIA H200", "correct 40 · wrong 60", "ok 99 · http_5xx 1", "80.0 %"})
    EXPECT_THAT(page, HasSubstr(text));
}

TEST(StatusPage, EscapesWhateverServersAndCorporaSay) {
  auto snapshot = sample_snapshot();
  const std::string evil = "\"><img src=x onerror='alert(1)'>";
  auto& target = snapshot.targets[0];
  target.info = {evil, evil, evil, evil, evil, evil, evil, false};
  target.recent_failures[0].query_id = target.recent_failures[0].id = evil;
  target.recent_failures[0].target = evil;
  target.paused = replay::PauseReason::load;
  target.paused_why = evil;
  AttemptSpan span;
  span.id = span.query_id = evil;
  span.ended_at = sample_time();
  target.recent_attempts = {std::make_shared<const AttemptSpan>(span)};
  target.recent_failures[0].outcome_reason = evil;
  snapshot.books[0].device_name = evil;
  for (auto& channel : snapshot.channels) channel.source = channel.channel = channel.device = channel.reason = evil;
  const auto page = status_page(snapshot, evil).body;
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("\">&lt;")));
  EXPECT_THAT(page, HasSubstr("&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;"));
}

TEST(StatusPage, LoadsNothingFromElsewhereAndRunsNothingInline) {
  const auto response = status_page(sample_snapshot(), "");
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  ASSERT_EQ(response.headers.size(), 1);
  EXPECT_EQ(response.headers[0].first, "Content-Security-Policy");
  EXPECT_THAT(response.headers[0].second, HasSubstr("default-src 'none'"));
  EXPECT_THAT(response.headers[0].second, Not(HasSubstr("unsafe")));
  EXPECT_THAT(response.body, HasSubstr("<noscript><meta http-equiv=refresh"));
  for (const char* text : {"src=\"http", "href=\"http", "style=", "onclick", "<script>"})
    EXPECT_THAT(response.body, Not(HasSubstr(text)));
}

TEST(StatusPage, StaysLightWithManyLongFailures) {
  auto snapshot = sample_snapshot();
  auto& failures = snapshot.targets[0].recent_failures;
  failures.resize(200, failures[0]);
  for (auto& failure : failures) failure.outcome_reason = std::string(100'000, '<');
  EXPECT_LT(status_page(snapshot, "").body.size(), 50'000U);
}

TEST(StatusPage, LinksTheFailuresOfAllTargetsTheNewestFirst) {
  auto snapshot = sample_snapshot();
  snapshot.targets.push_back(sample_target());
  auto& later = snapshot.targets[1].recent_failures[0];
  later.id = "r2/8";
  later.ended_at += std::chrono::seconds(1);
  const auto page = status_page(snapshot, "").body;
  const auto first = page.find("href=\"/queries/r2%2F8\""), second = page.find("href=\"/queries/r1-7\"");
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_THAT(page, HasSubstr("The last 20 failures of each target stay here"));
}

TEST(StatusPage, ShowsWhatRunsAndLinksWhatHasARecord) {
  auto snapshot = sample_snapshot();
  AttemptSpan running, ended, warmup;
  running.id = "run-1";
  running.query_id = "a";
  ended.id = "end-1";
  ended.query_id = "b";
  ended.sent_at = sample_time();
  ended.ended_at = sample_time() + std::chrono::milliseconds(1500);
  ended.outcome = replay::Outcome::ok;
  warmup = ended;
  warmup.id = "warm-1";
  warmup.warmup = true;
  for (const auto& span : {running, ended, warmup})
    snapshot.targets[0].recent_attempts.push_back(std::make_shared<const AttemptSpan>(span));
  const auto page = status_page(snapshot, "").body;
  EXPECT_THAT(page, HasSubstr("/queries/end-1"));
  EXPECT_THAT(page, HasSubstr("1.5 <small>s"));
  EXPECT_THAT(page, HasSubstr("running"));
  EXPECT_THAT(page, Not(HasSubstr("/queries/run-1")));
  EXPECT_THAT(page, Not(HasSubstr("/queries/warm-1")));
}

TEST(StatusPage, MarksTheDemoAndSaysSoOnlyThere) {
  EXPECT_THAT(status_page(sample_snapshot(), "Recorded answers, simulated power.").body,
              HasSubstr("<strong>Demo.</strong> Recorded answers, simulated power."));
  EXPECT_THAT(status_page(sample_snapshot(), "").body, Not(HasSubstr("Demo.")));
}

TEST(StatusPage, OfAnEmptySnapshotSaysWhatIsMissing) {
  const auto page = status_page({}, "").body;
  EXPECT_THAT(page, HasSubstr("No power source, so no books."));
  EXPECT_THAT(page, HasSubstr("ipw-sidecar probes"));
}

TEST(Html, BarsAreDrawnWithoutStylesAndNeverBeyondTheirEnd) {
  const BarPart parts[] = {{"<a>", 0.25, "x"}, {"nothing", 0, "y"}, {"too much", 2, "z"}};
  const auto bar = bar_html(parts, "a \"bar\"");
  for (const char* text : {"class=\"x\" x=0.0 width=250.0", "class=\"z\" x=250.0 width=750.0", "&lt;a&gt;",
                           "aria-label=\"a &quot;bar&quot;\""})
    EXPECT_THAT(bar, HasSubstr(text));
  EXPECT_THAT(bar, Not(HasSubstr("class=\"y\"")));
  EXPECT_THAT(bar, Not(HasSubstr("style=")));
}

TEST(Html, ChangesCarryTheirSignAndTimesTheirZone) {
  EXPECT_EQ(bounds_text({-0.5, 1.25}), "[−0.5, 1.25]");
  EXPECT_EQ(time_html(sample_time()),
            "<time datetime=\"2026-11-18T11:06:40.000000Z\" title=UTC>2026-11-18 11:06:40</time>");
  EXPECT_THAT(time_html(sample_time(), true), HasSubstr(">2026-11-18 11:06:40.000<"));
  EXPECT_EQ(query_address("a/b <c>"), "/queries/a%2Fb%20%3Cc%3E");
}

TEST(Html, FiguresAreShortAndUnknownIsADash) {
  struct Case {
    std::optional<double> value;
    const char* text;
  } const cases[] = {{std::nullopt, "–"},  {0, "0"},       {0.00132, "0.00132"}, {123.456, "123.5"},
                     {1234567, "1234567"}, {-2.5, "-2.5"}, {1e-7, "1e-07"},      {std::nan(""), "–"}};
  for (const auto& c : cases) EXPECT_EQ(figure(c.value), c.text);
  EXPECT_EQ(figure(3, "W<"), "3 <small>W&lt;</small>");
}

}  // namespace
}  // namespace ipw::web
