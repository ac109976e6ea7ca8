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
  } const cases[] = {{"gzip", true},         {"", false},
                     {"br", false},          {"identity, gzip", true},
                     {"gzip;q=0", false},    {"gzip; q=0.0", false},
                     {"gzip ; q=0.5", true}, {"x-gzip", false},
                     {"gzip;q=junk", true},  {",,;,", false},
                     {"gzip;x=1;q=0", false}};
  for (const auto& c : cases) EXPECT_EQ(accepts_gzip(c.value), c.accepted) << c.value;
}

TEST(RequestHead, OpenMetricsIsForThoseWhoPreferIt) {
  struct Case {
    const char* accept;
    bool preferred;
  } const cases[] = {
      {"", false},
      {"*/*", false},
      {"text/plain", false},
      {"application/openmetrics-text", true},
      {"Application/OpenMetrics-Text; version=1.0.0", true},
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       true},
      {"text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.5", false},
      {"application/openmetrics-text;q=0", false},
      {"application/openmetrics-text;q=0.5;version=1.0.0,text/plain;q=0.5", true},
      {",;=,q=,application/openmetrics-textual", false},
  };
  for (const auto& c : cases) EXPECT_EQ(prefers_openmetrics(c.accept), c.preferred) << c.accept;
}

}  // namespace
}  // namespace ipw::web
