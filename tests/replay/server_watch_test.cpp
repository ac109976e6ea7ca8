#include "replay/server_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/support/attempts.hpp"
#include "tests/support/event_log.hpp"
#include "tests/support/meter_server.hpp"

namespace ipw::replay {
namespace {

using ::testing::HasSubstr;
using testing::MeterServer;
using namespace std::chrono_literals;

const std::string kModels = R"({"data": [{"id": "m"}]})";

// A watch on a server of the test's own, asking a hundred times a second.
class Watching : public ::testing::Test {
 protected:
  Watching() {
    server_.page("/health", {"{}"});
    server_.page("/v1/models", {kModels});
    server_.page("/metrics", {"vllm:num_requests_running 4\nvllm:num_requests_waiting 1\n"});
    plan_.model = "m";
    plan_.pages = {.health = "/health", .models = "/v1/models", .metrics = "/metrics"};
    plan_.politeness.poll = Seconds{0.01};
    plan_.clock = &clock_;
    plan_.events = log_.sink();
  }
  void watch() {
    TransportOptions transport;
    transport.url = *Url::parse(server_.url() + "/v1");
    transport.headers = {{"Authorization", "Bearer key"}};
    watch_ = *ServerWatch::open(plan_, transport);
  }
  std::optional<Hold> hold() { return watch_->hold(clock_.now()); }
  // Waits for as long as it takes: the test's own limit ends what never comes.
  template <class Condition>
  void eventually(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }
  std::ptrdiff_t asked(const std::string& page) {
    const auto all = server_.asked();
    return std::ranges::count(all, "GET " + page);
  }
  Attempt ended(Outcome outcome, int status = 0) {
    auto attempt = *testing::make_attempt(testing::make_query(), {.outcome = outcome});
    attempt.http_status = status;
    attempt.sent_at = attempt.ended_at = clock_.now();
    watch_->started(testing::started(attempt));
    watch_->ended(attempt);
    return attempt;
  }

