#include "replay/demo_server.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/support/list_corpus.hpp"
#include "tests/support/raw_client.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ListCorpus;
using testing::RawClient;

const std::string kLong(400'000, 'x');

std::shared_ptr<const Recordings> recordings() {
  ListCorpus corpus({{"q/1", "What is it?"}, {"q/2", "And in Chinese?"}, {"ü/long", "Why so long?"}});
  const std::string answers = json{{"id", "q/1"}, {"text", "It is \"this\".\nAnswer: B"}}.dump() + "\n" +
                              json{{"id", "q/2"}, {"text", "漢字 übersetzt 🌍"}}.dump() + "\n" +
                              json{{"id", "ü/long"}, {"text", kLong}}.dump();
  auto loaded = Recordings::from_text("answers", answers, corpus);
  EXPECT_TRUE(loaded);
  return std::move(*loaded);
}

// A server of three models: at once, at 100 tokens a second after 50 ms, and one that hardly gets anywhere.
std::unique_ptr<DemoServer> serve() {
  const auto answers = recordings();
  auto server = DemoServer::start({{"fast", answers, Seconds{0}, 0},
                                   {"paced", answers, Seconds{0.05}, 100},
                                   {"slow", answers, Seconds{0.001}, 0.01}});
  EXPECT_TRUE(server);
  return std::move(*server);
}

json question(const std::string& model, const std::string& text, bool stream) {
  return {{"model", model},
          {"stream", stream},
          {"messages", {{{"role", "system"}, {"content", "Be brief."}}, {{"role", "user"}, {"content", text}}}}};
}

httplib::Result ask(const DemoServer& server, const json& body, const std::string& query_id = {}) {
  httplib::Client client("127.0.0.1", server.port());
  client.set_read_timeout(10);
  httplib::Headers headers;
  if (!query_id.empty()) headers.emplace("X-Query-Id", query_id);
  return client.Post("/v1/chat/completions", headers, body.dump(), "application/json");
}

std::string raw_question(const json& body, const std::string& more_headers = {}) {
  const auto text = body.dump();
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + more_headers +
         "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

struct Load {
  int running{-1};
  double query_seconds{-1};
};
Load load(const DemoServer& server) {
  httplib::Client client("127.0.0.1", server.port());
  Load now;
  const auto page = client.Get("/load");
  EXPECT_TRUE(page);
  if (!page) return now;
  EXPECT_EQ(std::sscanf(page->body.c_str(), "running %d\nquery_seconds %lf\n", &now.running, &now.query_seconds), 2);
  return now;
}
bool runs_within_seconds(const DemoServer& server, int running) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (load(server).running != running)
    if (std::chrono::steady_clock::now() > deadline) return false;
  return true;
}

std::vector<json> events(const std::string& body) {
  std::vector<json> all;
  std::size_t at = 0;
  for (auto end = body.find("\n\n"); end != std::string::npos; at = end + 2, end = body.find("\n\n", at)) {
    const auto data = body.substr(at + 6, end - at - 6);
    all.push_back(data == "[DONE]" ? json(data) : json::parse(data));
  }
  EXPECT_EQ(at, body.size()) << "the last event is cut";
  return all;
}
std::string content(const std::string& body) {
  std::string text;
  for (const auto& event : events(body))
    if (event.is_object() && !event["choices"].empty()) text += event["choices"][0]["delta"].value("content", "");
  return text;
}

TEST(DemoServer, StreamsTheRecordedAnswer) {
  const auto server = serve();
  auto body = question("fast", "What is it?", true);
  body["stream_options"] = {{"include_usage", true}};
  const auto reply = ask(*server, body);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->get_header_value("Content-Type"), "text/event-stream");
  EXPECT_EQ(content(reply->body), "It is \"this\".\nAnswer: B");
  const auto all = events(reply->body);
  EXPECT_EQ(all.front()["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(all.back(), "[DONE]");
  EXPECT_EQ(all[all.size() - 2]["usage"], json({{"prompt_tokens", 6}, {"completion_tokens", 6}, {"total_tokens", 12}}));
  EXPECT_EQ(all[all.size() - 3]["choices"][0]["finish_reason"], "stop");

  body.erase("stream_options");
  EXPECT_EQ(ask(*server, body)->body.find("usage"), std::string::npos) << "usage only when asked for";
}

TEST(DemoServer, FindsTheAnswerByIdElseByTheLastUserMessage) {
  struct Case {
    const char* name;
    std::string id, message, answer;
  } const cases[] = {
      {"by id", "q/2", "anything", "漢字 übersetzt 🌍"},
      {"by percent-encoded id", "q%2f2", "anything", "漢字 übersetzt 🌍"},
      {"by message", "", "And in Chinese?", "漢字 übersetzt 🌍"},
      {"id before message", "q/1", "And in Chinese?", "It is \"this\".\nAnswer: B"},
  };
  const auto server = serve();
  for (const auto& c : cases) {
    const auto whole = ask(*server, question("fast", c.message, false), c.id);
    ASSERT_TRUE(whole) << c.name;
    EXPECT_EQ(json::parse(whole->body)["choices"][0]["message"]["content"], c.answer) << c.name;
    const auto streamed = ask(*server, question("paced", c.message, true), c.id);
    ASSERT_TRUE(streamed) << c.name;
    EXPECT_EQ(content(streamed->body), c.answer) << c.name;
  }
  auto parts = question("fast", "", false);
  parts["messages"][1]["content"] = {{{"type", "text"}, {"text", "And in "}}, {{"type", "text"}, {"text", "Chinese?"}}};
  EXPECT_EQ(json::parse(ask(*server, parts)->body)["choices"][0]["message"]["content"], "漢字 übersetzt 🌍");
}

TEST(DemoServer, SaysWhatIsWrongWithARequest) {
  struct Case {
    const char* name;
    json body;
    std::string id;
    int status;
    std::string code, message;
  } cases[] = {
      {"unknown model", question("gpt", "What is it?", true), "", 404, "model_not_found",
       "there is no model `gpt` here"},
      {"unknown id", question("fast", "Who?", true), "q%2F7", 404, "query_not_found",
       "`fast` has no answer recorded for the query `q/7`"},
      {"unknown message", question("fast", "Who?", false), "", 404, "query_not_found",
       "`fast` has no answer recorded for this message, and no X-Query-Id was sent"},
      {"not an object", json::array(), "", 400, "bad_request", "the body must be a JSON object"},
      {"no model", json::object(), "", 400, "bad_request", "`model` must be a text"},
      {"no messages", {{"model", "fast"}}, "", 400, "bad_request", "`messages` must be a list of at least one message"},
      {"no role",
       {{"model", "fast"}, {"messages", {{{"content", "x"}}}}},
       "",
       400,
       "bad_request",
       "every message needs a `role`"},
      {"no tokens", question("fast", "What is it?", true), "", 400, "bad_request",
       "the token limit must be a whole number of at least 1"},
  };
  cases[7].body["max_tokens"] = 0;
  const auto server = serve();
  for (const auto& c : cases) {
    const auto reply = ask(*server, c.body, c.id);
    ASSERT_TRUE(reply) << c.name;
    EXPECT_EQ(reply->status, c.status) << c.name;
    const auto error = json::parse(reply->body)["error"];
    EXPECT_EQ(error["code"], c.code) << c.name;
    EXPECT_EQ(error["message"], c.message) << c.name;
  }
  EXPECT_EQ(load(*server).running, 0);
}

TEST(DemoServer, OtherPages) {
  const auto server = serve();
  httplib::Client client("127.0.0.1", server->port());
  EXPECT_EQ(client.Get("/health")->body, R"({"status":"ok"})");
  EXPECT_EQ(json::parse(client.Get("/v1/models")->body)["data"][1]["id"], "paced");
  EXPECT_EQ(client.Get("/load")->body, "running 0\nquery_seconds 0.000000000\n");
  const auto nowhere = client.Get("/nothing");
  EXPECT_EQ(nowhere->status, 404);
  EXPECT_EQ(json::parse(nowhere->body)["error"]["message"], "there is no GET /nothing here");
  EXPECT_EQ(client.Get("/v1/chat/completions")->status, 404);
}

TEST(DemoServer, ClockTokensNeedNoRecording) {
  const auto server = DemoServer::start({{.name = "clock",
                                          .recordings = nullptr,
                                          .time_to_first_token = Seconds{0},
                                          .tokens_per_second = 0,
                                          .clock_tokens = true}});
  ASSERT_TRUE(server);
  auto body = question("clock", "anything", true);
  body["max_tokens"] = 3;
  const auto before = std::chrono::steady_clock::now();
  const auto reply = ask(**server, body);
  const auto after = std::chrono::steady_clock::now();
  ASSERT_TRUE(reply);
  const auto text = content(reply->body);
  ASSERT_EQ(text.size(), 3 * 16U);
  for (std::size_t at = 0; at < text.size(); at += 16) {
    const MonoTime written{std::chrono::nanoseconds(std::stoll(text.substr(at, 16), nullptr, 16))};
    EXPECT_LE(before, written);
    EXPECT_LE(written, after);
  }
  EXPECT_EQ(ask(**server, question("clock", "anything", true))->status, 404) << "no limit and nothing recorded";
}

TEST(DemoServer, NeverSpeaksBeforeItsTime) {
  const auto server = serve();
  for (const bool stream : {true, false}) {
    RawClient client(server->port());
    const auto begin = std::chrono::steady_clock::now();
    client.send(raw_question(question("paced", "What is it?", stream)));
    if (stream) {
      EXPECT_NE(client.read_until("\"role\"").find("200 OK"), std::string::npos);
      client.read_until("It i");
      EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms) << "first token";
    }
    client.read_until(stream ? "[DONE]" : "completion_tokens");
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms) << "six tokens, stream " << stream;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  }
}

