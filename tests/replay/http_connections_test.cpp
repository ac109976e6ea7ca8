// How connections are made, kept, shared and ended.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <semaphore>

#include "tests/support/asking.hpp"

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;
using testing::answer;
using testing::chunked;
using testing::http_response;
using testing::kStreamHead;
using testing::Peer;
using testing::post;
using testing::RecordingSink;
using testing::ScriptedServer;

TEST(HttpConnections, NobodyThere) {
  const auto transport = testing::open_transport(testing::transport_options(testing::closed_port()));
  RecordingSink sink;
  transport->start(post(), sink, {});
  EXPECT_EQ(sink.await_end().cause, Cause::connect);
  EXPECT_NE(sink.ended->reason.find("cannot connect to http://127.0.0.1:"), std::string::npos) << sink.ended->reason;
  EXPECT_NE(sink.ended->reason.find("Connection refused"), std::string::npos) << sink.ended->reason;
  EXPECT_EQ(sink.calls, (std::vector<std::string>{"sent", "end"}));
}

TEST(HttpConnections, ANameThatDoesNotExist) {
  auto made = testing::transport_options(1);
  made.url.host = "no-such-host.invalid";
  const auto transport = testing::open_transport(std::move(made));
  RecordingSink sink;
  transport->start(post(), sink, {});
  EXPECT_EQ(sink.await_end().cause, Cause::connect);
  EXPECT_NE(sink.ended->reason.find("cannot resolve `no-such-host.invalid`"), std::string::npos) << sink.ended->reason;
}

// A full backlog leaves a connect hanging, which is what the library's default bears for 300 seconds.
TEST(HttpConnections, ConnectingHasATimeout) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  auto made = testing::transport_options(ntohs(address.sin_port));
  made.timeouts = {Seconds{0.1}, Seconds{0.3}, Seconds{0.3}};
  made.streams = 8;
  const auto transport = testing::open_transport(std::move(made));
  std::vector<std::unique_ptr<RecordingSink>> sinks;
  std::size_t refused = 0;
  for (int i = 0; i < 8; ++i) transport->start(post(), *sinks.emplace_back(std::make_unique<RecordingSink>()), {});
  for (auto& sink : sinks) {
    if (sink->await_end().cause != Cause::connect) continue;
    ++refused;
    EXPECT_NE(sink->ended->reason.find("no answer in time"), std::string::npos) << sink->ended->reason;
    EXPECT_LT(between(sink->sent_at, sink->ended_at).value, 2);
  }
  EXPECT_GE(refused, 4U);
  ::close(listener);
}

TEST(HttpConnections, CancellingEndsAStreamInAnyState) {
  const struct {
    const char* name;
    ScriptedServer::Script script;
    const char* body;  // to wait for before cancelling
  } cases[] = {
      {"before the answer", [](Peer& p) { p.wait_for_close(); }, ""},
      {"in mid-stream",
       [](Peer& p) { p.read_request(), p.send(std::string(kStreamHead) + chunked("token")), p.wait_for_close(); },
       "token"},
  };
  for (const auto& c : cases) {
    ScriptedServer server(c.script);
    const auto transport = testing::open_transport(testing::transport_options(server.port()));
    RecordingSink sink;
    std::stop_source stop;
    transport->start(post(), sink, stop.get_token());
    sink.await_body(c.body);
    const auto before = std::chrono::steady_clock::now();
    stop.request_stop();
    EXPECT_EQ(sink.await_end().cause, Cause::cancelled) << c.name;
    EXPECT_LT(between(before, sink.ended_at).value, 1) << c.name;
  }
}

TEST(HttpConnections, ACancelledStreamDoesNotHarmTheNext) {
  std::binary_semaphore asked(0);
  const auto silent = [&](Peer& p) {
    p.read_request();
    asked.release();
    p.wait_for_close();
  };
  ScriptedServer server({silent, answer(http_response("200 OK", "", "fine"))});
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  std::stop_source stop;
  RecordingSink cancelled, cancelled_before, next;
  transport->start(post(), cancelled, stop.get_token());
  asked.acquire();
  stop.request_stop();
  transport->start(post(), cancelled_before, stop.get_token());
  transport->start(post(), next, {});
  EXPECT_EQ(cancelled.await_end().cause, Cause::cancelled);
  EXPECT_EQ(cancelled_before.await_end().cause, Cause::cancelled);
  EXPECT_EQ(next.await_end().cause, Cause::complete) << next.ended->reason;
}

