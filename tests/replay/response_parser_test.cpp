#include "replay/response_parser.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ipw::replay {
namespace {

using Step = ResponseParser::Step;

// What a parser makes of a response that comes in pieces: "200|body|whole".
std::string read(std::string_view response, std::size_t piece) {
  ResponseParser parser;
  std::string told, body;
  for (std::size_t at = 0; at < response.size(); at += piece) {
    auto bytes = response.substr(at, piece);
    for (auto step = parser.next(bytes); step != Step::more; step = parser.next(bytes)) {
      if (step == Step::head) told = std::to_string(parser.status()) + '|';
      if (step == Step::content) body += parser.content();
      if (step == Step::whole)
        return told + body + "|whole" + (parser.stays_open() ? ", open" : "") +
               std::string(at + piece < response.size() || !bytes.empty() ? ", more" : "");
      if (step == Step::broken) return told + body + '|' + parser.failure();
    }
  }
  return told + body + (parser.ends_with_connection() ? "|until the end" : parser.in_head() ? "|head" : "|body");
}

constexpr std::string_view kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(ResponseParser, TheSameHoweverItIsSplit) {
  const std::string chunked(kChunked);
  const struct {
    const char* name;
    std::string response, told;
  } cases[] = {
      {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "200|body|whole, open"},
      {"no body", "HTTP/1.1 204 No Content\r\n\r\n", "204||whole, open"},
      {"an empty body", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", "200||whole, open"},
      {"no length", "HTTP/1.1 200 OK\r\n\r\nbody", "200|body|until the end"},
      {"chunks", chunked + "3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n", "200|body|whole, open"},
      {"chunks with extensions and trailers", chunked + "3;a=b\r\nbod\r\n01 \r\ny\r\n0;c\r\nX: y\r\n\r\n",
       "200|body|whole, open"},
      {"bare line feeds", "HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n4\nbody\n0\n\n", "200|body|whole, open"},
      {"a length beside chunks does not count",
       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
       "200|body|whole, open"},
      {"no reason phrase", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "200|x|whole, open"},
      {"continue first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
       "200|x|whole, open"},
      {"announces the close", "HTTP/1.1 200 OK\r\nConnection: CLOSE\r\nContent-Length: 1\r\n\r\nx", "200|x|whole"},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200|x|whole"},
      {"half a status line", "HTTP/1.1 2", "|head"},
      {"half a header", "HTTP/1.1 200 OK\r\nConte", "|head"},
      {"a cut length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", "200|body|body"},
      {"a cut chunk", chunked + "9\r\nbody", "200|body|body"},
      {"no last chunk", chunked + "4\r\nbody\r\n", "200|body|body"},
      {"switching protocols", "HTTP/1.1 101 Switching\r\n\r\n", "|the server sends HTTP 101, which nobody asked for"},
      {"a chunk size that is none", chunked + "xyz\r\n", "200||the server's chunked encoding is broken"},
      {"a chunk size beyond all", chunked + "11111111111111111\r\n", "200||the server's chunked encoding is broken"},
      {"a negative chunk size", chunked + "-1\r\n", "200||the server's chunked encoding is broken"},
      {"a chunk longer than it says", chunked + "1\r\nxy\r\n", "200|x|the server's chunked encoding is broken"},
      {"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\n",
       "|the server's Content-Length is no number: 4, 5"},
      {"another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       "|the server sends the transfer encoding `gzip, chunked`"},
      {"a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n", "|the server sends a header line without a name"},
      {"a folded header", "HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n", "|the server sends a header line without a name"},
  };
  for (const auto& c : cases)
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) EXPECT_EQ(read(c.response, piece), c.told) << c.name;
}

TEST(ResponseParser, AnythingElseIsNotHttp) {
  const std::string refused = "|the server does not speak HTTP/1.1; its answer begins: ";
  for (const std::string line : {"SSH-2.0-x", "HTTP/2 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 20x OK", "HTTP/1.1  200"})
    EXPECT_EQ(read(line + "\r\n\r\n", 1000).substr(0, refused.size()), refused) << line;
}

TEST(ResponseParser, WhatFollowsIsNotPartOfIt) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxjunk", 1000), "200|x|whole, open, more");
  EXPECT_EQ(read(std::string(kChunked) + "1\r\nx\r\n0\r\n\r\njunk", 1000), "200|x|whole, open, more");
}

TEST(ResponseParser, HeadersAreFoundInAnyCase) {
  ResponseParser parser;
  std::string_view bytes = "HTTP/1.1 429 Slow Down\r\nretry-AFTER:  7 \r\n\r\n";
  ASSERT_EQ(parser.next(bytes), Step::head);
  EXPECT_EQ(parser.header("Retry-After"), "7");
  EXPECT_EQ(parser.header("Location"), "");
}

TEST(ResponseParser, FramingIsBounded) {
  const std::string chunked(kChunked);
  const struct {
    const char* name;
    std::string begin, endless, why;
  } cases[] = {
      {"status line", "HTTP/1.1 200 ", std::string(1000, 'x'), "a header line of more than 8192 bytes"},
      {"header line", "HTTP/1.1 200 OK\r\nX: ", std::string(1000, 'x'), "a header line of more than 8192 bytes"},
      {"headers", "HTTP/1.1 200 OK\r\n", "X: " + std::string(1000, 'x') + "\r\n", "more than 64 KiB of headers"},
      {"continues", "", "HTTP/1.1 100 Continue\r\n\r\n", "more than 64 KiB of headers"},
      {"chunk size", chunked + "0000", std::string(1000, '0'), "more than 64 KiB of chunk framing"},
      {"trailers", chunked + "0\r\n", "X: y\r\n", "more than 64 KiB of chunk framing"},
  };
  for (const auto& c : cases) {
    ResponseParser parser;
    auto step = Step::more;
    std::string_view bytes = c.begin;
    for (int i = 0; i < 20'000 && step != Step::broken; ++i, bytes = c.endless)
      while ((step = parser.next(bytes)) == Step::head) {
      }
    EXPECT_EQ(step, Step::broken) << c.name;
    EXPECT_NE(parser.failure().find(c.why), std::string::npos) << c.name << ": " << parser.failure();
  }
}

// Whatever a server sends: every byte is taken or refused, and nothing hangs.
TEST(ResponseParser, RandomBytesEnd) {
  std::mt19937 random(7);
  const std::string_view words[] = {"HTTP/1.1 200 OK",
                                    "\r\n",
                                    "\n",
                                    "Transfer-Encoding: chunked",
                                    "Content-Length: 3",
                                    "5",
                                    "0",
                                    "abc",
                                    ":",
                                    " ",
                                    "HTTP/1.1 100 x",
                                    "ffffffffffffffff",
                                    "\0"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? std::string(kChunked) : "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 12; ++i) text += words[random() % std::size(words)];
    ResponseParser parser;
    std::string_view bytes = text;
    int steps = 0;
    for (auto step = Step::head; step != Step::more && step != Step::whole && step != Step::broken; ++steps)
      step = parser.next(bytes);
    EXPECT_LT(steps, 100) << text;
  }
}

}  // namespace
}  // namespace ipw::replay
