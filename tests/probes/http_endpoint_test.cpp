#include "probes/http_endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/time.hpp"
#include "tests/support/meter_server.hpp"
#include "tests/support/options_from.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::MeterServer;
using ::testing::Not;
using testing::Peer;
using testing::ScriptedServer;
using ::testing::SizeIs;
using Scheme = MeterServer::Scheme;

constexpr const char* kPassword = "s3cret-pa55";

// An endpoint as these lines describe it; the test fails when it cannot be opened.
HttpEndpoint endpoint(const std::string& lines) {
  auto options = testing::options_from(lines);
  auto opened = HttpEndpoint::open(options);
  if (auto ok = options.finish(); !ok) ADD_FAILURE() << ok.error().message;
  EXPECT_TRUE(opened) << opened.error().message;
  return std::move(*opened);
}

std::string local(int port, const std::string& scheme = "http") {
  return "url: " + scheme + "://127.0.0.1:" + std::to_string(port) + "\n";
}

class PasswordFile {
 public:
  explicit PasswordFile(const std::string& text = std::string(kPassword) + "\n") { write(text); }
  void write(const std::string& text) { path_ = folder_.write("password", text); }
  std::string options(const std::string& user = "admin") const {
    return "user: " + user + "\npassword_file: " + path_.string() + "\n";
  }

 private:
  testing::TemporaryFolder folder_;
  std::filesystem::path path_;
};

TEST(HttpEndpoint, GetsABody) {
  MeterServer server;
  server.page("/status", {"{\"power\": 3}"});
  auto plug = endpoint("url: " + server.url() + "/\n");
  const auto body = plug.get("/status");
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(*body, "{\"power\": 3}");
  EXPECT_EQ(plug.url(), server.url());
}

TEST(HttpEndpoint, ThePathAndQueryOfTheUrlAreKept) {
  struct Case {
    const char* url;
    const char* path;
    const char* asked;
  } const cases[] = {
      {"", "", "GET /"},
      {"/", "/status", "GET /status"},
      {"/metrics", "", "GET /metrics"},
      {"/bmc/", "/redfish/v1", "GET /bmc/redfish/v1"},
      {"/snmp?target=pdu1", "", "GET /snmp?target=pdu1"},
      {"/cm?user=a", "?cmnd=Status", "GET /cm?cmnd=Status&user=a"},
  };
  for (const auto& c : cases) {
    MeterServer server;
    auto plug = endpoint("url: " + server.url() + c.url + "\n");
    EXPECT_FALSE(plug.get(c.path)) << "no such page here";
    EXPECT_THAT(server.asked(), ::testing::ElementsAre(c.asked));
    EXPECT_THAT(plug.url(), Not(HasSubstr("?")));
  }
}

