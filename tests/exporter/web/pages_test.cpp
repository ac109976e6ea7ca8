#include "exporter/web/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporter/web/request_head.hpp"
#include "exporter/web/static_files.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/sample_snapshot.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::web {
namespace {

using namespace ::ipw::testing;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

AttemptRecord record(const std::string& id, const std::string& target, replay::Outcome outcome) {
  AttemptRecord r;
  r.id = id;
  r.query_id = "q-" + id;
  r.final = true;
  r.target = target;
  r.model = "m";
  r.corpus = "c";
  r.outcome = outcome;
  r.verdict = outcome == replay::Outcome::ok ? replay::VerdictKind::correct : replay::VerdictKind::unanswered;
  r.score = outcome == replay::Outcome::ok ? 1 : 0;
  r.scheduled_at = r.sent_at = r.ended_at = sample_time();
  return r;
}

class Pages : public ::testing::Test {
 protected:
  Pages() {
    JournalOptions options;
    options.path = (folder_.path() / "ipw.db").string();
    journal_ = *Journal::open(options);
    const auto stored =
        journal_->append({record("a-1", "one", replay::Outcome::ok), record("a-2", "two", replay::Outcome::http_5xx),
                          record("a/3", "one", replay::Outcome::ok)});
    EXPECT_TRUE(stored);
    sources_.snapshots = &snapshots_;
    sources_.journal = journal_.get();
    sources_.ready = [this] { return ready_; };
    sources_.config_text = "listen: 127.0.0.1:9947\n";
  }
  Response get(const std::string& path, std::multimap<std::string, std::string> query = {}) {
    const Request request{path, std::move(query), [](const std::string&) { return std::string{}; }};
    for (const auto& route : pages(sources_)) {
      const bool star = route.pattern.ends_with('*');
      const auto stem = route.pattern.substr(0, route.pattern.size() - 1);
      if (star ? path.starts_with(stem) && path.size() > stem.size() : route.pattern == path)
        return route.handler(request);
    }
    ADD_FAILURE() << "no route for " << path;
    return {};
  }

  TemporaryFolder folder_;
  Published<Snapshot> snapshots_{std::make_shared<const Snapshot>(sample_snapshot())};
  std::unique_ptr<Journal> journal_;
  PageSources sources_;
  bool ready_{true};
};

TEST_F(Pages, MetricsAreInThePrometheusTextFormat) {
  const auto page = get("/metrics");
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("# TYPE ipw_queries_total counter\n"));
}

TEST_F(Pages, ReadinessFollowsTheService) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/-/ready").status, 200);
  ready_ = false;
  EXPECT_EQ(get("/-/ready").status, 503);
  EXPECT_EQ(get("/-/healthy").status, 200);
}

TEST_F(Pages, ShowTheSnapshotOfTheMoment) {
  snapshots_.set(std::make_shared<const Snapshot>());
  EXPECT_TRUE(Json::parse(get("/api/v1/status").body)["targets"].empty());
  EXPECT_TRUE(Json::parse(get("/api/v1/targets").body)["targets"].empty());
}

