// A replayer over real HTTP against servers that misbehave: each gets one clear outcome with one clear reason, and no
// query is lost.
#include <gtest/gtest.h>

#include "replay/replayer.hpp"
#include "tests/support/replay_parts.hpp"
#include "tests/support/scripted_server.hpp"

namespace ipw::replay {
namespace {

using testing::chunked;
using testing::EventLog;
using testing::http_response;
using testing::kLastChunk;
using testing::kStreamHead;
using testing::openai_response;
using testing::Peer;
using testing::ScriptedServer;

std::unique_ptr<Transport> transport(int port, StreamTimeouts timeouts, std::size_t streams = 1) {
  TransportOptions options;
  options.url = *Url::parse("http://127.0.0.1:" + std::to_string(port) + "/v1");
  options.timeouts = timeouts;
  options.streams = streams;
  return *open_http_transport(std::move(options));
}

ScriptedServer::Script answer(std::string response) {
  return [response = std::move(response)](Peer& peer) {
    while (!peer.read_request().empty()) peer.send(response);
  };
}

const std::string kToken = chunked("data: {\"choices\":[{\"delta\":{\"content\":\"The ans\"}}]}\n\n");

TEST(BadServers, OneOutcomeAndOneReasonEach) {
  const std::string head(kStreamHead);
  const struct {
    const char* name;
    ScriptedServer::Script script;
    Outcome outcome;
    const char* reason;
  } cases[] = {
      {"401", answer(http_response("401 Unauthorized", "", R"({"error":{"message":"Incorrect API key provided"}})")),
       Outcome::http_4xx, "HTTP 401: Incorrect API key provided (check the target's api_key_env or api_key_file)"},
      {"404",
       answer(http_response("404 Not Found", "", R"({"error":{"message":"The model `model` does not exist."}})")),
       Outcome::http_4xx, "HTTP 404: The model `model` does not exist. (check the target's url and model)"},
      {"429",
       answer(http_response("429 Too Many Requests", "Retry-After: 0\r\n", R"({"error":{"message":"Rate limit"}})")),
       Outcome::http_429, "HTTP 429: Rate limit"},
      {"500", answer(http_response("500 Internal Server Error", "", "oops")), Outcome::http_5xx, "HTTP 500: oops"},
      {"redirect", answer(http_response("301 Moved", "Location: https://elsewhere/\r\n", "")), Outcome::http_4xx,
       "HTTP 301: redirect refused, it leads to https://elsewhere/"},
      {"HTML", answer(http_response("200 OK", "Content-Type: text/html\r\n", "<html><body>It works!</body></html>")),
       Outcome::unparsable, "the answer is not a chat completion; it begins: <html><body>It works!</body></html>"},
      {"half an event", answer(head + chunked("data: {\"choices\":[{\"del") + std::string(kLastChunk)),
       Outcome::stream_cut, "the stream ended in the middle of an event"},
      {"no [DONE]", answer(head + kToken + std::string(kLastChunk)), Outcome::stream_cut,
       "the stream ended before the server said that the answer is finished"},
      {"broken JSON", answer(head + chunked("data: {oops\n\n") + std::string(kLastChunk)), Outcome::unparsable,
       "an event of the stream is not a JSON object: {oops"},
      {"an error inside",
       answer(head + kToken + chunked("data: {\"error\":{\"message\":\"CUDA out of memory\"}}\n\n") +
              std::string(kLastChunk)),
       Outcome::stream_error, "the server reported inside its answer: CUDA out of memory"},
      {"an empty body", answer(http_response("200 OK", "", "")), Outcome::stream_cut, "the answer is empty"},
      {"no text",
       answer(head + chunked("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n") +
              std::string(kLastChunk)),
       Outcome::empty, "the server finished without any text (finish_reason `stop`)"},
      {"accepts and closes", [](Peer&) {}, Outcome::stream_cut, "the server closed the connection without an answer"},
      {"accepts and stays silent", [](Peer& p) { p.wait_for_close(); }, Outcome::timeout_first_token,
       "no first token in time"},
      {"stops in mid-stream and closes", [&](Peer& p) { p.read_request(), p.send(head + kToken); }, Outcome::stream_cut,
       "the server closed the connection in the middle of the answer"},
      {"stops in mid-stream and stays", [&](Peer& p) { p.read_request(), p.send(head + kToken), p.wait_for_close(); },
       Outcome::timeout_total, "no complete answer in the total time"},
  };
  const SteadyClock clock;
  const auto corpus = testing::questions(1);
  for (const auto& c : cases) {
    ScriptedServer server(c.script);
    EventLog log;
    auto parts =
        testing::replay_parts(corpus, transport(server.port(), {Seconds{2}, Seconds{0.3}, Seconds{0.6}}), clock, log);
    parts.retry = {.attempts = 2, .backoff = Seconds{0}};
    EXPECT_TRUE(Replayer(std::move(parts)).run({})) << c.name;
    const auto attempts = log.attempts();
    ASSERT_EQ(attempts.size(), may_pass(c.outcome) ? 2U : 1U) << c.name;
    for (const auto& attempt : attempts) {
      EXPECT_EQ(to_text(attempt.outcome), to_text(c.outcome)) << c.name;
      EXPECT_EQ(attempt.reason, c.reason) << c.name;
    }
    EXPECT_EQ(log.lines().back(), "judged q1 unanswered") << c.name;
    testing::expect_sound(log);
  }
}

TEST(BadServers, NobodyThere) {
  const SteadyClock clock;
  const auto corpus = testing::questions(2);
  EventLog log;
  const int port = testing::closed_port();
  auto parts = testing::replay_parts(corpus, transport(port, {}), clock, log);
  parts.retry = {.attempts = 1};
  EXPECT_TRUE(Replayer(std::move(parts)).run({}));
  for (const auto& attempt : log.attempts()) {
    EXPECT_EQ(attempt.outcome, Outcome::connect);
    EXPECT_EQ(attempt.reason, "cannot connect to http://127.0.0.1:" + std::to_string(port) + ": Connection refused");
  }
  EXPECT_EQ(log.attempts().size(), 2U);
  testing::expect_sound(log);
}

TEST(BadServers, AServerThatRecoversLosesNoQuery) {
  const SteadyClock clock;
  const auto corpus = testing::questions(30);
  EventLog log;
  const auto bad = answer(http_response("503 Service Unavailable", "", "loading model"));
  const auto dead = [](Peer& p) { p.read_request(); };
  ScriptedServer server({bad, dead, dead, answer(openai_response("42"))});
  auto parts = testing::replay_parts(corpus, transport(server.port(), {}, 4), clock, log);
  parts.pacing = testing::closed_loop(4);
  parts.retry = {.attempts = 100, .backoff = Seconds{0}};
  EXPECT_TRUE(Replayer(std::move(parts)).run({}));
  std::set<std::string> answered_ids;
  for (const auto& attempt : log.attempts())
    if (attempt.final && attempt.outcome == Outcome::ok) answered_ids.insert(attempt.query->item->id);
  EXPECT_EQ(answered_ids.size(), 30U);
  testing::expect_sound(log);
}

TEST(GoodServer, ManyStreamsAtOnce) {
  const SteadyClock clock;
  constexpr int kQueries = 3000;
  const auto corpus = testing::questions(kQueries);
  EventLog log;
  ScriptedServer server(answer(openai_response("42")));
  auto parts = testing::replay_parts(corpus, transport(server.port(), {}, 256), clock, log);
  parts.pacing = testing::closed_loop(256);
  const auto began = clock.now();
  EXPECT_TRUE(Replayer(std::move(parts)).run({}));
  const auto took = between(began, clock.now());
  RecordProperty("queries_per_second", std::to_string(kQueries / took.value));
  std::map<std::string, int> lines;
  for (auto& line : log.lines()) ++lines[line.substr(0, line.find(' ')) + line.substr(line.rfind(' '))];
  EXPECT_EQ(lines["finished final"], kQueries);
  EXPECT_EQ(lines["judged correct"], kQueries);
  EXPECT_LE(server.connections(), 256U);
  testing::expect_sound(log);
}

TEST(GoodServer, AStopInTheMiddleLeavesNoQueryOpen) {
  const SteadyClock clock;
  const auto corpus = testing::questions(100'000);
  EventLog log;
  ScriptedServer server([&](Peer& peer) {
    for (;;) {
      const auto request = peer.read_request();
      const auto id = request.find("X-Query-Id: q");
      if (id == std::string::npos) return;
      if (std::atoi(request.c_str() + id + 13) > 40) return peer.wait_for_close();
      peer.send(openai_response("42"));
    }
  });
  auto parts = testing::replay_parts(corpus, transport(server.port(), {}, 8), clock, log);
  parts.pacing = testing::closed_loop(8);
  parts.grace = Seconds{0.05};
  Replayer replayer(std::move(parts));
  std::stop_source stop;
  std::jthread thread([&] { EXPECT_TRUE(replayer.run(stop.get_token())); });
  log.await("started q48 #1");  // and so the first 40 are answered
  stop.request_stop();
  thread.join();
  const auto attempts = log.attempts();
  const auto cancelled =
      std::count_if(attempts.begin(), attempts.end(), [](const Attempt& a) { return a.outcome == Outcome::cancelled; });
  EXPECT_EQ(cancelled, 8);
  testing::expect_sound(log);
}

}  // namespace
}  // namespace ipw::replay
