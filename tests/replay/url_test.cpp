#include "replay/url.hpp"

#include <gtest/gtest.h>

namespace ipw::replay {
namespace {

TEST(Url, Parts) {
  const struct {
    const char* text;
    bool tls;
    const char* host;
    int port;
    const char* path;
    const char* origin;
  } cases[] = {
      {"http://127.0.0.1:8000/v1", false, "127.0.0.1", 8000, "/v1", "http://127.0.0.1:8000"},
      {"http://localhost", false, "localhost", 80, "", "http://localhost:80"},
      {"http://localhost/", false, "localhost", 80, "", "http://localhost:80"},
      {"https://api.example.com/openai/v1///", true, "api.example.com", 443, "/openai/v1",
       "https://api.example.com:443"},
      {"http://[::1]:8000/v1", false, "::1", 8000, "/v1", "http://[::1]:8000"},
      {"https://[2001:db8::2]", true, "2001:db8::2", 443, "", "https://[2001:db8::2]:443"},
      {"http://host/a%20b@c", false, "host", 80, "/a%20b@c", "http://host:80"},
  };
  for (const auto& c : cases) {
    const auto url = Url::parse(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(url->tls, c.tls) << c.text;
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->port, c.port) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
    EXPECT_EQ(url->origin(), c.origin) << c.text;
  }
}

TEST(Url, WhatIsRefusedAndWhy) {
  const struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"localhost:8000", "must begin with http:// or https://"},
      {"", "must begin with http:// or https://"},
      {"ftp://host/v1", "must begin with http:// or https://"},
      {"http://", "host is missing"},
      {"http:///v1", "host is missing"},
      {"http://:80/", "host is missing"},
      {"http://host:0", "port must be a number from 1 to 65535"},
      {"http://host:65536", "port must be a number from 1 to 65535"},
      {"http://host:", "port must be a number from 1 to 65535"},
      {"http://host:80a", "port must be a number from 1 to 65535"},
      {"http://::1/v1", "port must be a number from 1 to 65535"},
      {"http://[::1/v1", "lacks its closing bracket"},
      {"http://[::1]8000/v1", "lacks its closing bracket"},
      {"http://host/v1?key=1", "query or fragment"},
      {"http://host/v1#top", "query or fragment"},
      {"http://host/a b", "percent-encoded"},
      {"http://host/\r\nX: y", "percent-encoded"},
  };
  for (const auto& c : cases) {
    const auto url = Url::parse(c.text);
    ASSERT_FALSE(url) << c.text;
    EXPECT_EQ(url.error().code, Errc::invalid) << c.text;
    EXPECT_NE(url.error().message.find(c.why), std::string::npos) << c.text << ": " << url.error().message;
  }
}

TEST(Url, APasswordIsRefusedAndNotRepeated) {
  for (const auto* text : {"http://user:hunter2@host/v1", "http://hunter2@host", "http://user:hunter2@ho st/"}) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_NE(url.error().message.find("api_key_env"), std::string::npos);
    EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos) << url.error().message;
  }
}

}  // namespace
}  // namespace ipw::replay
