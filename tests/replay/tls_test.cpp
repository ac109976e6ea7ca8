#include "replay/tls.hpp"

#include <gtest/gtest.h>

#include "replay/transport.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::replay {
namespace {

using Cause = StreamEnd::Cause;
using testing::Peer;
using testing::RecordingSink;
using testing::ScriptedServer;

void serve(Peer& peer) {
  while (!peer.read_request().empty()) peer.send(testing::openai_response("hi"));
}

TransportOptions options(const std::string& host, int port, const std::filesystem::path& ca_file) {
  TransportOptions made;
  made.url = *Url::parse("https://" + host + ":" + std::to_string(port) + "/v1");
  made.timeouts = {Seconds{5}, Seconds{10}, Seconds{20}};
  made.ca_file = ca_file;
  return made;
}

StreamEnd ask(TransportOptions made, RecordingSink& sink) {
  auto transport = open_http_transport(std::move(made));
  EXPECT_TRUE(transport) << transport.error().message;
  (*transport)->start({"POST", "/x", {}, "{}"}, sink, {});
  return sink.await_end();
}

TEST(Tls, WhichCertificatesAreGoodForTheHost) {
  const struct {
    const char* name;
    const char* host;
    const char* common_name;
    std::vector<std::string> names;
    bool good;
    const char* reason;
  } cases[] = {
      {"DNS name", "localhost", "whatever", {"DNS:localhost"}, true, ""},
      {"IP address", "127.0.0.1", "whatever", {"DNS:other.example", "IP:127.0.0.1"}, true, ""},
      // The library falls back to the common name even where there are alternative names, and they are others.
      {"common name beside other names", "localhost", "localhost", {"DNS:other.example"}, false, "hostname mismatch"},
      {"common name alone", "localhost", "localhost", {}, false, "hostname mismatch"},
      {"common name for an address", "127.0.0.1", "127.0.0.1", {"DNS:other.example"}, false, "IP address mismatch"},
      {"other name", "localhost", "other", {"DNS:other.example"}, false, "hostname mismatch"},
      {"other address", "127.0.0.1", "other", {"IP:127.0.0.2"}, false, "IP address mismatch"},
  };
  const testing::TestAuthority authority;
  const testing::TemporaryFolder folder;
  const auto ca_file = folder.write("ca.pem", authority.root().pem());
  for (const auto& c : cases) {
    ScriptedServer server({serve}, authority.issue(c.common_name, c.names));
    RecordingSink sink;
    const auto end = ask(options(c.host, server.port(), ca_file), sink);
    EXPECT_EQ(end.cause, c.good ? Cause::complete : Cause::tls) << c.name << ": " << end.reason;
    EXPECT_NE(end.reason.find(c.reason), std::string::npos) << c.name << ": " << end.reason;
    EXPECT_EQ(server.requests().size(), c.good ? 1U : 0U) << c.name << ": nothing is sent to a stranger";
  }
}

TEST(Tls, AnUnknownAuthorityIsRefused) {
  const testing::TestAuthority authority, another;
  const testing::TemporaryFolder folder;
  ScriptedServer server({serve}, authority.issue("localhost", {"DNS:localhost"}));
  for (const auto& ca_file : {std::filesystem::path(), folder.write("another.pem", another.root().pem())}) {
    RecordingSink sink;
    const auto end = ask(options("localhost", server.port(), ca_file), sink);
    EXPECT_EQ(end.cause, Cause::tls) << ca_file;
    EXPECT_NE(end.reason.find("cannot connect to https://localhost:"), std::string::npos) << end.reason;
    EXPECT_NE(end.reason.find("certificate is not trusted: "), std::string::npos) << end.reason;
  }
}

TEST(Tls, StreamsAndKeepsTheConnection) {
  const testing::TestAuthority authority;
  const testing::TemporaryFolder folder;
  ScriptedServer server({serve}, authority.issue("localhost", {"DNS:localhost"}));
  auto transport =
      open_http_transport(options("localhost", server.port(), folder.write("ca.pem", authority.root().pem())));
  ASSERT_TRUE(transport);
  for (int i = 0; i < 3; ++i) {
    RecordingSink sink;
    (*transport)->start({"POST", "/x", {}, std::string(100'000, 'x')}, sink, {});
    EXPECT_EQ(sink.await_end().cause, Cause::complete) << sink.ended->reason;
    EXPECT_NE(sink.body.find("[DONE]"), std::string::npos);
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(Tls, EndsThatAreNoEnds) {
  const testing::TestAuthority authority;
  const testing::TemporaryFolder folder;
  const auto ca_file = folder.write("ca.pem", authority.root().pem());
  const std::string head(testing::kStreamHead);
  const struct {
    const char* name;
    ScriptedServer::Script script;
    Cause cause;
  } cases[] = {
      {"cut in mid-stream", [&](Peer& p) { p.read_request(), p.send(head + testing::chunked("x")); }, Cause::cut},
      {"reset", [&](Peer& p) { p.read_request(), p.send(head + testing::chunked("x")), p.reset(); }, Cause::cut},
      {"silent", [](Peer& p) { p.wait_for_close(); }, Cause::timeout_first_token},
  };
  for (const auto& c : cases) {
    ScriptedServer server({c.script}, authority.issue("localhost", {"DNS:localhost"}));
    auto made = options("localhost", server.port(), ca_file);
    made.timeouts.first_token = Seconds{0.3};
    RecordingSink sink;
    const auto end = ask(std::move(made), sink);
    EXPECT_EQ(end.cause, c.cause) << c.name << ": " << end.reason;
  }
}

TEST(Tls, AServerWithoutTls) {
  ScriptedServer server([](Peer& p) { p.send("HTTP/1.1 400 Bad Request\r\n\r\n"), p.wait_for_close(); });
  RecordingSink sink;
  const auto end = ask(options("localhost", server.port(), ""), sink);
  EXPECT_EQ(end.cause, Cause::tls);
  EXPECT_NE(end.reason.find("wrong version number"), std::string::npos) << end.reason;
}

TEST(Tls, ASilentHandshakeEndsInTime) {
  ScriptedServer server([](Peer& p) { p.wait_for_close(); });
  auto made = options("localhost", server.port(), "");
  made.timeouts.connect = Seconds{0.1};
  RecordingSink sink;
  const auto end = ask(std::move(made), sink);
  EXPECT_EQ(end.cause, Cause::connect);
  EXPECT_NE(end.reason.find("the TLS handshake did not end in time"), std::string::npos) << end.reason;
}

TEST(Tls, AFileThatHoldsNoCertificates) {
  const testing::TemporaryFolder folder;
  for (const auto& path : {std::string("/nowhere/ca.pem"), folder.write("ca.pem", "hello").string()}) {
    const auto tls = TlsContext::open(path);
    ASSERT_FALSE(tls);
    EXPECT_EQ(tls.error().message, "cannot read certificates from `" + path + "` (a PEM file is expected)");
  }
}

}  // namespace
}  // namespace ipw::replay