TEST(HttpEndpoint, WrongOptionsAreToldWithTheirPlace) {
  const PasswordFile secret;
  const std::string ca = "https://b\nca_file: ";
  struct Case {
    const char* name;
    std::string lines, message;
  } const cases[] = {
      {"no url", "timeout: 1s\n", "`url` is missing"},
      {"scheme", "url: ftp://plug\n", "test.yaml:1:6: `ftp://plug` is not a usable URL: it must begin with http://"},
      {"no host", "url: http:///x\n", "the host is missing"},
      {"port", "url: http://plug:99999\n", "the port must be a number from 1 to 65535"},
      {"space", "url: http://plug/a b\n", "must be percent-encoded"},
      {"fragment", "url: http://plug/#x\n", "a fragment has no place here"},
      {"user info", "url: http://admin:s3cret-pa55@plug\n", "must not carry a user name or password"},
      {"both at once", "url: admin:s3cret-pa55@plug\n", "must begin with http://"},
      {"user alone", "url: http://plug\nuser: admin\n", "test.yaml:2:7: a user needs password_env or password_file"},
      {"password alone", "url: http://plug\npassword_env: HOME\n", "a password needs a `user`"},
      {"two secrets", "url: http://plug\nbearer_token_env: HOME\n" + secret.options(),
       "give either password_file or bearer_token_env, not both"},
      {"user of a token", "url: http://plug\nbearer_token_env: HOME\nuser: me\n", "a bearer token has no user"},
      {"no such variable", "url: http://plug\nuser: a\npassword_env: IPW_NOT_SET\n",
       "variable `IPW_NOT_SET` is not set"},
      {"no such file", "url: http://plug\nuser: a\npassword_file: /no/such\n", "cannot read `/no/such`"},
      {"empty file", "url: http://plug\nuser: a\npassword_file: /dev/null\n", "`/dev/null` is empty"},
      {"ca_file of http", "url: http://plug\nca_file: /etc/x\n", "an http URL has no certificate"},
      {"ca_file missing", "url: " + ca + "/no/such\n", "test.yaml:2:10: cannot read certificates from `/no/such`"},
      {"ca_file unused", "url: " + ca + "/x\nverify_tls: false\n", "of no use with `verify_tls: false`"},
      {"timeout", "url: http://plug\ntimeout: 0s\n", "test.yaml:2:10:"},
      {"verify_tls", "url: https://plug\nverify_tls: maybe\n", "expected true or false"},
      {"unknown", "url: http://plug\npassword: x\n", "unknown key `password`"},
  };
  for (const auto& c : cases) {
    auto options = testing::options_from(c.lines);
    const auto opened = HttpEndpoint::open(options);
    const auto finished = options.finish();
    ASSERT_FALSE(finished) << c.name;
    EXPECT_EQ(finished.error().code, Errc::invalid) << c.name;
    EXPECT_THAT(finished.error().message, AllOf(HasSubstr(c.message), Not(HasSubstr(kPassword)))) << c.name;
    if (!opened) {
      EXPECT_EQ(opened.error().code, Errc::invalid) << c.name;
    }
  }
}

TEST(HttpEndpoint, LogsInAsItIsAsked) {
  struct Case {
    const char* name;
    Scheme scheme;
  } const cases[] = {
      {"basic", Scheme::basic}, {"digest, MD5", Scheme::digest_md5}, {"digest, SHA-256", Scheme::digest_sha256}};
  for (const auto& c : cases) {
    const PasswordFile secret;
    MeterServer server;
    server.require(c.scheme, "admin", kPassword);
    server.page("/status?a=b", {"{}"});
    auto plug = endpoint("url: " + server.url() + "\n" + secret.options());
    for (int i = 0; i < 3; ++i) {
      const auto body = plug.get("/status?a=b");
      ASSERT_TRUE(body) << c.name << ": " << body.error().message;
    }
    EXPECT_THAT(server.asked(), SizeIs(4)) << c.name << ": asked for a login once only";
  }
}

TEST(HttpEndpoint, GivesABearerTokenAtOnce) {
  MeterServer server;
  server.answer([](const MeterServer::Asked& asked) {
    const bool fits = asked.header("Authorization") == std::string("Bearer ") + kPassword;
    return MeterServer::Reply{"{}", fits ? 200 : 403};
  });
  ::setenv("IPW_TEST_TOKEN", kPassword, 1);
  auto exporter = endpoint("url: " + server.url() + "\nbearer_token_env: IPW_TEST_TOKEN\n");
  EXPECT_TRUE(exporter.get("/metrics"));
}

TEST(HttpEndpoint, AWrongPasswordIsTriedOncePerReading) {
  for (const auto scheme : {Scheme::basic, Scheme::digest_md5, Scheme::digest_sha256}) {
    PasswordFile secret("wr0ng-one");
    MeterServer server;
    server.require(scheme, "admin", kPassword);
    server.page("/status", {"{}"});
    auto plug = endpoint("url: " + server.url() + "\n" + secret.options());
    const auto body = plug.get("/status?token=abc");
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, Errc::unavailable);
    EXPECT_THAT(body.error().message, HasSubstr(server.url() + "/status: wrong user or password (HTTP 401)"));
    EXPECT_THAT(body.error().message, AllOf(Not(HasSubstr("wr0ng-one")), Not(HasSubstr("abc"))));
    EXPECT_THAT(server.asked(), SizeIs(2));
    secret.write(kPassword);
    EXPECT_TRUE(plug.get("/status")) << "the file is read again";
  }
}

