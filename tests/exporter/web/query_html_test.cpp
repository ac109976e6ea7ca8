#include "exporter/web/query_html.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/records.hpp"

namespace ipw::web {
namespace {

using namespace ::ipw::testing;
using ::testing::HasSubstr;
using ::testing::Not;

const PowerHistory kKnown{true, wall(1795182000000000)};

TEST(QueryHtml, ShowsAllThatIsKnown) {
  auto record = full_record("a-1", "law/1");
  record.problem = "Which one?";
  record.answer = "It is C.";
  const auto html = query_html(record, {record}, kKnown);
  for (const char* text :
       {"law/1", "Which one?", "It is C.", "correct", "the judge read: `C`, expected C", "multiple_choice", "physics",
        "cycle 3", "reasoning 0.1 s", "First token of the answer", "data-first-token=0.100000", "data-answer=0.200000",
        "NVIDIA H200", "/api/v1/queries/a-1", "The server says: ", "accelerator"})
    EXPECT_THAT(html, HasSubstr(text));
  EXPECT_THAT(html, Not(HasSubstr("Other attempts"))) << "there is no other";
}

TEST(QueryHtml, SaysWhatIsNotThereAndWhy) {
  struct Case {
    const char* name;
    AttemptRecord record;
    PowerHistory history;
    const char* says;
  };
  auto bare = full_record("a", "q");
  bare.problem = bare.answer = "";
  auto failed = bare;
  failed.outcome = replay::Outcome::connect;
  failed.outcome_reason = "no <route>";
  auto unmetered = bare;
  unmetered.energy.clear();
  const Case cases[] = {
      {"prompt", bare, kKnown, "The prompt is not kept"},
      {"answer", bare, kKnown, "The answer is not kept"},
      {"no answer", failed, kKnown, "No answer came."},
      {"why not", failed, kKnown, "no &lt;route&gt;"},
      {"curve", bare, {false, wall(1795182000000000)}, "The curve is gone"},
      {"since when", bare, {false, wall(1795182000000000)}, "store.keep_power"},
      {"no source", bare, {}, "There is no power source, so no curve."},
      {"no energy", unmetered, kKnown, "No power was metered"},
  };
  for (const auto& c : cases) EXPECT_THAT(query_html(c.record, {}, c.history), HasSubstr(c.says)) << c.name;
}

TEST(QueryHtml, OfAnEnergyThatIsNotKnownShowsNoFigure) {
  auto record = full_record("a", "q");
  record.energy = {scope_energy(probes::Scope::accelerator, 123.25)};
  EXPECT_THAT(query_energy_html(record), HasSubstr("123.2 <small>J"));
  record.energy[0].validity = Validity::gap;
  EXPECT_THAT(query_energy_html(record), Not(HasSubstr("123.2")));
  EXPECT_THAT(query_energy_html(record), HasSubstr("class=\"badge bad\">gap"));
}

TEST(QueryHtml, WhateverOthersSayStaysText) {
  const std::string evil = "</pre></textarea><script>alert(1)</script><img src=x onerror=\"alert(1)\">\xff";
  auto record = full_record(evil, evil);
  record.target = record.model = record.accelerator = record.corpus = record.subject = record.language = evil;
  record.outcome_reason = record.verdict_reason = record.judge = record.problem = record.answer = evil;
  const auto html = query_html(record, {record, record}, kKnown);
  for (const char* text : {"<script", "<img", "</textarea", "onerror=\"", "onerror=\\\""})
    EXPECT_THAT(html, Not(HasSubstr(text)));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST(QueryHtml, LinksTheOtherAttempts) {
  const auto first = full_record("a-1", "q"), second = full_record("a-2", "q");
  const auto html = query_html(first, {first, second}, kKnown);
  EXPECT_THAT(html, HasSubstr("Other attempts of this query"));
  EXPECT_THAT(html, HasSubstr("href=\"/queries/a-2\""));
}

TEST(QueryHtml, IsBoundedHoweverLongTheAnswerIs) {
  auto record = full_record("a", "q");
  record.answer = std::string(10'000'000, 'x');
  EXPECT_LT(query_html(record, {}, kKnown).size(), 300'000U);
}

}  // namespace
}  // namespace ipw::web
