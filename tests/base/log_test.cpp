#include "base/log.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <thread>
#include <vector>

namespace ipw {
namespace {

std::string logged(LogFormat format, LogLevel least, const std::function<void()>& speak) {
  configure_log(least, format);
  ::testing::internal::CaptureStderr();
  speak();
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneLineOfText) {
  const auto line = logged(LogFormat::text, LogLevel::info, [] {
    log_warn("no answer", {{"target", "local"}, {"tries", "2"}});
  });
  EXPECT_TRUE(std::regex_match(
      line, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z warn  no answer  target=local  tries=2\n)")))
      << line;
}

TEST(Log, KeepsToItsLevel) {
  EXPECT_EQ(logged(LogFormat::text, LogLevel::warn, [] { log_info("quiet"); }), "");
  EXPECT_NE(logged(LogFormat::text, LogLevel::debug, [] { log_debug("loud"); }), "");
}

TEST(Log, AHostileTextStaysOneValueOfOneLine) {
  const std::string hostile = "a\nb \"c\" \\ \x1b[31m \x7f caf\xe9 é";
  const auto text = logged(LogFormat::text, LogLevel::info, [&] { log_info("line\nbreak\x1b", {{"value", hostile}}); });
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_NE(text.find(R"(line break   value="a\u000ab \"c\" \\ \u001b[31m \u007f caf)"
                      "\uFFFD é\"\n"),
            std::string::npos)
      << text;
}

TEST(Log, JsonIsJsonWhateverTheText) {
  const std::string hostile = "a\nb \"c\" \\ \x1b[31m \x7f caf\xe9 é";
  const auto line = logged(LogFormat::json, LogLevel::info, [&] { log_error("it \"broke\"", {{"value", hostile}}); });
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json.at("level"), "error");
  EXPECT_EQ(json.at("message"), "it \"broke\"");
  EXPECT_EQ(json.at("value"), "a\nb \"c\" \\ \x1b[31m \x7f caf\uFFFD é");
  EXPECT_EQ(json.at("time").get<std::string>().size(), 27U);
}

TEST(Log, LinesOfManyThreadsDoNotMix) {
  const auto text = logged(LogFormat::json, LogLevel::info, [] {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([] {
        for (int n = 0; n < 50; ++n) log_info("message", {{"n", std::to_string(n)}});
      });
  });
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace ipw