TEST(HttpEndpoint, SaysWhenALoginIsMissing) {
  MeterServer server;
  server.require(Scheme::digest_sha256, "admin", kPassword);
  auto plug = endpoint("url: " + server.url() + "\n");
  const auto body = plug.get("/status");
  ASSERT_FALSE(body);
  EXPECT_THAT(body.error().message, HasSubstr("it asks for a login: set `user` and `password_file`"));
}

TEST(HttpEndpoint, CredentialsAreForThisServerOnly) {
  const PasswordFile secret;
  ScriptedServer server([](Peer& peer) {
    peer.read_request();
    peer.send(testing::http_response("401 Unauthorized", "WWW-Authenticate: Negotiate\r\n", ""));
  });
  auto plug = endpoint(local(server.port()) + secret.options());
  ASSERT_FALSE(plug.get("/"));
  EXPECT_THAT(server.requests(), SizeIs(1)) << "nothing that we can answer is asked for";
  EXPECT_THAT(server.requests()[0], Not(HasSubstr("Authorization")));
}

TEST(HttpEndpoint, EveryStatusHasItsReason) {
  struct Case {
    int status;
    Errc code;
    const char* reason;
  } const cases[] = {
      {204, Errc::invalid, "it refuses the request (HTTP 204)"},
      {302, Errc::invalid, "it redirects elsewhere: give the URL itself (HTTP 302)"},
      {403, Errc::unavailable, "this user may not read it (HTTP 403)"},
      {404, Errc::invalid, "there is no such page (HTTP 404)"},
      {429, Errc::retry, "it cannot answer now (HTTP 429)"},
      {503, Errc::retry, "it cannot answer now (HTTP 503)"},
  };
  for (const auto& c : cases) {
    MeterServer elsewhere, server;
    server.page("/x", {"", c.status, {{"Location", elsewhere.url() + "/?user=admin"}}});
    auto plug = endpoint("url: " + server.url() + "\n");
    const auto body = plug.get("/x");
    ASSERT_FALSE(body) << c.status;
    EXPECT_EQ(body.error().code, c.code) << c.status;
    EXPECT_EQ(body.error().message, server.url() + "/x: " + c.reason);
    EXPECT_THAT(elsewhere.asked(), SizeIs(0));
  }
}

TEST(HttpEndpoint, RequestGivesAnyAnswerWhole) {
  MeterServer server;
  server.answer([](const MeterServer::Asked& asked) {
    return MeterServer::Reply{asked.method + asked.header("X-Auth-Token") + asked.body, 201, {{"X-Auth-Token", "t"}}};
  });
  auto bmc = endpoint("url: " + server.url() + "\n");
  const auto answer =
      bmc.request({.method = "POST", .path = "/s", .headers = {{"X-Auth-Token", "-in-"}}, .body = "{\"a\":1}"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "POST-in-{\"a\":1}");
  EXPECT_EQ(answer->header("x-auth-token"), "t");
  EXPECT_EQ(answer->header("X-None"), "");
  const auto injected = bmc.request({.path = "/s", .headers = {{"X-Auth-Token", "a\r\nX-Evil: 1"}}});
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message, HasSubstr("line break"));
}

