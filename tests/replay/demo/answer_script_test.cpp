#include "replay/demo/answer_script.hpp"

#include "replay/demo/tokens.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace ipw::replay::demo {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr MonoTime kFrom{1000s};
constexpr std::size_t kNoLimit = 1U << 30U;

Answer streamed(std::string_view text) {
  Answer answer;
  answer.text = text;
  answer.id = "chatcmpl-1";
  answer.model = "demo";
  answer.created = 1700000000;
  answer.prompt_tokens = 12;
  answer.stream = true;
  answer.from = kFrom;
  answer.time_to_first_token = Seconds{0.5};
  answer.tokens_per_second = 10;
  return answer;
}

// The `data:` fields of complete events.
std::vector<std::string> events(std::string_view body) {
  std::vector<std::string> all;
  while (!body.empty()) {
    const auto end = body.find("\n\n");
    EXPECT_EQ(body.substr(0, 6), "data: ");
    EXPECT_NE(end, std::string_view::npos) << "an event is cut";
    if (end == std::string_view::npos) break;
    all.emplace_back(body.substr(6, end - 6));
    body.remove_prefix(end + 2);
  }
  return all;
}

std::string content(std::string_view body) {
  std::string text;
  for (const auto& event : events(body)) {
    if (event == "[DONE]") continue;
    const auto choices = json::parse(event)["choices"];
    if (!choices.empty()) text += choices[0]["delta"].value("content", "");
  }
  return text;
}

TEST(AnswerScript, TokensAreAboutFourBytesAndNeverCutACharacter) {
  struct Case {
    const char* name;
    std::string_view text;
    std::int64_t tokens;
  } const cases[] = {
      {"nothing", "", 0},
      {"less than one", "abc", 1},
      {"exactly two", "abcdefgh", 2},
      {"begun", "abcdefghi", 3},
      {"a character across the cut",
       "abc\xC3\xBC"
       "defg",
       2},
      {"four-byte characters", "\xF0\x9F\x8C\x8D\xF0\x9F\x8C\x8D", 2},
      {"three-byte characters", "\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2", 2},
  };
  for (const auto& c : cases) EXPECT_EQ(count_tokens(c.text), c.tokens) << c.name;
}

TEST(AnswerScript, SaysRoleThenTokensThenReasonThenUsageThenDone) {
  auto answer = streamed("Hello world");
  answer.include_usage = true;
  std::string body;
  EXPECT_FALSE(AnswerScript(answer).play(kFrom + 1h, kNoLimit, body));
  const auto all = events(body);
  ASSERT_EQ(all.size(), 7U);
  const auto common = R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"demo",)";
  EXPECT_EQ(all[0], common + std::string(R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},)"
                                         R"("finish_reason":null}]})"));
  EXPECT_EQ(all[1],
            common + std::string(R"("choices":[{"index":0,"delta":{"content":"Hell"},"finish_reason":null}]})"));
  EXPECT_EQ(all[4], common + std::string(R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"));
  EXPECT_EQ(all[5], common + std::string(R"("choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,)"
                                         R"("total_tokens":15}})"));
  EXPECT_EQ(all[6], "[DONE]");
}

TEST(AnswerScript, EveryTokenComesAtItsOwnTimeWhateverCameLate) {
  AnswerScript script(streamed("aaaabbbbccccdddd"));
  struct Step {
    const char* name;
    MonoTime now;
    std::string_view text;
    std::optional<MonoTime> next;
  } const steps[] = {
      {"the role at once", kFrom, "", kFrom + 500ms},
      {"not a nanosecond early", kFrom + 500ms - 1ns, "", kFrom + 500ms},
      {"the first token", kFrom + 500ms, "aaaa", kFrom + 600ms},
      {"two that are late, together", kFrom + 790ms, "bbbbcccc", kFrom + 800ms},
      {"the last, on time", kFrom + 800ms, "dddd", std::nullopt},
  };
  for (const auto& step : steps) {
    std::string body;
    EXPECT_EQ(script.play(step.now, kNoLimit, body), step.next) << step.name;
    EXPECT_EQ(content(body), step.text) << step.name;
  }
}