// Each query runs at least as long as its tokens need, and never longer than its client waited.
TEST(DemoServer, LoadIsTheSumOfTheQueriesDurations) {
  const auto server = serve();
  double waited = 0;
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(ask(*server, question("paced", "What is it?", i != 0)));
    waited += between(begin, std::chrono::steady_clock::now()).value;
  }
  const auto after = load(*server);
  EXPECT_EQ(after.running, 0);
  EXPECT_GE(after.query_seconds, 3 * 0.1);
  EXPECT_LE(after.query_seconds, waited);
  EXPECT_EQ(load(*server).query_seconds, after.query_seconds) << "looking at it changes nothing";

  RawClient first(server->port()), second(server->port());
  for (auto* client : {&first, &second}) {
    client->send(raw_question(question("slow", "What is it?", true)));
    client->read_until("role");
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto before = load(*server);
  EXPECT_EQ(before.running, 2);
  const auto later = load(*server);
  EXPECT_GT(later.query_seconds, before.query_seconds) << "it grows while queries run";
  EXPECT_LE(later.query_seconds - before.query_seconds, 2 * between(begin, std::chrono::steady_clock::now()).value);
}

TEST(DemoServer, IsWorseFromTheNextQueryOnUntilItIsAsItWas) {
  const std::vector<std::pair<std::string, std::string>> asked{{"q/1", "What is it?"}};
  ListCorpus corpus(asked);
  auto worse = Recordings::from_text("worse", json{{"id", "q/1"}, {"text", "Answer: A"}}.dump(), corpus);
  ASSERT_TRUE(worse);
  const std::shared_ptr<const Recordings> worse_answers = std::move(*worse);
  const auto server = DemoServer::start({{.name = "both", .recordings = recordings(), .worse = worse_answers},
                                         {.name = "one", .recordings = recordings()}});
  ASSERT_TRUE(server);
  const auto says = [&](const char* model) {
    return json::parse(ask(**server, question(model, "What is it?", false))->body)["choices"][0]["message"]["content"];
  };
  const std::string good = "It is \"this\".\nAnswer: B";
  EXPECT_EQ(says("both"), good);
  (*server)->worsen(100);
  EXPECT_EQ(says("both"), "Answer: A");
  EXPECT_EQ(says("one"), good) << "a model without worse recordings";
  (*server)->worsen(0);
  EXPECT_EQ(says("both"), good);
}

