// The whole replay path against a demo server that plays every misbehaviour by its name: what becomes of the attempt,
// of its text, its counts and its times.
#include "replay/demo/misbehaviour.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "replay/demo_server.hpp"
#include "replay/replayer.hpp"
#include "tests/support/decoding.hpp"
#include "tests/support/list_corpus.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/replay_parts.hpp"
#include "tests/support/speaking.hpp"

namespace ipw::replay {
namespace {

using testing::EventLog;
using testing::RawClient;

constexpr const char* kAnswer = "Six times seven is 42.";  // 6 tokens
constexpr const char* kHalf = "Six times se";              // 3 tokens
constexpr double kFirstToken = 0.02, kTokenGap = 0.003;

std::unique_ptr<DemoServer> serve(const std::vector<std::string>& specs = {}) {
  const std::vector<std::pair<std::string, std::string>> problems{{"q1", "6 * 7?"}, {"q2", "6 * 7?"}};
  testing::ListCorpus corpus(problems);
  const auto line = [](const char* id) { return R"({"id":")" + std::string(id) + R"(","text":")" + kAnswer + "\"}\n"; };
  auto recordings = Recordings::from_text("answers", line("q1") + line("q2"), corpus);
  EXPECT_TRUE(recordings);
  auto misbehaviours = demo::Misbehaviours::parse(specs);
  EXPECT_TRUE(misbehaviours) << misbehaviours.error().message;
  auto server = DemoServer::start({{"some-model", std::move(*recordings), Seconds{kFirstToken}, 1 / kTokenGap}},
                                  "127.0.0.1", 0, std::move(*misbehaviours));
  EXPECT_TRUE(server);
  return std::move(*server);
}

struct Setup {
  std::string request;  // the target's `request` map
  StreamTimeouts timeouts{Seconds{5}, Seconds{20}, Seconds{20}};
  int attempts{1};
  int queries{1};
  int concurrency{1};
};

std::string misbehave(const std::string& specs) {
  return specs.empty() ? "" : "headers: {X-Demo-Misbehave: " + specs + "}";
}

std::vector<Attempt> replay(const DemoServer& server, const Setup& setup) {
  const SteadyClock clock;
  const auto corpus = testing::questions(setup.queries);
  EventLog log;
  TransportOptions options;
  options.url = *Url::parse(server.url());
  options.timeouts = setup.timeouts;
  options.streams = static_cast<std::size_t>(setup.concurrency);
  auto parts = testing::replay_parts(corpus, *open_http_transport(std::move(options)), clock, log);
  parts.dialect = testing::open_dialect("openai", setup.request);
  parts.pacing = testing::closed_loop(setup.concurrency);
  parts.retry = {.attempts = setup.attempts, .backoff = Seconds{0}};
  EXPECT_TRUE(Replayer(std::move(parts)).run({}));
  testing::expect_sound(log);
  return log.attempts();
}

Attempt replay_one(const DemoServer& server, const Setup& setup) {
  const auto attempts = replay(server, setup);
  EXPECT_EQ(attempts.size(), 1U);
  return attempts.empty() ? Attempt{} : attempts.front();
}

std::string usage(const Attempt& attempt) {
  return testing::to_line(attempt.usage).substr(6);
}

// How many requests a misbehaviour fell on, or another count of that page.
int told(const DemoServer& server, const std::string& name) {
  RawClient client(server.port());
  client.send("GET /misbehaviours HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto page = client.read_to_end();
  const auto at = page.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stoi(page.substr(at + name.size() + 2));
}

// Which of the rows below stand for a misbehaviour.
std::set<std::string> tested;
void note_tested(const std::string& specs) {
  std::istringstream words(specs);
  for (std::string word; words >> word;) tested.insert(word.substr(0, word.find_first_of(":@")));
}

struct Said {
  const char* misbehave;
  Outcome outcome;
  const char* answer;
  const char* usage;
  const char* finish;
  std::size_t reasoning_bytes{0};
  std::int64_t text_events{6};
};

// What is an answer, however it is worded.
TEST(Misbehaviour, AnswersAreUnderstood) {
  constexpr std::size_t kBytes = 54;  // of the reasoning
  const char* const plain = "in=2 cached=- out=6 reasoning=-";
  const char* const reasoned = "in=2 cached=- out=20 reasoning=-";
  const char* const counted = "in=2 cached=- out=20 reasoning=14";
  const Said rows[] = {
      {"", Outcome::ok, kAnswer, plain, "stop"},
      {"reasoning_content", Outcome::ok, kAnswer, reasoned, "stop", kBytes, 20},
      {"reasoning", Outcome::ok, kAnswer, reasoned, "stop", kBytes, 20},
      {"thinking", Outcome::ok, kAnswer, reasoned, "stop", kBytes, 20},
      {"reasoning_details", Outcome::ok, kAnswer, reasoned, "stop", kBytes, 20},
      {"reasoning reasoning_tokens_nested", Outcome::ok, kAnswer, counted, "stop", kBytes, 20},
      {"reasoning_content reasoning_tokens_top", Outcome::ok, kAnswer, counted, "stop", kBytes, 20},
      {"usage_merged", Outcome::ok, kAnswer, plain, "stop"},
      {"usage_continuous", Outcome::ok, kAnswer, plain, "stop"},
      {"usage_null", Outcome::ok, kAnswer, plain, "stop"},
      {"usage_absent", Outcome::ok, kAnswer, "in=- cached=- out=- reasoning=-", "stop"},
      {"cached_nested:1", Outcome::ok, kAnswer, "in=2 cached=1 out=6 reasoning=-", "stop"},
      {"cached_top:2", Outcome::ok, kAnswer, "in=2 cached=2 out=6 reasoning=-", "stop"},
      {"cache_hit", Outcome::ok, kAnswer, "in=2 cached=1 out=6 reasoning=-", "stop"},
      {"empty_first", Outcome::ok, kAnswer, plain, "stop"},
      {"tool_call", Outcome::ok, "", plain, "tool_calls", 0, 7},
      {"speculative:4", Outcome::ok, kAnswer, plain, "stop", 0, 2},
      {"speculative:4 reasoning", Outcome::ok, kAnswer, reasoned, "stop", kBytes, 6},
      {"pieces:3", Outcome::ok, kAnswer, plain, "stop"},
      {"pieces:1 crlf comments fields", Outcome::ok, kAnswer, plain, "stop"},
      {"no_done", Outcome::ok, kAnswer, plain, "stop"},
      {"no_done usage_absent", Outcome::ok, kAnswer, "in=- cached=- out=- reasoning=-", "stop"},
      {"usage_merged no_done reasoning_details", Outcome::ok, kAnswer, reasoned, "stop", kBytes, 20},
      {"length", Outcome::length, kHalf, "in=2 cached=- out=3 reasoning=-", "length", 0, 3},
      {"length usage_merged", Outcome::length, kHalf, "in=2 cached=- out=3 reasoning=-", "length", 0, 3},
  };
  const auto server = serve();
  for (const auto& row : rows) {
    note_tested(row.misbehave);
    const auto attempt = replay_one(*server, {.request = misbehave(row.misbehave)});
    EXPECT_EQ(to_text(attempt.outcome), to_text(row.outcome)) << row.misbehave << ": " << attempt.reason;
    EXPECT_EQ(attempt.answer, row.answer) << row.misbehave;
    EXPECT_EQ(usage(attempt), row.usage) << row.misbehave;
    EXPECT_EQ(attempt.finish_reason, row.finish) << row.misbehave;
    EXPECT_EQ(attempt.reasoning_bytes, row.reasoning_bytes) << row.misbehave;
    EXPECT_EQ(attempt.text_events, row.text_events) << row.misbehave;
    ASSERT_TRUE(attempt.first_token_at && attempt.first_answer_at) << row.misbehave;
    EXPECT_GE(between(attempt.sent_at, *attempt.first_token_at).value, kFirstToken) << row.misbehave;
    const auto thought = between(*attempt.first_token_at, *attempt.first_answer_at).value;
    EXPECT_EQ(thought > 0, row.reasoning_bytes > 0) << row.misbehave;
  }
}

struct Failed {
  const char* misbehave;
  Outcome outcome;
  const char* answer;
  const char* reason;  // its beginning
};

TEST(Misbehaviour, FailuresAreToldApart) {
  constexpr const char* kError = "the server reported inside its answer: EngineCore encountered an issue.";
  const Failed rows[] = {
      {"error_nested:3", Outcome::stream_error, kHalf, kError},
      {"error_nested:0", Outcome::stream_error, "", kError},
      {"error_flat:3", Outcome::stream_error, kHalf, kError},
      {"abort:3", Outcome::stream_error, kHalf,
       "the server reported inside its answer: the server ended the answer with finish_reason `abort`"},
      {"not_json:3", Outcome::unparsable, kHalf, "an event of the stream is not a JSON object: {oops"},
      {"html", Outcome::unparsable, "",
       "the answer is not a chat completion; it begins: <!DOCTYPE html> <html><body>It works!</body></html>"},
      {"huge_line", Outcome::unparsable, "", "one event of the stream is larger than"},
      {"empty", Outcome::empty, "", "the server finished without any text (finish_reason `stop`)"},
      {"unfinished:3", Outcome::stream_cut, kHalf, "the stream ended before the server said that the answer is"},
      {"cut:3", Outcome::stream_cut, kHalf, "the server closed the connection in the middle of the answer"},
      {"cut:0", Outcome::stream_cut, "", "the server closed the connection in the middle of the answer"},
      {"cut:6", Outcome::stream_cut, kAnswer, "the server closed the connection in the middle of the answer"},
      {"cut_event:3", Outcome::stream_cut, kHalf, "the server closed the connection in the middle of the answer"},
      {"cut_reset:3", Outcome::stream_cut, kHalf, ""},
      {"reset", Outcome::stream_cut, "", ""},
      {"http_400", Outcome::http_4xx, "", "HTTP 400: The request is not valid"},
      {"http_401", Outcome::http_4xx, "",
       "HTTP 401: Incorrect API key provided (check the target's api_key_env or api_key_file)"},
      {"http_404", Outcome::http_4xx, "", "HTTP 404: The model does not exist (check the target's url and model)"},
      {"http_500", Outcome::http_5xx, "", "HTTP 500: The server had an error"},
      {"http_503", Outcome::http_5xx, "", "HTTP 503: The server is overloaded"},
      {"redirect", Outcome::http_4xx, "", "HTTP 307: redirect refused, it leads to https://elsewhere.example/"},
      {"nonsense", Outcome::http_4xx, "", "HTTP 400: unknown misbehaviour `nonsense`"},
      {"loading", Outcome::http_4xx, "", "HTTP 400: misbehaviour `loading`: is of the whole server"},
  };
  const auto server = serve();
  for (const auto& row : rows) {
    if (row.outcome != Outcome::http_4xx || row.reason[7] != ':') note_tested(row.misbehave);
    const auto attempt = replay_one(*server, {.request = misbehave(row.misbehave)});
    EXPECT_EQ(to_text(attempt.outcome), to_text(row.outcome)) << row.misbehave << ": " << attempt.reason;
    EXPECT_EQ(attempt.answer, row.answer) << row.misbehave;
    EXPECT_EQ(attempt.reason.substr(0, std::string_view(row.reason).size()), row.reason) << row.misbehave;
    EXPECT_EQ(attempt.first_token_at.has_value(), *row.answer != '\0') << row.misbehave;
  }
}

double longest_gap(const Attempt& attempt) {
  double longest = 0;
  for (std::size_t i = 1; i < attempt.chunks.size(); ++i)
    longest = std::max(longest, between(attempt.chunks[i - 1].at, attempt.chunks[i].at).value);
  return longest;
}

TEST(Misbehaviour, WhatIsLateIsLateByThatMuch) {
  const auto server = serve();
  note_tested("stall slow_first_token");
  const auto stalled = replay_one(*server, {.request = misbehave("stall:400ms")});
  EXPECT_EQ(stalled.answer, kAnswer);
  EXPECT_GE(longest_gap(stalled), 0.35);
  EXPECT_LT(between(stalled.sent_at, *stalled.first_token_at).value, 0.35);
  const auto slow = replay_one(*server, {.request = misbehave("slow_first_token:400ms")});
  EXPECT_EQ(slow.answer, kAnswer);
  EXPECT_GE(between(slow.sent_at, *slow.first_token_at).value, 0.4 + kFirstToken);
  EXPECT_LT(longest_gap(slow), 0.35);
}

TEST(Misbehaviour, EveryWaitHasAnEnd) {
  const struct {
    const char* misbehave;
    StreamTimeouts timeouts;
    Outcome outcome;
    const char* answer;  // its beginning
  } rows[] = {
      {"silence", {Seconds{2}, Seconds{0.2}, Seconds{20}}, Outcome::timeout_first_token, ""},
      {"slow_first_token:1m", {Seconds{2}, Seconds{0.2}, Seconds{20}}, Outcome::timeout_first_token, ""},
      {"slow_first_token:1m empty_first comments",
       {Seconds{2}, Seconds{0.2}, Seconds{20}},
       Outcome::timeout_first_token,
       ""},
      {"stall:1m", {Seconds{2}, Seconds{20}, Seconds{0.4}}, Outcome::timeout_total, kHalf},
      {"endless", {Seconds{2}, Seconds{20}, Seconds{0.4}}, Outcome::timeout_total, "Six times seven is 42.Six times"},
  };
  const auto server = serve();
  for (const auto& row : rows) {
    note_tested(row.misbehave);
    const auto attempt = replay_one(*server, {.request = misbehave(row.misbehave), .timeouts = row.timeouts});
    EXPECT_EQ(to_text(attempt.outcome), to_text(row.outcome)) << row.misbehave;
    EXPECT_EQ(attempt.answer.substr(0, std::string_view(row.answer).size()), row.answer) << row.misbehave;
    EXPECT_LT(between(attempt.sent_at, attempt.ended_at).value, 10) << row.misbehave;
  }
}

TEST(Misbehaviour, ACacheHitIsReportedUnlessItIsForbidden) {
  const auto server = serve({"cache_hit"});
  const struct {
    const char* request;
    std::int64_t cached;
  } rows[] = {{"", 1},
              {"server: vllm", 0},
              {"server: sglang", 0},
              {"server: llamacpp", 0},
              {"server: vllm\nprompt_cache: allow", 1},
              {"server: llamacpp\nprompt_cache: allow", 1}};
  for (const auto& row : rows)
    EXPECT_EQ(replay_one(*server, {.request = row.request}).usage.cached_tokens, row.cached) << row.request;
}

// Whoever comes within the wait is refused and counted, so that a count of 0 proves obedience.
TEST(Misbehaviour, RetryAfterIsObeyed) {
  for (const auto* name : {"retry_after", "retry_date", "rate_limit"}) {
    note_tested(name);
    const auto server = serve({std::string(name) + ":300ms"});
    const auto attempts = replay(*server, {.request = "", .attempts = 2});
    ASSERT_EQ(attempts.size(), 2U) << name;
    EXPECT_EQ(to_text(attempts[0].outcome), "http_429") << name;
    EXPECT_EQ(attempts[0].reason, "HTTP 429: Rate limit reached") << name;
    EXPECT_EQ(to_text(attempts[1].outcome), "ok") << name;
    EXPECT_GE(between(attempts[0].ended_at, attempts[1].sent_at).value, 0.29) << name;
    EXPECT_EQ(told(*server, "too_early"), 0) << name;
    EXPECT_EQ(told(*server, name), 2) << name << ": it falls on the second too, which has waited";
  }
}

TEST(Misbehaviour, WhoComesTooEarlyIsCounted) {
  const struct {
    const char* misbehave;
    int too_early;  // of the three that follow the first: two of the same query, one of another
  } rows[] = {{"retry_after:1m", 2}, {"rate_limit:1m", 3}};
  for (const auto& row : rows) {
    const auto server = serve();
    const auto ask = [&](const char* id, const std::string& header) {
      RawClient client(server->port());
      client.send("POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\nX-Query-Id: " + std::string(id) + "\r\n" +
                  header + "Content-Length: 2\r\n\r\n{}");
      return client.read_to_end();
    };
    const auto first = ask("q1", "X-Demo-Misbehave: " + std::string(row.misbehave) + "\r\n");
    EXPECT_NE(first.find("429 Too Many Requests"), std::string::npos) << row.misbehave;
    EXPECT_NE(first.find("Retry-After: 60\r\n"), std::string::npos) << first;
    for (const auto* id : {"q1", "q1", "q2"}) ask(id, "");
    EXPECT_EQ(told(*server, "too_early"), row.too_early) << row.misbehave;
  }
}

TEST(Misbehaviour, AModelThatLoadsIsNoHealthyServer) {
  note_tested("loading");
  const auto get = [](const DemoServer& server, const std::string& path) {
    RawClient client(server.port());
    client.send("GET " + path + " HTTP/1.1\r\nConnection: close\r\n\r\n");
    return client.read_to_end();
  };
  const auto forever = serve({"loading:1h"});
  for (const auto* path : {"/health", "/v1/models"})
    EXPECT_NE(get(*forever, path).find("503 Service Unavailable"), std::string::npos) << path;
  const auto attempt = replay_one(*forever, {.request = ""});
  EXPECT_EQ(to_text(attempt.outcome), "http_5xx");
  EXPECT_EQ(attempt.reason, "HTTP 503: Loading model");
  const auto loaded = serve({"loading:100ms"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (get(*loaded, "/health").find("200 OK") == std::string::npos)
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(to_text(replay_one(*loaded, {.request = ""}).outcome), "ok");
}

// 20 queries, one after the other, of about 25 ms each: the first runs into the standstill or the second meets it.
TEST(Misbehaviour, AStandstillStopsStreamsAndNewRequestsAlike) {
  note_tested("standstill standstill_after");
  const auto server = serve({"standstill:400ms", "standstill_after:60ms"});
  const auto attempts = replay(*server, {.request = "", .queries = 20, .concurrency = 4});
  ASSERT_EQ(attempts.size(), 20U);
  std::size_t late = 0;
  for (const auto& attempt : attempts) {
    EXPECT_EQ(attempt.answer, kAnswer);
    late += between(attempt.sent_at, attempt.ended_at).value > 0.2 ? 1 : 0;
  }
  EXPECT_GE(late, 4U) << "as many as run at once";
  EXPECT_LT(late, 10U) << "and only once";
  const auto begin = attempts.front().sent_at;
  EXPECT_GE(between(begin, attempts.back().ended_at).value, 0.46);
}

TEST(Misbehaviour, AStandstillHoldsPagesButNotOurOwn) {
  const auto server = serve({"standstill:1s", "standstill_after:1ms"});
  RawClient first(server->port());
  first.send("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
  first.read_until("bad_request");
  const auto begin = std::chrono::steady_clock::now();
  const auto get = [&](const std::string& path, const std::string& end) {
    RawClient client(server->port());
    client.send("GET " + path + " HTTP/1.1\r\n\r\n");
    EXPECT_NE(client.read_until(end).find("200 OK"), std::string::npos) << path;
    return between(begin, std::chrono::steady_clock::now()).value;
  };
  while (between(begin, std::chrono::steady_clock::now()).value < 0.005) {
  }
  EXPECT_LT(get("/load", "query_seconds"), 0.5);
  EXPECT_GT(get("/health", "ok"), 0.3);
}

TEST(Misbehaviour, TheLoadPageKnowsForeignRequests) {
  note_tested("foreign_load waiting");
  const auto server = serve({"foreign_load:3", "waiting:2"});
  RawClient running(server->port());
  const std::string body = R"({"model":"some-model","stream":true,"messages":[{"role":"user","content":"6 * 7?"}]})";
  running.send("POST /v1/chat/completions HTTP/1.1\r\nX-Demo-Misbehave: slow_first_token:1m\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  running.read_until("role");
  RawClient client(server->port());
  client.send("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto page = client.read_to_end();
  EXPECT_NE(page.find("\nvllm:num_requests_running{engine=\"0\",model_name=\"some-model\"} 4.0\n"), std::string::npos)
      << page;
  EXPECT_NE(page.find("\nvllm:num_requests_waiting{engine=\"0\",model_name=\"some-model\"} 2.0\n"), std::string::npos)
      << page;
}

TEST(Misbehaviour, AFifthOfTheStreamsIsCutAndNoQueryIsLost) {
  const auto server = serve({"cut@0.2"});
  const auto attempts = replay(*server, {.request = "", .attempts = 20, .queries = 200, .concurrency = 16});
  int cut = 0, answered_whole = 0;
  for (const auto& attempt : attempts) {
    cut += attempt.outcome == Outcome::stream_cut ? 1 : 0;
    answered_whole += attempt.final && attempt.outcome == Outcome::ok && attempt.answer == kAnswer ? 1 : 0;
    EXPECT_EQ(attempt.final, attempt.outcome == Outcome::ok);
  }
  EXPECT_EQ(answered_whole, 200);
  EXPECT_EQ(cut, told(*server, "cut"));
  EXPECT_EQ(attempts.size(), 200U + static_cast<std::size_t>(cut));
  EXPECT_GT(cut, 25);
  EXPECT_LT(cut, 80);
}

// The last of this file: the tests above must have been run.
TEST(Misbehaviour, NoneIsUntested) {
  if (tested.empty()) GTEST_SKIP() << "needs the tests before it";
  for (const auto& each : demo::misbehaviours()) EXPECT_TRUE(tested.contains(std::string(each.name))) << each.name;
}

}  // namespace
}  // namespace ipw::replay