TEST(HttpConnections, TheDestructorEndsEveryStream) {
  ScriptedServer server([](Peer& p) { p.wait_for_close(); });
  auto made = testing::transport_options(server.port());
  made.streams = 2;
  auto transport = testing::open_transport(std::move(made));
  RecordingSink running, also_running, queued;
  for (auto* sink : {&running, &also_running, &queued}) transport->start(post(), *sink, {});
  transport.reset();
  for (auto* sink : {&running, &also_running, &queued}) EXPECT_EQ(sink->await_end().cause, Cause::cancelled);
}

TEST(HttpConnections, ConnectionsAreKeptAndReopened) {
  const auto whole = http_response("200 OK", "", "fine");
  const struct {
    const char* name;
    std::vector<ScriptedServer::Script> scripts;
    std::size_t connections;
  } cases[] = {
      {"kept alive", {answer(whole)}, 1},
      {"closed silently after each answer", {[&](Peer& p) { p.read_request(), p.send(whole); }}, 3},
      {"closed on the second request", {[&](Peer& p) { p.read_request(), p.send(whole), p.read_request(); }}, 3},
      {"announces the close",
       {[](Peer& p) {
         p.read_request(), p.send(http_response("200 OK", "Connection: Close\r\n", "fine")), p.wait_for_close();
       }},
       3},
      {"speaks HTTP/1.0", {[](Peer& p) { p.read_request(), p.send("HTTP/1.0 200 OK\r\n\r\nfine"); }}, 3},
      {"says more than it should", {answer(whole + "junk")}, 3},
  };
  for (const auto& c : cases) {
    ScriptedServer server(c.scripts);
    const auto transport = testing::open_transport(testing::transport_options(server.port()));
    for (int i = 0; i < 3; ++i) {
      RecordingSink sink;
      transport->start(post(), sink, {});
      EXPECT_EQ(sink.await_end().cause, Cause::complete) << c.name << ", request " << i << ": " << sink.ended->reason;
      EXPECT_EQ(sink.body, "fine") << c.name;
      EXPECT_EQ(std::count(sink.calls.begin(), sink.calls.end(), "sent"), 1) << c.name;
    }
    EXPECT_EQ(server.connections(), c.connections) << c.name;
  }
}

TEST(HttpConnections, AFreshConnectionThatFailsIsNotTriedAgain) {
  ScriptedServer server([](Peer& p) { p.read_request(); });
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  RecordingSink sink;
  transport->start(post(), sink, {});
  EXPECT_EQ(sink.await_end().cause, Cause::cut);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpConnections, OneConnectionForEachStreamAndNoMore) {
  std::counting_semaphore<> go(0);
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      go.acquire();
      peer.send(http_response("200 OK", "", "x"));
    }
  });
  auto made = testing::transport_options(server.port());
  made.streams = 3;
  const auto transport = testing::open_transport(std::move(made));
  std::vector<std::unique_ptr<RecordingSink>> sinks;
  for (int i = 0; i < 9; ++i) transport->start(post(), *sinks.emplace_back(std::make_unique<RecordingSink>()), {});
  go.release(9);
  for (auto& sink : sinks) EXPECT_EQ(sink->await_end().cause, Cause::complete);
  EXPECT_LE(server.connections(), 3U);
  EXPECT_EQ(server.requests().size(), 9U);
}

TEST(HttpConnections, ASmallRequestIsOnePiece) {
  // With Nagle's algorithm, or head and body in two writes, the body would wait for an acknowledgement: 40 ms.
  ScriptedServer server(answer(http_response("200 OK", "", "x")));
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  Seconds best{1};
  for (int i = 0; i < 10; ++i) {
    RecordingSink sink;
    transport->start(post(std::string(3000, 'x')), sink, {});
    sink.await_end();
    best = std::min(best, between(sink.sent_at, sink.ended_at));
  }
  EXPECT_LT(best.value, 0.02);
}

TEST(HttpConnections, ProxyVariablesAreIgnored) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  RecordingSink sink;
  EXPECT_EQ(testing::ask(answer(http_response("200 OK", "", "x")), sink).cause, Cause::complete);
  ::unsetenv("http_proxy");
}

}  // namespace
}  // namespace ipw::replay
