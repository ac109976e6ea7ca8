#include "exporter/web/request_head.hpp"

#include <gtest/gtest.h>

namespace ipw::web {
namespace {

TEST(RequestHead, TakesOutWhatTheLibraryWouldActOn) {
  const auto head = examine(
      "GET / HTTP/1.1\r\nHost: x\r\nRANGE: bytes=0-1\r\nAccept-Encoding: br\r\nX: y\r\nExpect: 100-continue\r\n"
      "accept-encoding:gzip\r\n\r\n");
  EXPECT_EQ(head.text, "GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n\r\n");
  EXPECT_TRUE(head.accepts_gzip);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.reads_only);
  EXPECT_FALSE(head.has_body);
}

TEST(RequestHead, KeepsWhatOnlyLooksLikeIt) {
  const std::string text = "GET /?range: HTTP/1.1\r\nX: range: 1\r\nrange\r\nrange-x: 2\r\n\r\n";
  EXPECT_EQ(examine(text).text, text);
}

TEST(RequestHead, EveryShapeIsSafe) {
  for (const char* text : {"\r\n\r\n", "\r\n\r\n\r\n", ":\r\n\r\n", "GET\r\n:\r\n\r\n", "a\r\n:::\r\nRange\r\n\r\n"})
    EXPECT_EQ(examine(text).text, text);
}

TEST(RequestHead, AWeightOfZeroRefusesGzip) {
  struct Case {
    const char* value;
    bool accepted;
  } const cases[] = {{"gzip", true},           {"", false},         {"br", false},
                     {"identity, gzip", true}, {"gzip;q=0", false}, {"gzip; q=0.0", false},
                     {"gzip ; q=0.5", true},   {"x-gzip", false},   {"gzip;q=junk", true},
                     {",,;,", false}};
  for (const auto& c : cases) EXPECT_EQ(accepts_gzip(c.value), c.accepted) << c.value;
}

}  // namespace
}  // namespace ipw::web
