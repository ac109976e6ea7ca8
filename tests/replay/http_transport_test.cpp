// What arrives over one exchange: whole, cut, hostile, late.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <semaphore>
#include <set>

#include "tests/support/asking.hpp"

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;
using testing::answer;
using testing::chunked;
using testing::http_response;
using testing::kLastChunk;
using testing::kStreamHead;
using testing::Peer;
using testing::post;
using testing::RecordingSink;
using testing::ScriptedServer;

TEST(HttpTransport, AResponseArrivesInOrderAndWhole) {
  ScriptedServer server(
      answer(std::string(kStreamHead) + chunked("hello ") + chunked("world") + std::string(kLastChunk)));
  const auto transport = testing::open_transport(testing::transport_options(server.port(), "/base/v1"));
  RecordingSink sink;
  const auto before = std::chrono::steady_clock::now();
  transport->start(post("{\"a\":1}"), sink, {});
  EXPECT_EQ(sink.await_end().cause, Cause::complete) << sink.ended->reason;
  EXPECT_EQ(sink.calls, (std::vector<std::string>{"sent", "response", "bytes", "end"}));
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.body, "hello world");
  EXPECT_LE(before, sink.sent_at);
  EXPECT_LE(sink.sent_at, sink.response_at);
  EXPECT_LE(sink.response_at, sink.stamps.front());
  EXPECT_LE(sink.stamps.back(), sink.ended_at);

  const auto sent = server.requests().at(0);
  EXPECT_TRUE(sent.starts_with("POST /base/v1/chat HTTP/1.1\r\n")) << sent;
  EXPECT_TRUE(sent.ends_with("\r\n\r\n{\"a\":1}")) << sent;
  EXPECT_NE(sent.find("\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"), std::string::npos) << sent;
  EXPECT_NE(sent.find("\r\nX-Query-Id: q1\r\n"), std::string::npos) << sent;
  EXPECT_EQ(sent.find("Accept-Encoding"), std::string::npos) << "a compressed stream arrives in lumps";
}

TEST(HttpTransport, HeadersOfTheTargetGoWithEveryRequest) {
  ScriptedServer server(answer(http_response("200 OK", "", "x")));
  auto made = testing::transport_options(server.port());
  made.headers = {{"Authorization", "Bearer key"}, {"x-query-id", "not this one"}};
  const auto transport = testing::open_transport(std::move(made));
  RecordingSink sink;
  transport->start(post(), sink, {});
  sink.await_end();
  const auto sent = server.requests().at(0);
  EXPECT_NE(sent.find("\r\nAuthorization: Bearer key\r\n"), std::string::npos) << sent;
  EXPECT_EQ(sent.find("not this one"), std::string::npos) << "the request's own header counts";
}

// Each piece is stamped when it came, not when it was looked at: the server waits for the client between them.
TEST(HttpTransport, BytesAreHandedOverAsTheyCome) {
  std::counting_semaphore<> seen(0);
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(kStreamHead);
    for (const auto* token : {"a", "b", "c"}) {
      peer.send(chunked(token));
      seen.acquire();
    }
    peer.send(kLastChunk);
    peer.wait_for_close();
  });
  RecordingSink sink([&](std::string_view) {
    seen.release();
    return true;
  });
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  transport->start(post(), sink, {});
  EXPECT_EQ(sink.await_end().cause, Cause::complete);
  EXPECT_EQ(sink.body, "abc");
  EXPECT_EQ(std::set<MonoTime>(sink.stamps.begin(), sink.stamps.end()).size(), 3U);
}