TEST(AnswerScript, SaysTheTextExactlyHoweverItIsCut) {
  std::string text = "quote \" slash \\ tab \t line \r\n nul ";
  text += '\0';
  text += "\x01\x1F\x7F \xC3\xBC \xE6\xBC\xA2\xE5\xAD\x97 \xF0\x9F\x8C\x8D</think>";
  for (std::size_t shift = 0; shift < 8; ++shift, text.insert(0, "x")) {
    for (const std::size_t limit : {std::size_t{1}, std::size_t{200}, std::size_t{333}, kNoLimit}) {
      auto answer = streamed(text);
      answer.tokens_per_second = 0;
      AnswerScript script(answer);
      std::string body;
      auto again = script.play(kFrom, limit, body);
      while (again) {
        EXPECT_EQ(*again, kFrom) << "more is due at once";
        const auto before = body.size();
        again = script.play(kFrom, limit, body);
        ASSERT_GT(body.size(), before) << "no progress";
      }
      EXPECT_EQ(content(body), text) << "shift " << shift << ", limit " << limit;
    }
  }
}

TEST(AnswerScript, TokenLimitCutsAndSaysSo) {
  struct Case {
    const char* name;
    std::int64_t limit;
    std::string_view text, reason;
    int tokens;
  } const cases[] = {
      {"cut", 2, "aaaabbbb", "length", 2},
      {"exactly enough", 3, "aaaabbbbcc", "stop", 3},
      {"more than enough", 9, "aaaabbbbcc", "stop", 3},
  };
  for (const auto& c : cases) {
    for (const bool stream : {true, false}) {
      auto answer = streamed("aaaabbbbcc");
      answer.max_tokens = c.limit;
      answer.stream = stream;
      answer.include_usage = true;
      std::string body;
      EXPECT_FALSE(AnswerScript(answer).play(kFrom + 1h, kNoLimit, body)) << c.name;
      const auto all = stream ? events(body) : std::vector{body};
      const auto said = json::parse(stream ? all[all.size() - 3] : body);
      const auto usage = json::parse(stream ? all[all.size() - 2] : body)["usage"];
      EXPECT_EQ(stream ? content(body) : said["choices"][0]["message"]["content"].get<std::string>(), c.text) << c.name;
      EXPECT_EQ(said["choices"][0]["finish_reason"], c.reason) << c.name;
      EXPECT_EQ(usage["completion_tokens"], c.tokens) << c.name;
    }
  }
}

TEST(AnswerScript, ClockTokensAreTheTimesOfTheirWriting) {
  struct Case {
    const char* name;
    std::optional<std::int64_t> limit;
    std::size_t tokens;
  } const cases[] = {{"as many as asked for", 5, 5}, {"as many as recorded", {}, 2}};
  for (const auto& c : cases) {
    auto answer = streamed("aaaabbbb");
    answer.clock_tokens = true;
    answer.max_tokens = c.limit;
    answer.include_usage = true;
    AnswerScript script(answer);
    std::string body, expected;
    auto now = kFrom + 500ms + 7ns;
    for (std::size_t i = 0; i < c.tokens; ++i, now += 100ms) {
      script.play(now, kNoLimit, body);
      append_clock_token(now, expected);
    }
    EXPECT_EQ(content(body), expected) << c.name;
    EXPECT_EQ(std::stoull(content(body).substr(16, 16), nullptr, 16), 1'000'600'000'007ULL) << c.name;
    EXPECT_NE(body.find("\"finish_reason\":\"stop\""), std::string::npos) << c.name;
    EXPECT_NE(body.find("\"completion_tokens\":" + std::to_string(c.tokens)), std::string::npos) << c.name;
  }
}

TEST(AnswerScript, AnswerOfNoTokensEndsWhenTheFirstWouldHaveCome) {
  for (const bool stream : {true, false}) {
    auto answer = streamed("");
    answer.stream = stream;
    AnswerScript script(answer);
    std::string body;
    EXPECT_EQ(script.play(kFrom, kNoLimit, body), kFrom + 500ms);
    EXPECT_FALSE(script.play(kFrom + 500ms, kNoLimit, body));
    EXPECT_NE(body.find("\"finish_reason\":\"stop\""), std::string::npos);
  }
}