// Whatever the server does, the answer comes at the timeout at the latest, and the next one may be good.
TEST(HttpEndpoint, ABadServerCostsNoMoreThanTheTimeout) {
  const std::string good = testing::http_response("200 OK", "", "{}");
  const auto drip = [](const std::string& first, const std::string& each) {
    return [=](Peer& peer) {
      peer.read_request();
      peer.send(first);
      for (int i = 0; i < 1000 && peer.send(each); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    };
  };
  const auto send = [](const std::string& bytes) {
    return [=](Peer& peer) {
      peer.read_request();
      peer.send(bytes);
    };
  };
  const std::string late = "no whole answer within 0.25 s";
  struct Case {
    const char* name;
    ScriptedServer::Script script;
    std::string reason;
  } const cases[] = {
      {"hangs", [](Peer& peer) { peer.wait_for_close(); }, late},
      {"hangs in the body",
       [](Peer& peer) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{");
         peer.wait_for_close();
       },
       late},
      {"drips its status", drip("HTTP/1.1 200 O", "K"), late},
      {"drips headers", drip("HTTP/1.1 200 OK\r\n", "a: b\r\n"), late},
      {"drips its body", drip("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", "x"), late},
      {"drips chunks", drip(std::string(testing::kStreamHead), testing::chunked("x")), late},
      {"closes", [](Peer& peer) { peer.read_request(); }, "it closed the connection without an answer"},
      {"closes in the headers", send("HTTP/1.1 200 OK\r\nConte"), "closed the connection in the middle of the answer"},
      {"closes in the body", send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), "in the middle of the answer"},
      {"garbage", send(std::string("\x15\x03\x03\x00\x02\x02(\xff\xfe", 9)), "it does not speak HTTP/1.1"},
      {"another protocol", send("220 plug.example ESMTP\r\n"), "it does not speak HTTP/1.1"},
      {"garbage status", send("HTTP/1.1 fine\r\n\r\n"), "it does not speak HTTP/1.1"},
      {"an endless line", send("HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a')), "it sends an endless header"},
      {"an early hint", send("HTTP/1.1 103 Early Hints\r\n\r\n" + good), "it answers HTTP 103"},
      {"too long", send("HTTP/1.1 200 OK\r\n\r\n" + std::string(5U << 20U, ' ')), "more than 4 MiB"},
      {"bad chunks", send(std::string(testing::kStreamHead) + "zz\r\n"), "its answer's encoding is broken"},
  };
  for (const auto& c : cases) {
    ScriptedServer server({c.script, send(good)});
    auto plug = endpoint(local(server.port()) + "timeout: 250ms\n");
    const auto before = std::chrono::steady_clock::now();
    const auto body = plug.get("/x?password=" + std::string(kPassword));
    EXPECT_LT(between(before, std::chrono::steady_clock::now()).value, 2) << c.name;
    ASSERT_FALSE(body) << c.name;
    EXPECT_THAT(body.error().message, HasSubstr("http://127.0.0.1:" + std::to_string(server.port()) + "/x: "))
        << c.name;
    EXPECT_THAT(body.error().message, AllOf(HasSubstr(c.reason), Not(HasSubstr(kPassword)))) << c.name;
    const auto next = plug.get("/x");
    EXPECT_TRUE(next) << c.name << ": " << next.error().message;
  }
}

TEST(HttpEndpoint, ManyHeadersAreRefused) {
  ScriptedServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("A: 0123456789012345678901234567890123456789\r\n")) {
    }
  });
  auto plug = endpoint(local(server.port()));
  const auto body = plug.get("/");
  ASSERT_FALSE(body);
  EXPECT_THAT(body.error().message, HasSubstr("more than 64 KiB of headers"));
}

TEST(HttpEndpoint, OneConnectionServesManyRequests) {
  const auto twice = [](Peer& peer) {
    for (int i = 0; i < 2; ++i)
      if (!peer.read_request().empty()) peer.send(testing::http_response("200 OK", "", "{}"));
  };
  ScriptedServer server({twice, twice});
  auto plug = endpoint(local(server.port()));
  for (int i = 0; i < 3; ++i) {
    const auto body = plug.get("/");
    ASSERT_TRUE(body) << i << ": " << body.error().message << " (the third finds the idle connection closed)";
  }
  EXPECT_EQ(server.connections(), 2U);
}

TEST(HttpEndpoint, AwayAndBack) {
  MeterServer server;
  server.page("/", {"{}"});
  auto plug = endpoint("url: " + server.url() + "\ntimeout: 250ms\n");
  EXPECT_TRUE(plug.get("/"));
  server.away();
  const auto gone = plug.get("/");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::unavailable);
  EXPECT_THAT(gone.error().message, HasSubstr(server.url() + ": cannot connect: Connection refused"));
  server.back();
  EXPECT_TRUE(plug.get("/"));
  server.hang(true);
  EXPECT_FALSE(plug.get("/"));
  server.hang(false);
  EXPECT_TRUE(plug.get("/"));
}

