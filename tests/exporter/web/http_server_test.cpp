#include "exporter/web/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <stdexcept>

#include "tests/support/raw_client.hpp"

namespace ipw::web {
namespace {

using ::ipw::testing::RawClient;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kLong(100'000, 'x');

std::vector<Route> routes() {
  return {
      {"/hello", [](const Request&) { return Response{.body = "hello\n"}; }},
      {"/long", [](const Request&) { return Response{.body = kLong}; }},
      {"/echo",
       [](const Request& r) { return Response{.body = r.parameter("q") + "|" + r.header("X-Test") + "|" + r.path}; }},
      {"/items/*", [](const Request& r) { return Response{.body = r.path}; }},
      {"/throws", [](const Request&) -> Response { throw std::runtime_error("secret of the inside"); }},
      {"/page",
       [](const Request&) {
         return Response{200, "text/html; charset=utf-8", "<p>", {{"X-Own", "1"}}};
       }},
  };
}

std::unique_ptr<HttpServer> start(ServerOptions options = {}) {
  auto server = HttpServer::start(std::move(options), routes());
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

httplib::Result get(int port, const std::string& path, const httplib::Headers& headers = {}) {
  httplib::Client client("127.0.0.1", port);
  client.set_decompress(false);
  return client.Get(path, headers);
}

TEST(HttpServer, FindsRoutes) {
  struct Case {
    const char *name, *path;
    int status;
    const char* body;
  } const cases[] = {
      {"whole path", "/hello", 200, "hello\n"},
      {"decoded parameters", "/echo?q=a%20b%26c", 200, "a b&c||/echo"},
      {"star", "/items/a%2Fb", 200, "/items/a/b"},
      {"star wants something", "/items/", 404, "{\"error\":\"there is nothing at this path\"}\n"},
      {"unknown", "/nope", 404, "{\"error\":\"there is nothing at this path\"}\n"},
      {"not a prefix", "/hello/x", 404, "{\"error\":\"there is nothing at this path\"}\n"},
  };
  const auto server = start();
  for (const auto& c : cases) {
    const auto answer = get(server->port(), c.path);
    ASSERT_TRUE(answer) << c.name;
    EXPECT_EQ(answer->status, c.status) << c.name;
    EXPECT_EQ(answer->body, c.body) << c.name;
  }
}

TEST(HttpServer, PassesHeadersToHandlers) {
  const auto server = start();
  EXPECT_EQ(get(server->port(), "/echo?q=1", {{"x-test", "yes"}})->body, "1|yes|/echo");
}

TEST(HttpServer, SendsSecurityHeadersAndNoneForOtherOrigins) {
  const auto server = start();
  const auto answer = get(server->port(), "/page", {{"Origin", "http://evil.example"}});
  EXPECT_EQ(answer->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(answer->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(answer->get_header_value("Cache-Control"), "no-store");
  EXPECT_EQ(answer->get_header_value("X-Own"), "1");
  EXPECT_FALSE(answer->has_header("Access-Control-Allow-Origin"));
}

TEST(HttpServer, IgnoresRanges) {
  const auto server = start();
  for (const char* range : {"bytes=0-9", "bytes=0-1,5-9", "bytes=999999999-", "nonsense"}) {
    const auto answer = get(server->port(), "/long", {{"Range", range}});
    ASSERT_TRUE(answer) << range;
    EXPECT_EQ(answer->status, 200) << range;
    EXPECT_EQ(answer->body, kLong) << range;
  }
}

TEST(HttpServer, CompressesOnlyWithGzipAndOnlyWhatIsLong) {
  struct Case {
    const char *name, *path, *accept, *coding;
  } const cases[] = {
      {"gzip", "/long", "gzip", "gzip"},
      {"never brotli", "/long", "br, gzip", "gzip"},
      {"brotli alone", "/long", "br", ""},
      {"refused gzip", "/long", "gzip;q=0", ""},
      {"weighted", "/long", "deflate;q=0.5, GZIP;q=0.8", "gzip"},
      {"not asked", "/long", "", ""},
      {"short", "/hello", "gzip", ""},
  };
  const auto server = start();
  for (const auto& c : cases) {
    httplib::Client client("127.0.0.1", server->port());
    const auto answer = client.Get(c.path, {{"Accept-Encoding", c.accept}});
    ASSERT_TRUE(answer) << c.name;
    EXPECT_EQ(answer->get_header_value("Content-Encoding"), c.coding) << c.name;
    EXPECT_EQ(answer->body, c.path == std::string("/long") ? kLong : "hello\n") << c.name;
  }
  EXPECT_EQ(get(server->port(), "/long")->get_header_value("Vary"), "Accept-Encoding");
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
  const auto server = start();
  const RawClient client(server->port());
  client.send("HEAD /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 100000\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Accept-Ranges")));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(HttpServer, AHandlersExceptionIsNotShown) {
  const auto server = start();
  const RawClient client(server->port());
  client.send("GET /throws HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_to_end();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, HasSubstr("the log of the sidecar says why"));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
  EXPECT_THAT(answer, Not(HasSubstr("EXCEPTION_WHAT")));
}

TEST(HttpServer, RefusesWhatIsNotAPlainRead) {
  struct Case {
    const char *name, *request, *status, *text;
  } const cases[] = {
      {"POST", "POST /hello HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405", "Allow: GET, HEAD"},
      {"POST chunked", "POST /hello HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "405",
       "Allow"},
      {"POST gzip", "POST /hello HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "405", "Allow"},
      {"DELETE", "DELETE /hello HTTP/1.1\r\n\r\n", "405", "only GET and HEAD"},
      {"OPTIONS", "OPTIONS /hello HTTP/1.1\r\n\r\n", "405", "only GET and HEAD"},
      {"GET with a body", "GET /hello HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /", "400", "a body is not accepted"},
      {"GET chunked", "GET /hello HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "400", "a body is not"},
      {"two lengths", "GET /hello HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n", "400", "a body is not"},
      {"not HTTP", "nonsense\r\n\r\n", "400", "not a request of HTTP/1.1"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", "400", "not a request of HTTP/1.1"},
      {"empty line", "\r\n\r\n", "400", "not a request of HTTP/1.1"},
      {"no version", "GET /hello\r\n\r\n", "400", "not a request of HTTP/1.1"},
      {"TLS", "\x16\x03\x01\r\n\r\n", "400", "not a request of HTTP/1.1"},
  };
  const auto server = start();
  for (const auto& c : cases) {
    const RawClient client(server->port());
    client.send(c.request);
    const auto answer = client.read_to_end();  // the server ends the connection itself
    EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + c.status)) << c.name;
    EXPECT_THAT(answer, HasSubstr(c.text)) << c.name;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << c.name;
    EXPECT_EQ(answer.find("\nHTTP/1.1 "), std::string::npos) << c.name << ": a body was taken for a request";
  }
}

TEST(HttpServer, ConnectionsStayOpenOnlyAsAgreed) {
  struct Case {
    const char *name, *request;
    bool open;
  } const cases[] = {
      {"1.1", "GET /hello HTTP/1.1\r\n\r\n", true},
      {"1.1 close", "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", false},
      {"1.1 Close", "GET /hello HTTP/1.1\r\nConnection: Close\r\n\r\n", false},
      {"1.1 in a list", "GET /hello HTTP/1.1\r\nConnection: TE, close\r\n\r\n", false},
      {"1.0", "GET /hello HTTP/1.0\r\n\r\n", false},
      {"1.0 keep-alive", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
      {"404", "GET /nope HTTP/1.1\r\n\r\n", true},
  };
  const auto server = start();
  for (const auto& c : cases) {
    const RawClient client(server->port());
    client.send(c.request);
    const auto answer = client.read_until("\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr(c.open ? "Connection: keep-alive" : "Connection: close")) << c.name;
    if (c.open) {
      client.send("GET /echo?q=again HTTP/1.1\r\nConnection: close\r\n\r\n");
      EXPECT_THAT(client.read_to_end(), HasSubstr("again|")) << c.name;
    } else {
      EXPECT_TRUE(client.closed_within(std::chrono::seconds(5))) << c.name;
    }
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = start();
  const RawClient client(server->port());
  client.send(
      "GET /echo?q=1 HTTP/1.1\r\n\r\nGET /echo?q=2 HTTP/1.1\r\n\r\nGET /echo?q=3 HTTP/1.1\r\nConnection: "
      "close\r\n\r\n");
  const auto answers = client.read_to_end();
  EXPECT_LT(answers.find("1||"), answers.find("2||"));
  EXPECT_LT(answers.find("2||"), answers.find("3||"));
  EXPECT_THAT(answers, HasSubstr("3||/echo"));
}

TEST(HttpServer, TakesARequestInAnyPieces) {
  const auto server = start();
  const RawClient client(server->port());
  for (const char c : std::string_view("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n")) client.send({&c, 1});
  EXPECT_THAT(client.read_to_end(), HasSubstr("hello\n"));
}

TEST(HttpServer, TwoServersCannotShareAPort) {
  const auto first = start();
  const auto second = HttpServer::start({.port = first->port()}, routes());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
  EXPECT_THAT(second.error().message, StartsWith("cannot listen on 127.0.0.1:" + std::to_string(first->port()) +
                                                 ": Address already in use: another program has it"));
}

TEST(HttpServer, SaysWhichAddressCannotBeBound) {
  const auto server = HttpServer::start({.host = "192.0.2.1"}, routes());
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, StartsWith("cannot listen on 192.0.2.1:0: Cannot assign requested address"));
}

TEST(HttpServer, RestartsAtOnceOnItsPort) {
  auto server = start();
  const int port = server->port();
  // The server closes first, so that its side of the connection lingers in TIME_WAIT.
  const RawClient client(port);
  client.send("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n");
  client.read_to_end();
  for (int i = 0; i < 3; ++i) {
    server.reset();
    server = start({.port = port});
    EXPECT_EQ(get(port, "/hello")->status, 200);
  }
}

}  // namespace
}  // namespace ipw::web