TEST(DemoServer, WhileItIsWorseAQueryCountsMoreInTheLoad) {
  const auto server = serve();
  const auto weighed = [&](int percent) {
    server->worsen(percent);
    const auto before = load(*server).query_seconds;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(ask(*server, question("paced", "What is it?", true)));
    const auto counted = load(*server).query_seconds - before;
    EXPECT_LE(counted, percent / 100.0 * between(begin, std::chrono::steady_clock::now()).value + 1e-9);
    EXPECT_GE(counted, percent / 100.0 * 0.1);
    return counted;
  };
  weighed(100);
  weighed(1000);
  const auto total = load(*server).query_seconds;
  server->worsen(0);
  EXPECT_EQ(load(*server).query_seconds, total) << "what was counted stays";
}

TEST(DemoServer, AClientThatLeavesEndsItsQuery) {
  const auto server = serve();
  struct Case {
    const char* name;
    void (RawClient::*leave)();
  } const cases[] = {{"close", &RawClient::close}, {"reset", &RawClient::reset}, {"half", &RawClient::shut_writing}};
  for (const auto& c : cases) {
    for (const bool stream : {true, false}) {
      RawClient client(server->port());
      client.send(raw_question(question("slow", "What is it?", stream)));
      ASSERT_TRUE(runs_within_seconds(*server, 1)) << c.name;
      if (stream) client.read_until("It i");
      (client.*c.leave)();
      EXPECT_TRUE(runs_within_seconds(*server, 0)) << c.name << ", stream " << stream;
    }
  }
  RawClient unfinished(server->port());
  unfinished.send("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 10\r\n\r\n{");
  EXPECT_TRUE(runs_within_seconds(*server, 1)) << "counts from its headers on";
  unfinished.close();
  EXPECT_TRUE(runs_within_seconds(*server, 0)) << "gone before its body";
}