TEST(AnswerScript, WholeAnswerComesWithTheTimeOfItsLastToken) {
  auto answer = streamed("aaaabbbb\xC3\xBC\"");
  answer.stream = false;
  AnswerScript script(answer);
  std::string body;
  EXPECT_EQ(script.play(kFrom, kNoLimit, body), kFrom + 700ms);
  EXPECT_EQ(body, "");
  EXPECT_FALSE(script.play(kFrom + 700ms, kNoLimit, body));
  EXPECT_EQ(json::parse(body), json::parse(R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,
      "model":"demo","choices":[{"index":0,"message":{"role":"assistant","content":"aaaabbbbü\""},
      "finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})"));
}

TEST(AnswerScript, AStandstillHoldsUpWhatWasBegunBeforeIt) {
  struct Case {
    const char* name;
    std::chrono::milliseconds begin, end, second_token;
  } const cases[] = {
      {"over before", -2000ms, 0ms, 600ms},
      {"before the first token", 100ms, 2100ms, 2600ms},
      {"between the tokens", 550ms, 2550ms, 2600ms},
      {"after them", 700ms, 2700ms, 600ms},
  };
  for (const auto& c : cases) {
    auto answer = streamed("aaaabbbb");
    answer.standstill = Standstill{kFrom + c.begin, kFrom + c.end};
    AnswerScript script(answer);
    std::string body;
    auto again = script.play(kFrom, kNoLimit, body);
    for (auto last = kFrom; again; last = *again, again = script.play(*again, kNoLimit, body))
      if (content(body) == "aaaa") {
        EXPECT_EQ(*again, kFrom + c.second_token) << c.name;
      }
    EXPECT_EQ(content(body), "aaaabbbb") << c.name;
  }
}

TEST(AnswerScript, AWholeAnswerIsWordedInManyWaysToo) {
  struct Case {
    const char* name;
    void (*change)(Wording&);
    const char* choices;
  } const cases[] = {
      {"reasoning", [](Wording& w) { w.reasoning = Wording::Reasoning::thinking; },
       R"([{"index":0,"message":{"role":"assistant","thinking":"Let me think about this step by step before I answer. ",
           "content":"aaaabbbb"},"finish_reason":"stop"}])"},
      {"details", [](Wording& w) { w.reasoning = Wording::Reasoning::reasoning_details; },
       R"([{"index":0,"message":{"role":"assistant","reasoning_details":[{"type":"reasoning.text","index":0,
           "text":"Let me think about this step by step before I answer. "}],"content":"aaaabbbb"},
           "finish_reason":"stop"}])"},
      {"tool call", [](Wording& w) { w.tool_call = true; },
       R"([{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"type":"function",
           "function":{"arguments":"aaaabbbb"}}]},"finish_reason":"tool_calls"}])"},
      {"length", [](Wording& w) { w.too_long = true; },
       R"([{"index":0,"message":{"role":"assistant","content":"aaaa"},"finish_reason":"length"}])"},
  };
  for (const auto& c : cases) {
    auto answer = streamed("aaaabbbb");
    answer.stream = false;
    c.change(answer.wording);
    std::string body;
    EXPECT_FALSE(AnswerScript(answer).play(kFrom + 1h, kNoLimit, body)) << c.name;
    EXPECT_EQ(json::parse(body)["choices"], json::parse(c.choices)) << c.name;
  }
}

TEST(AnswerScript, EventsOfAnotherStyleSayTheSame) {
  auto answer = streamed("aaaa");
  answer.wording.crlf = answer.wording.comments = answer.wording.fields = true;
  std::string body;
  EXPECT_FALSE(AnswerScript(answer).play(kFrom + 1h, kNoLimit, body));
  const std::string done = ": keep-alive\r\n\r\n:\r\nevent: message\r\nid: 7\r\ndata: [DONE]\r\nretry: 1000\r\n\r\n";
  EXPECT_EQ(body.substr(body.size() - done.size()), done);
}

}  // namespace
}  // namespace ipw::replay::demo