  SteadyClock clock_;
  MeterServer server_;
  testing::EventLog log_;
  ServerWatch::Plan plan_;
  std::unique_ptr<ServerWatch> watch_;
};

TEST_F(Watching, OpensAsSoonAsTheServerIsReady) {
  watch();
  eventually([&] { return !hold(); });
  eventually([&] { return asked("/metrics") > 2; });
  EXPECT_EQ(asked("/health"), 1) << "what is ready is not asked again";
  EXPECT_EQ(asked("/v1/models"), 1);
}

TEST_F(Watching, APageThatIsNotThereIsNoReasonToWait) {
  for (const int status : {401, 403, 404, 405, 429, 501}) {
    MeterServer bare;
    bare.answer([&](const MeterServer::Asked&) { return MeterServer::Reply{"{}", status}; });
    TransportOptions transport;
    transport.url = *Url::parse(bare.url());
    const auto watch = *ServerWatch::open(plan_, transport);
    eventually([&] { return !watch->hold(clock_.now()); });
  }
}

TEST_F(Watching, SaysWhyItHolds) {
  server_.page("/health", {R"({"error": {"message": "Loading model"}})", 503});
  watch();
  eventually([&] { return hold() && hold()->why == "HTTP 503 from /health: Loading model"; });
  EXPECT_EQ(hold()->reason, PauseReason::not_ready);
  EXPECT_TRUE(hold()->retries_too);
  server_.page("/health", {"{}"});
  server_.page("/v1/models", {R"({"data": [{"id": "other"}]})"});
  eventually([&] { return hold()->why == "the server does not serve the model `m`; it serves other"; });
  server_.page("/v1/models", {kModels});
  eventually([&] { return !hold(); });
}

TEST_F(Watching, APassIsOverWhenTheServerStaysAway) {
  server_.away();
  plan_.ready_timeout = Seconds{0.2};
  const auto began = clock_.now();
  watch();
  EXPECT_FALSE(watch_->hold(began)->ends_pass);
  eventually([&] { return hold()->ends_pass; });
  EXPECT_GE(clock_.now() - began, 200ms);
  EXPECT_THAT(hold()->why, HasSubstr("127.0.0.1"));
}

TEST_F(Watching, WithoutATimeoutNothingHolds) {
  server_.away();
  plan_.ready_timeout = Seconds{0};
  watch();
  EXPECT_FALSE(hold());
  ended(Outcome::connect);
  EXPECT_FALSE(hold());
}

TEST_F(Watching, ARefusedConnectionAndA503CloseAtOnce) {
  watch();
  for (const auto& [outcome, status] : {std::pair(Outcome::connect, 0), std::pair(Outcome::http_5xx, 503)}) {
    eventually([&] { return !hold(); });
    ended(outcome, status);
    ASSERT_TRUE(hold());
    EXPECT_EQ(hold()->why, "it failed");
  }
  eventually([&] { return !hold(); });
}

TEST_F(Watching, ACutStreamIsLookedInto) {
  watch();
  eventually([&] { return !hold(); });
  const auto before = asked("/health");
  ended(Outcome::stream_cut);
  EXPECT_FALSE(hold()) << "not before it is known";
  eventually([&] { return asked("/health") > before; });
  server_.away();
  ended(Outcome::stream_cut);
  eventually([&] { return hold().has_value(); });
  server_.back();
  eventually([&] { return !hold(); });
}

TEST_F(Watching, HoldsWhileOthersAreMany) {
  plan_.politeness.max_foreign = 3;
  watch();
  eventually([&] { return hold() && hold()->reason == PauseReason::load; });
  EXPECT_EQ(hold()->why, "4 requests of others at the server, max_foreign is 3");
  // One of them is ours now.
  const auto mine = *testing::make_attempt(testing::make_query(), {});
  watch_->started(testing::started(mine));
  eventually([&] { return !hold(); });
  auto attempt = mine;
  attempt.sent_at = clock_.now();
  const auto polls = asked("/metrics");
  eventually([&] { return asked("/metrics") > polls + 2; });
  attempt.ended_at = clock_.now();
  watch_->ended(attempt);
  EXPECT_EQ(attempt.load, (ServerLoad{.running = 4, .waiting = 1, .foreign = 3}));
  eventually([&] { return hold().has_value(); });
  EXPECT_EQ(std::ranges::count(log_.lines(), "identity seen"), 1) << "told when it changes";
  EXPECT_GT(log_.lines().size(), 2U) << "every poll is told: others may have come and gone";
}

TEST_F(Watching, HoldsWhileRequestsWait) {
  plan_.politeness.max_waiting = 0;
  watch();
  eventually([&] { return hold() && hold()->why == "1 request waiting at the server, max_waiting is 0"; });
}

TEST_F(Watching, AnUnknownLoadHoldsNothing) {
  plan_.politeness.max_foreign = 0;
  server_.page("/metrics", {"something_else 5\n"});
  watch();
  eventually([&] { return asked("/metrics") > 1 && !hold(); });
}

TEST_F(Watching, TheLoadMayBeShownElsewhereAndUnderOtherNames) {
  MeterServer elsewhere;
  elsewhere.answer([](const MeterServer::Asked& asked) {
    return MeterServer::Reply{asked.target == "/stats" && asked.header("Authorization").empty() ? "busy 9\n" : ""};
  });
  plan_.politeness.load_url = *Url::parse(elsewhere.url() + "/stats");
  plan_.politeness.metrics.running = "busy";
  plan_.politeness.max_foreign = 8;
  watch();
  eventually([&] { return hold() && hold()->why == "9 requests of others at the server, max_foreign is 8"; });
  EXPECT_EQ(asked("/metrics"), 0);
}

TEST_F(Watching, ADeadServerIsNoticedByItsLoadPage) {
  watch();
  eventually([&] { return !hold(); });
  server_.away();
  eventually([&] { return hold().has_value(); });
  EXPECT_EQ(hold()->reason, PauseReason::not_ready);
}

TEST_F(Watching, EndsWhileTheServerIsSilent) {
  server_.hang(true);
  watch();
  eventually([&] { return asked("/health") > 0; });
  const auto began = clock_.now();
  watch_.reset();
  EXPECT_LT(clock_.now() - began, 3s);
  server_.hang(false);
}

}  // namespace
}  // namespace ipw::replay