class Tls : public ::testing::Test {
 protected:
  std::string ca_file(const testing::Certificate& certificate) {
    return "ca_file: " + folder_.write("ca.pem", certificate.pem()).string() + "\n";
  }
  // What a server that shows `certificate` is told, and the reason when it is not trusted.
  static std::string outcome(const testing::Certificate& certificate, const std::string& lines,
                             const std::string& host = "127.0.0.1") {
    MeterServer server(certificate);
    server.page("/", {"{}"});
    auto bmc = endpoint("url: https://" + host + ":" + std::to_string(server.port()) + "\n" + lines);
    const auto body = bmc.get("/");
    if (!body) {
      EXPECT_EQ(body.error().code, Errc::unavailable);
      EXPECT_THAT(server.asked(), SizeIs(0)) << "nothing is said to a server that is not trusted";
    }
    return body ? "trusted" : body.error().message;
  }
  testing::TestAuthority authority;

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(Tls, OnlyWhoIsTrustedIsAsked) {
  const auto leaf = authority.issue("bmc", {"IP:127.0.0.1", "DNS:localhost"});
  const auto nameless = authority.issue("localhost", {});
  const auto other = authority.issue("bmc", {"DNS:other.example"});
  const auto stranger = testing::TestAuthority();
  struct Case {
    const char* name;
    const testing::Certificate& shown;
    std::string lines, host, outcome;
  } const cases[] = {
      {"unknown authority", leaf, "", "127.0.0.1", "its certificate is not trusted: unable to get local issuer"},
      {"self-signed", authority.root(), "", "127.0.0.1", "its certificate is not trusted: self-signed certificate"},
      {"another authority", leaf, ca_file(stranger.root()), "127.0.0.1", "its certificate is not trusted"},
      {"not verified", leaf, "verify_tls: false\n", "127.0.0.1", "trusted"},
      {"self-signed, not verified", authority.root(), "verify_tls: false\n", "127.0.0.1", "trusted"},
  };
  for (const auto& c : cases) EXPECT_THAT(outcome(c.shown, c.lines, c.host), HasSubstr(c.outcome)) << c.name;
  const auto ours = ca_file(authority.root());
  EXPECT_EQ(outcome(leaf, ours), "trusted");
  EXPECT_EQ(outcome(leaf, ours, "localhost"), "trusted");
  EXPECT_EQ(outcome(nameless, ours, "localhost"), "trusted") << "a common name counts where there is no other";
  EXPECT_THAT(outcome(other, ours), HasSubstr("its certificate is not trusted: IP address mismatch"));
  EXPECT_THAT(outcome(other, ours, "localhost"), HasSubstr("its certificate is not trusted: hostname mismatch"));
  EXPECT_EQ(outcome(leaf, ca_file(leaf)), "trusted") << "the BMC's own certificate, without its authority's";
}

TEST_F(Tls, AServerThatDoesNotSpeakItOrHangs) {
  ScriptedServer plain([](Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.wait_for_close();
  });
  ScriptedServer silent([](Peer& peer) { peer.wait_for_close(); });
  ScriptedServer closing([](Peer&) {});
  struct Case {
    const ScriptedServer& server;
    const char* reason;
  } const cases[] = {{plain, "TLS failed: wrong version number"},
                     {silent, "the TLS handshake did not end in time"},
                     {closing, "closed during the TLS handshake"}};
  for (const auto& c : cases) {
    auto bmc = endpoint(local(c.server.port(), "https") + "timeout: 250ms\n");
    const auto body = bmc.get("/");
    ASSERT_FALSE(body);
    EXPECT_THAT(body.error().message, HasSubstr(c.reason));
  }
}

}  // namespace
}  // namespace ipw::probes