TEST_F(Pages, ServeConfigurationAndTheFilesOfThePage) {
  EXPECT_EQ(get("/api/v1/config").body, "listen: 127.0.0.1:9947\n");
  EXPECT_THAT(get("/api/v1/config").content_type, StartsWith("text/yaml"));
  const auto page = get("/").body;
  std::size_t weight = page.size();
  for (const char* file : {"page.css", "live.js", "chart.js", "power.js", "icon.svg", "dygraph.js", "dygraph.css"}) {
    const auto address = static_address(file);
    EXPECT_THAT(page, HasSubstr("\"" + address + "\"")) << file;
    const auto at = address.find("?v=");
    const auto kept = get(address.substr(0, at), {{"v", address.substr(at + 3)}});
    EXPECT_FALSE(kept.body.empty()) << file;
    ASSERT_EQ(kept.headers.size(), 1U) << file;
    EXPECT_THAT(kept.headers[0].second, HasSubstr("immutable")) << file;
    EXPECT_TRUE(get(address.substr(0, at), {{"v", "other"}}).headers.empty()) << "another version is not kept";
    weight += gzipped(kept.body)->size();
  }
  EXPECT_LT(weight, 100'000U);
}

TEST_F(Pages, QueriesAreFiltered) {
  struct Case {
    const char* name;
    std::multimap<std::string, std::string> query;
    std::vector<std::string> ids;
  } const cases[] = {
      {"all, newest first", {}, {"a/3", "a-2", "a-1"}},
      {"by target", {{"target", "two"}}, {"a-2"}},
      {"by outcome", {{"outcome", "ok"}}, {"a/3", "a-1"}},
      {"by verdict", {{"verdict", "unanswered"}}, {"a-2"}},
      {"at most", {{"limit", "1"}}, {"a/3"}},
      {"none", {{"target", "none"}}, {}},
  };
  for (const auto& c : cases) {
    const auto page = get("/api/v1/queries", c.query);
    ASSERT_EQ(page.status, 200) << c.name << page.body;
    std::vector<std::string> ids;
    const auto queries = Json::parse(page.body)["queries"];
    for (const auto& one : queries) ids.push_back(one["id"]);
    EXPECT_EQ(ids, c.ids) << c.name;
  }
}

TEST_F(Pages, WrongParametersAreExplained) {
  struct Case {
    const char *path, *name, *value, *message;
  } const cases[] = {
      {"/api/v1/queries", "verdict", "right",
       "unknown verdict `right`; accepted: correct, tie, wrong, unparsed, unanswered, judge_error"},
      {"/api/v1/queries", "outcome", "http_500", "unknown outcome `http_500`; accepted: ok, length, connect, tls, "},
      {"/api/v1/queries", "limit", "0", "`limit` must be a whole number from 1 to 1000"},
      {"/api/v1/queries", "limit", "1001", "`limit` must be a whole number from 1 to 1000"},
      {"/api/v1/queries", "limit", "ten", "`limit` must be a whole number from 1 to 1000"},
      {"/api/v1/queries", "limit", "", "`limit` must be a whole number from 1 to 1000"},
      {"/api/v1/queries", "tagret", "x", "unknown parameter `tagret`; accepted: target, verdict, outcome, limit"},
      {"/api/v1/power", "seconds", "3601", "`seconds` must be a whole number from 1 to 3600"},
      {"/api/v1/power", "limit", "1", "unknown parameter `limit`; accepted: seconds, samples"},
      {"/api/v1/power", "samples", "9", "`samples` must be a whole number from 10 to 600"},
      {"/api/v1/queries/a-1", "margin", "61", "`margin` must be a whole number from 0 to 60"},
  };
  for (const auto& c : cases) {
    const auto page = get(c.path, {{c.name, c.value}});
    EXPECT_EQ(page.status, 400) << c.message;
    EXPECT_THAT(Json::parse(page.body)["error"].get<std::string>(), StartsWith(c.message));
  }
}

TEST_F(Pages, OneQueryIsShownWholeByItsId) {
  for (const char* id : {"a-1", "a/3"}) {
    const auto page = get(std::string("/api/v1/queries/") + id);
    ASSERT_EQ(page.status, 200) << page.body;
    const auto json = Json::parse(page.body);
    EXPECT_EQ(json["id"], id);
    EXPECT_EQ(json["verdict"], "correct");
    EXPECT_TRUE(json["first_token_at"].is_null());
    EXPECT_TRUE(json["power_samples"].is_array());
  }
  const auto missing = get("/api/v1/queries/nope");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(Json::parse(missing.body)["error"], "no attempt has the id `nope`");
}

TEST_F(Pages, TheLatestQueriesAreDrawnAlongThePower) {
  auto snapshot = sample_snapshot();
  AttemptSpan old, failed, running;
  old.id = "old";
  old.ended_at = sample_time() - std::chrono::seconds(11);
  failed.id = "failed";
  failed.sent_at = sample_time() - std::chrono::seconds(2);
  failed.ended_at = sample_time();
  failed.outcome = replay::Outcome::timeout_total;
  running.id = "running";
  running.sent_at = sample_time();
  for (const auto& span : {running, failed, old})
    snapshot.targets[0].recent_attempts.push_back(std::make_shared<const AttemptSpan>(span));
  snapshots_.set(std::make_shared<const Snapshot>(snapshot));
  const auto queries = Json::parse(get("/api/v1/power", {{"seconds", "10"}}).body)["queries"];
  ASSERT_EQ(queries.size(), 2U);
  EXPECT_EQ(queries[0]["id"], "running");
  EXPECT_TRUE(queries[0]["ended_at"].is_null());
  EXPECT_EQ(queries[1]["outcome"], "timeout_total");
  EXPECT_EQ(queries[1]["answered"], false);
  EXPECT_EQ(queries[1]["sent_at"], 1'794'999'998);
}

TEST_F(Pages, AQueryHasAPageOfItsOwn) {
  for (const char* id : {"a-1", "a/3"}) {
    const auto page = get(std::string("/queries/") + id);
    EXPECT_EQ(page.status, 200) << page.body;
    EXPECT_THAT(page.body, HasSubstr("q-" + std::string(id)));
    EXPECT_THAT(page.body, HasSubstr("There is no power source, so no curve."));
  }
  const auto missing = get("/queries/<b>");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(missing.body, HasSubstr("No attempt has the id &lt;b&gt;"));
  EXPECT_THAT(missing.body, HasSubstr("href=\"/queries\""));
}

TEST_F(Pages, TheListOfQueriesIsNarrowedByLinks) {
  const auto all = get("/queries").body, failed = get("/queries", {{"target", "two"}, {"outcome", "http_5xx"}}).body;
  EXPECT_THAT(all, HasSubstr("/queries/a-1"));
  EXPECT_THAT(all, HasSubstr("href=\"/queries?verdict=wrong\""));
  EXPECT_THAT(failed, Not(HasSubstr("/queries/a-1")));
  EXPECT_THAT(failed, HasSubstr("/queries/a-2"));
  EXPECT_THAT(failed, HasSubstr("href=\"/queries?target=two&amp;verdict=wrong&amp;outcome=http_5xx\""));
  EXPECT_THAT(get("/queries", {{"target", "none"}}).body, HasSubstr("None is in the journal."));
  EXPECT_EQ(get("/queries", {{"verdict", "<b>"}}).status, 400);
  EXPECT_THAT(get("/queries", {{"verdict", "<b>"}}).body, HasSubstr("unknown verdict `&lt;b&gt;`"));
}

TEST_F(Pages, WithoutAJournalSayThat) {
  sources_.journal = nullptr;
  EXPECT_EQ(get("/api/v1/queries").status, 503);
  EXPECT_EQ(get("/api/v1/queries/a-1").status, 503);
  for (const char* path : {"/queries", "/queries/a-1"}) EXPECT_EQ(get(path).status, 503) << path;
  EXPECT_EQ(Json::parse(get("/api/v1/queries").body)["error"], "no journal is open");
}

TEST_F(Pages, ThePowerOfTheLastSecondsAndOfAQuerysWindow) {
  const SteadyClock clock;
  probes::ProbeEnvironment environment;
  environment.clock = &clock;
  const WallAnchor anchor = WallAnchor::now();
  const auto begin = clock.now();
  auto rig =
      probes::Rig::open({options_from("type: simulated\nwatts: 300\n")}, environment, Seconds{0.01}, Seconds{60});
  ASSERT_TRUE(rig) << rig.error().message;
  const auto end = begin + std::chrono::milliseconds(300);
  ASSERT_TRUE(clock.sleep_until(end + std::chrono::milliseconds(50), {}));

  auto query = record("b-1", "one", replay::Outcome::ok);
  query.sent_at = anchor.wall(begin + std::chrono::milliseconds(100));
  query.ended_at = anchor.wall(end);
  ASSERT_TRUE(journal_->append({query}));
  sources_.rig = rig->get();
  sources_.anchor = anchor;

  const auto channels = Json::parse(get("/api/v1/queries/b-1").body)["power_samples"];
  ASSERT_EQ(channels.size(), 1);
  EXPECT_EQ(channels[0]["quality"], "simulated");
  const auto& samples = channels[0]["samples"];
  ASSERT_GT(samples.size(), 5U);
  for (const auto& sample : samples) {
    EXPECT_GE(sample[0].get<double>(), 0);
    EXPECT_LE(sample[0].get<double>(), 0.2);
    EXPECT_NEAR(sample[1].get<double>(), 300, 3);
  }
  const auto around = Json::parse(get("/api/v1/queries/b-1", {{"margin", "1"}}).body)["power_samples"][0]["samples"];
  EXPECT_LT(around.front()[0].get<double>(), 0) << "what came before";
  EXPECT_THAT(get("/queries/b-1").body, HasSubstr("id=query-power"));
  auto past = record("b-0", "one", replay::Outcome::ok);
  ASSERT_TRUE(journal_->append({past}));
  EXPECT_THAT(get("/queries/b-0").body, HasSubstr("The curve is gone"));
  const auto power = Json::parse(get("/api/v1/power", {{"seconds", "10"}}).body);
  EXPECT_EQ(power["seconds"], 10);
  ASSERT_EQ(power["channels"].size(), 1);
  EXPECT_NEAR(power["channels"][0]["samples"].back()[1].get<double>(), 300, 3);
}

}  // namespace
}  // namespace ipw::web