// However late we look, the stamp is the arrival's: here the second token waits while the first is being digested.
TEST(HttpTransport, BytesAreStampedWithTheirArrival) {
#ifndef SO_TIMESTAMPNS
  GTEST_SKIP() << "this system does not tell when bytes arrived";
#endif
  ScriptedServer server([](Peer& peer) {
    peer.read_request();
    peer.send(std::string(kStreamHead) + chunked("a"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    peer.send(chunked("b") + std::string(kLastChunk));
    peer.wait_for_close();
  });
  RecordingSink sink([](std::string_view data) {
    if (data == "a") std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return true;
  });
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  transport->start(post(), sink, {});
  const auto& end = sink.await_end();
  ASSERT_EQ(sink.stamps.size(), 2U);
  EXPECT_LT(between(sink.stamps[0], sink.stamps[1]).value, 0.4);
  EXPECT_GT(end.waited.value, 0.1) << "how late we were is told";
}

// The kernel keeps one time for packets that pile up, the last one's.
TEST(HttpTransport, WhatPilesUpIsKnownToHaveWaited) {
  ScriptedServer server([](Peer& peer) {
    peer.read_request();
    peer.send(std::string(kStreamHead) + chunked("a"));
    for (int i = 0; i < 24; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      peer.send(chunked("b"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    peer.send(std::string(kLastChunk));
    peer.wait_for_close();
  });
  RecordingSink sink([](std::string_view data) {
    if (data == "a") std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return true;
  });
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  transport->start(post(), sink, {});
  EXPECT_GT(sink.await_end().waited.value, 0.4);
}

TEST(HttpTransport, EveryResponseThatIsNotWhole) {
  const std::string head(kStreamHead);
  const struct {
    const char* name;
    ScriptedServer::Script script;
    Cause cause;
    const char* reason;
  } cases[] = {
      {"closes at once", [](Peer&) {}, Cause::cut, "closed the connection without an answer"},
      {"reads and closes", [](Peer& p) { p.read_request(); }, Cause::cut, "closed the connection without an answer"},
      {"resets", [](Peer& p) { p.read_request(), p.reset(); }, Cause::cut, "closed the connection without an answer"},
      {"resets in mid-stream", [&](Peer& p) { p.read_request(), p.send(head), p.reset(); }, Cause::cut,
       "the connection broke: "},
      {"half a status line", [](Peer& p) { p.read_request(), p.send("HTTP/1.1 20"); }, Cause::cut,
       "in the middle of the headers"},
      {"half the headers", [](Peer& p) { p.read_request(), p.send("HTTP/1.1 200 OK\r\nConte"); }, Cause::cut,
       "in the middle of the headers"},
      {"chunked, cut", [&](Peer& p) { p.read_request(), p.send(head + chunked("data: x")); }, Cause::cut,
       "in the middle of the answer"},
      {"chunked, cut in a chunk", [&](Peer& p) { p.read_request(), p.send(head + "ff\r\ndata"); }, Cause::cut,
       "in the middle of the answer"},
      {"chunked, cut between CR and LF", [&](Peer& p) { p.read_request(), p.send(head + "1\r\nx\r"); }, Cause::cut,
       "in the middle of the answer"},
      {"chunked, end missing", [&](Peer& p) { p.read_request(), p.send(head + chunked("x") + "0\r\n"); }, Cause::cut,
       "in the middle of the answer"},
      {"length, cut", [](Peer& p) { p.read_request(), p.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"); },
       Cause::cut, "in the middle of the answer"},
      {"bad chunk size", [&](Peer& p) { p.read_request(), p.send(head + "zz\r\nabc"), p.wait_for_close(); },
       Cause::protocol, "chunked encoding is broken"},
      {"not HTTP", [](Peer& p) { p.send("SSH-2.0-OpenSSH_9.2\r\n"), p.wait_for_close(); }, Cause::protocol,
       "does not speak HTTP/1.1; its answer begins: SSH-2.0-OpenSSH_9.2"},
      {"HTTP/2 only", [](Peer& p) { p.send(std::string_view("\0\0\x12\x04\0settings", 13)), p.wait_for_close(); },
       Cause::protocol, "does not speak HTTP/1.1"},
  };
  for (const auto& c : cases) {
    RecordingSink sink;
    const auto end = testing::ask(c.script, sink);
    EXPECT_EQ(end.cause, c.cause) << c.name << ": " << end.reason;
    EXPECT_NE(end.reason.find(c.reason), std::string::npos) << c.name << ": " << end.reason;
  }
}

// Without a length the end of the connection is the end of the body: only the decoder can tell a cut.
TEST(HttpTransport, ABodyThatEndsWithItsConnectionIsWhole) {
  RecordingSink sink;
  const auto end = testing::ask([](Peer& p) { p.read_request(), p.send("HTTP/1.1 200 OK\r\n\r\ndata: x\n"); }, sink);
  EXPECT_EQ(end.cause, Cause::complete) << end.reason;
  EXPECT_EQ(sink.body, "data: x\n");
}

TEST(HttpTransport, ErrorBodiesArriveToo) {
  RecordingSink sink;
  const auto end =
      testing::ask(answer(http_response("429 Too Many Requests", "Retry-After: 7\r\n", "slow down")), sink);
  EXPECT_EQ(end.cause, Cause::complete);
  EXPECT_EQ(sink.status, 429);
  EXPECT_EQ(sink.retry_after, "7");
  EXPECT_EQ(sink.body, "slow down");
}

TEST(HttpTransport, RedirectsAreNotFollowed) {
  ScriptedServer server(answer(http_response("302 Found", "Location: /elsewhere\r\n", "")));
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  RecordingSink sink;
  transport->start(post(), sink, {});
  EXPECT_EQ(sink.await_end().cause, Cause::complete);
  EXPECT_EQ(sink.status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpTransport, AnAnswerToAHalfSentRequestIsRead) {
  ScriptedServer server(
      [](Peer& peer) { peer.send(http_response("413 Payload Too Large", "Connection: close\r\n", "too large")); });
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  RecordingSink sink;
  transport->start(post(std::string(30'000'000, 'x')), sink, {});
  sink.await_end();
  EXPECT_EQ(sink.status, 413) << sink.ended->reason;
}

// Other clients read a header line of any length, and any number of them: 500 MB were seen.
TEST(HttpTransport, HostileHeadersAreCutOff) {
  const struct {
    const char* name;
    std::string first, endless;
    const char* reason;
  } cases[] = {
      {"endless status line", "HTTP/1.1 200 ", std::string(4096, 'x'), "header line of more than 8192 bytes"},
      {"endless header line", "HTTP/1.1 200 OK\r\nX: ", std::string(4096, 'x'), "header line of more than 8192 bytes"},
      {"endless headers", "HTTP/1.1 200 OK\r\n", "X-Filler: " + std::string(1000, 'y') + "\r\n",
       "more than 64 KiB of headers"},
      {"endless 100 Continue", "", "HTTP/1.1 100 Continue\r\n\r\n", "more than 64 KiB of headers"},
      {"endless chunk extension", std::string(kStreamHead) + "1;", std::string(4096, 'z'),
       "more than 64 KiB of chunk framing"},
  };
  for (const auto& c : cases) {
    RecordingSink sink;
    const auto end = testing::ask(
        [&](Peer& peer) {
          peer.read_request();
          peer.send(c.first);
          while (peer.send(c.endless)) {
          }
        },
        sink);
    EXPECT_EQ(end.cause, Cause::protocol) << c.name << ": " << end.reason;
    EXPECT_NE(end.reason.find(c.reason), std::string::npos) << c.name << ": " << end.reason;
    EXPECT_TRUE(sink.body.empty()) << c.name;
  }
}

TEST(HttpTransport, TheLongestLinesAllowedAreRead) {
  const struct {
    const char* name;
    std::string response;
  } cases[] = {
      {"status line", http_response("200 " + std::string(1000, 'x'), "", "body")},
      {"second status line",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 " + std::string(8000, 'x') + "\r\nContent-Length: 4\r\n\r\nbody"},
      {"header line", http_response("200 OK", "X: " + std::string(8000, 'x') + "\r\n", "body")},
  };
  for (const auto& c : cases) {
    RecordingSink sink;
    const auto end = testing::ask(answer(c.response), sink);
    EXPECT_EQ(end.cause, Cause::complete) << c.name << ": " << end.reason;
    EXPECT_EQ(sink.body, "body") << c.name;
  }
}

TEST(HttpTransport, TimeoutsSayWhichOne) {
  const StreamTimeouts quick{Seconds{5}, Seconds{0.2}, Seconds{0.6}};
  const struct {
    const char* name;
    ScriptedServer::Script script;
    bool token;  // whether the bytes count as the first token
    Cause cause;
    const char* reason;
  } cases[] = {
      {"silent", [](Peer& p) { p.wait_for_close(); }, true, Cause::timeout_first_token, "no first token in time"},
      {"headers only", [](Peer& p) { p.read_request(), p.send(kStreamHead), p.wait_for_close(); }, true,
       Cause::timeout_first_token, "no first token in time"},
      {"only a comment",
       [](Peer& p) { p.read_request(), p.send(std::string(kStreamHead) + chunked(": wait\n\n")), p.wait_for_close(); },
       false, Cause::timeout_first_token, "no first token in time"},
      {"stops in mid-stream",
       [](Peer& p) { p.read_request(), p.send(std::string(kStreamHead) + chunked("x")), p.wait_for_close(); }, true,
       Cause::timeout_total, "no complete answer in the total time"},
      {"never pauses",
       [](Peer& p) {
         p.read_request();
         p.send(kStreamHead);
         const auto chunk = chunked(std::string(4000, 'x'));
         while (p.send(chunk)) {
         }
       },
       true, Cause::timeout_total, "no complete answer in the total time"},
  };
  for (const auto& c : cases) {
    RecordingSink sink([&](std::string_view data) {
      // Slower than the server, so that there is always something to read.
      if (data.size() > 1000) std::this_thread::sleep_for(std::chrono::microseconds(100));
      return c.token;
    });
    const auto end = testing::ask(c.script, sink, quick);
    EXPECT_EQ(end.cause, c.cause) << c.name << ": " << end.reason;
    EXPECT_EQ(end.reason, c.reason) << c.name;
    EXPECT_LT(between(sink.sent_at, sink.ended_at).value, 3) << c.name;
  }
}

TEST(HttpTransport, LineBreaksInHeadersAreRefused) {
  ScriptedServer server(answer(http_response("200 OK", "", "x")));
  const auto transport = testing::open_transport(testing::transport_options(server.port()));
  RecordingSink sink;
  auto evil = post();
  evil.headers.emplace_back("X-Id", "1\r\nX-Evil: yes");
  transport->start(std::move(evil), sink, {});
  EXPECT_EQ(sink.await_end().cause, Cause::protocol);
  EXPECT_EQ(sink.ended->reason, "header `X-Id` holds a line break: not sent");
  EXPECT_EQ(server.connections(), 0U);

  auto made = testing::transport_options(server.port());
  made.headers = {{"Authorization", "Bearer a\nb"}};
  const auto refused = open_http_transport(std::move(made));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "header `Authorization` holds a line break or a control character");
}

}  // namespace
}  // namespace ipw::replay