TEST(DemoServer, ASlowReaderGetsEverything) {
  const auto server = serve();
  RawClient client(server->port(), 4096);
  client.send(raw_question(question("fast", "Why so long?", true), "Connection: close\r\n"));
  ASSERT_TRUE(runs_within_seconds(*server, 1)) << "the socket cannot hold 16 MB";
  const auto all = client.read_to_end();
  EXPECT_EQ(all.substr(all.size() - 9), "\n\n\r\n0\r\n\r\n");
  std::string text;
  for (auto at = all.find("\"content\":\""); at != std::string::npos; at = all.find("\"content\":\"", at + 1))
    text += all.substr(at + 11, all.find('"', at + 11) - at - 11);
  EXPECT_EQ(text, kLong);
  EXPECT_TRUE(runs_within_seconds(*server, 0));
}

TEST(DemoServer, KeepsAConnectionHoweverItsBytesAreCut) {
  const auto server = serve();
  RawClient client(server->port());
  const auto request = raw_question(question("fast", "What is it?", false), "x-query-id:   q/2\t\r\n");
  for (const char c : request) client.send(std::string_view(&c, 1));
  EXPECT_NE(client.read_until("completion_tokens").find("漢字"), std::string::npos) << "byte by byte";
  client.send(request + "GET /health HTTP/1.1\r\n\r\n");
  const auto both = client.read_until("\"ok\"}");
  EXPECT_NE(both.find("漢字"), std::string::npos) << "two at once";
  EXPECT_NE(both.find("\"ok\"}"), std::string::npos);
  client.send("GET /health?x=1 HTTP/1.1\r\nConnection: Close\r\n\r\n");
  EXPECT_NE(client.read_to_end().find("\"ok\"}"), std::string::npos) << "and closes when asked";
}

TEST(DemoServer, RefusesWhatItDoesNotSpeak) {
  struct Case {
    const char* name;
    std::string request, reply;
  } const cases[] = {
      {"not HTTP", "hello\r\n\r\n", "HTTP/1.1 400 "},
      {"old HTTP", "GET /health HTTP/1.0\r\n\r\n", "HTTP/1.1 505 "},
      {"chunked body", "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 411 "},
      {"bad length", "POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 "},
      {"huge body", "POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413 "},
      {"endless header", "GET /" + std::string(100'000, 'x'), "HTTP/1.1 431 "},
  };
  const auto server = serve();
  for (const auto& c : cases) {
    RawClient client(server->port());
    client.send(c.request);
    EXPECT_EQ(client.read_to_end().substr(0, c.reply.size()), c.reply) << c.name;
  }
  RawClient patient(server->port());
  patient.send("POST /health HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(patient.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  patient.send("{}");
  EXPECT_NE(patient.read_until("not_found").find("404"), std::string::npos);
}

TEST(DemoServer, ATakenPortIsAnError) {
  const auto first = serve();
  const auto second = DemoServer::start({}, "127.0.0.1", first->port());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(first->port()) + ": the port is taken; choose another");
  const auto elsewhere = DemoServer::start({}, "192.0.2.1", 0);
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().message, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  const auto other = serve();
  EXPECT_EQ(other->url(), "http://127.0.0.1:" + std::to_string(other->port()) + "/v1");
  EXPECT_NE(other->port(), first->port());
  for (const auto* server : {first.get(), other.get()}) EXPECT_EQ(load(*server).running, 0);
}

TEST(DemoServer, ItsEndEndsEveryStreamAndFreesThePort) {
  auto server = serve();
  const int port = server->port();
  RawClient client(port);
  client.send(raw_question(question("slow", "What is it?", true)));
  client.read_until("It i");
  server.reset();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(DemoServer::start({}, "127.0.0.1", port));
}

}  // namespace
}  // namespace ipw::replay
