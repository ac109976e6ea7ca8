#include "replay/attempt_stream.hpp"

#include <gtest/gtest.h>

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;
using Cause = StreamEnd::Cause;
using Kind = StreamEvent::Kind;

constexpr MonoTime kStart{1000s};

// Each byte is an event: c content, r reasoning, t tool call, s finish "stop", l finish "length", e error, x a frame
// that is not understood, anything else nothing. The answer is finished once a finish came.
class ByteDecoder final : public StreamDecoder {
 public:
  Result<void> feed(std::string_view bytes, std::vector<StreamEvent>& out) override {
    for (const char c : bytes) {
      if (c == 'x') return Error{Errc::invalid, "an event is not understood: x"};
      if (c == 'c') out.push_back({Kind::content, "word"});
      if (c == 'r') out.push_back({Kind::reasoning, "thought"});
      if (c == 't') out.push_back({Kind::tool_call, "{}"});
      if (c == 's') out.push_back({Kind::finish, "stop"});
      if (c == 'l') out.push_back({Kind::finish, "length"});
      if (c == 'e') out.push_back({Kind::error, "out of memory"});
      finished_ = finished_ || c == 's' || c == 'l';
    }
    return {};
  }
  Result<Usage> finish() override {
    if (!finished_) return Error{Errc::unavailable, "the stream ended too early"};
    Usage usage;
    usage.output_tokens = 9;
    return usage;
  }
  ServerTimings timings() const override {
    ServerTimings timings;
    timings.load = Seconds{1};
    return timings;
  }

 private:
  bool finished_{false};
};

struct Play {
  int status{200};   // 0: no response came
  std::string body;  // one byte a millisecond, from 10 ms on
  StreamEnd end{};
  std::string retry_after{};
};

// Plays a response into a stream; `cancelled` tells whether the stream asked for its own end.
Attempt play(const Play& p, bool* cancelled = nullptr) {
  Attempt attempt;
  attempt.scheduled_at = kStart;
  int done = 0;
  const AttemptStream::Done on_done = [&](AttemptStream&) { ++done; };
  AttemptStream stream(attempt, std::make_unique<ByteDecoder>(), on_done);
  stream.sent(kStart + 1ms);
  const auto header = [&](std::string_view name) {
    return name == "Location" ? std::string("http://other/") : p.retry_after;
  };
  if (p.status != 0) stream.response(kStart + 5ms, p.status, header);
  auto at = kStart + 10ms;
  for (const char& byte : p.body) {
    stream.bytes(at, {&byte, 1});
    at += 1ms;
  }
  if (cancelled != nullptr) *cancelled = stream.stop_token().stop_requested();
  EXPECT_EQ(done, 0);
  stream.end(at, p.end);
  EXPECT_EQ(done, 1);
  return stream.attempt();
}

TEST(AttemptStream, EveryEndHasOneOutcomeAndOneReason) {
  const struct {
    const char* name;
    Play play;
    Outcome outcome;
    const char* reason;
  } cases[] = {
      {"answered", {200, "ccs"}, Outcome::ok, ""},
      {"token limit", {200, "cl"}, Outcome::length, ""},
      {"token limit spent on hidden reasoning", {200, "l"}, Outcome::length, ""},
      {"reasoning only", {200, "rs"}, Outcome::ok, ""},
      {"no text", {200, "s"}, Outcome::empty, "the server finished without any text (finish_reason `stop`)"},
      {"cut after the last event", {200, "cs", {Cause::cut, "gone"}}, Outcome::ok, ""},
      {"cut",
       {200, "c", {Cause::cut, "the server closed the connection"}},
       Outcome::stream_cut,
       "the server closed the connection"},
      {"complete, yet not finished", {200, "c"}, Outcome::stream_cut, "the stream ended too early"},
      {"error inside", {200, "ce"}, Outcome::stream_error, "the server reported inside its answer: out of memory"},
      {"error inside, then a finish",
       {200, "ces"},
       Outcome::stream_error,
       "the server reported inside its answer: out of memory"},
      {"unreadable", {200, "cx"}, Outcome::unparsable, "an event is not understood: x"},
      {"unreadable, and so cancelled",
       {200, "x", {Cause::cancelled, "cancelled"}},
       Outcome::unparsable,
       "an event is not understood: x"},
      {"nobody there", {0, "", {Cause::connect, "cannot connect"}}, Outcome::connect, "cannot connect"},
      {"not trusted", {0, "", {Cause::tls, "not trusted"}}, Outcome::tls, "not trusted"},
      {"no answer", {0, "", {Cause::cut, "closed"}}, Outcome::stream_cut, "closed"},
      {"not HTTP", {0, "", {Cause::protocol, "not HTTP"}}, Outcome::unparsable, "not HTTP"},
      {"silent", {0, "", {Cause::timeout_first_token, "late"}}, Outcome::timeout_first_token, "late"},
      {"stuck", {200, "c", {Cause::timeout_total, "too long"}}, Outcome::timeout_total, "too long"},
      {"cancelled", {200, "c", {Cause::cancelled, "cancelled"}}, Outcome::cancelled, "cancelled"},
      {"cancelled in an error", {500, "c", {Cause::cancelled, "cancelled"}}, Outcome::cancelled, "cancelled"},
      {"401",
       {401, "{\"error\":{\"message\":\"Incorrect API key\"}}"},
       Outcome::http_4xx,
       "HTTP 401: Incorrect API key (check the target's api_key_env or api_key_file)"},
      {"404",
       {404, "{\"detail\":\"Not Found\"}"},
       Outcome::http_4xx,
       "HTTP 404: Not Found (check the target's url and model)"},
      {"429", {429, "slow\ndown"}, Outcome::http_429, "HTTP 429: slow down"},
      {"500 without a word", {500, ""}, Outcome::http_5xx, "HTTP 500"},
      {"502 in HTML",
       {502, "<html>\n<h1>Bad Gateway</h1>"},
       Outcome::http_5xx,
       "HTTP 502: <html> <h1>Bad Gateway</h1>"},
      {"500, cut", {500, "half", {Cause::cut, "gone"}}, Outcome::http_5xx, "HTTP 500: half"},
      {"redirect", {307, ""}, Outcome::http_4xx, "HTTP 307: redirect refused, it leads to http://other/"},
  };
  for (const auto& c : cases) {
    const auto attempt = play(c.play);
    EXPECT_EQ(to_text(attempt.outcome), to_text(c.outcome)) << c.name;
    EXPECT_EQ(attempt.reason, c.reason) << c.name;
    EXPECT_EQ(attempt.http_status, c.play.status) << c.name;
    EXPECT_EQ(attempt.usage.output_tokens.has_value(), answered(c.outcome) || c.outcome == Outcome::empty) << c.name;
  }
}

TEST(AttemptStream, KeepsWhatTheServerToldAndHowManyPiecesCame) {
  const auto attempt = play({200, "rrct s"});
  EXPECT_EQ(attempt.timings.load, Seconds{1});
  EXPECT_EQ(attempt.text_events, 4);

  const AttemptStream::Done nothing = [](AttemptStream&) {};
  AttemptStream stream({}, std::make_unique<ByteDecoder>(), nothing);
  stream.response(kStart, 200, [](std::string_view) { return std::string(); });
  stream.bytes(kStart, "ccc");
  EXPECT_EQ(stream.attempt().text_events, 3) << "one arrival, three pieces";
  EXPECT_EQ(stream.attempt().chunks.size(), 1U);
}

TEST(AttemptStream, TimesAreThoseOfTheText) {
  const auto attempt = play({200, " rr ct s"});
  EXPECT_EQ(attempt.sent_at, kStart + 1ms);
  EXPECT_EQ(attempt.first_token_at, kStart + 11ms);
  EXPECT_EQ(attempt.first_answer_at, kStart + 14ms);
  EXPECT_EQ(attempt.last_token_at, kStart + 15ms);
  EXPECT_EQ(attempt.ended_at, kStart + 18ms);
  EXPECT_EQ(attempt.answer, "word") << "neither reasoning nor tool calls";
  EXPECT_EQ(attempt.reasoning_bytes, 14U);
  ASSERT_EQ(attempt.chunks.size(), 4U);
  EXPECT_EQ(attempt.chunks[0].at, kStart + 11ms);
  EXPECT_EQ(attempt.chunks[0].bytes, 7U);
  EXPECT_EQ(attempt.chunks[3].at, kStart + 15ms);
  EXPECT_EQ(attempt.chunks[3].bytes, 2U);
}

TEST(AttemptStream, WhatCameTogetherIsOneChunk) {
  const AttemptStream::Done ignore = [](AttemptStream&) {};
  AttemptStream stream(Attempt{}, std::make_unique<ByteDecoder>(), ignore);
  stream.sent(kStart);
  stream.response(kStart, 200, [](std::string_view) { return ""; });
  EXPECT_FALSE(stream.bytes(kStart + 1ms, "  ")) << "no text yet";
  EXPECT_TRUE(stream.bytes(kStart + 2ms, "cc"));
  EXPECT_TRUE(stream.bytes(kStart + 2ms, "c")) << "of the same read";
  stream.end(kStart + 3ms, {});
  ASSERT_EQ(stream.attempt().chunks.size(), 1U);
  EXPECT_EQ(stream.attempt().chunks[0].bytes, 12U);
}

TEST(AttemptStream, NoTextMeansNoTimes) {
  const auto attempt = play({500, "ccc"});
  EXPECT_FALSE(attempt.first_token_at) << "the body of an error is no answer";
  EXPECT_FALSE(attempt.last_token_at);
  EXPECT_TRUE(attempt.answer.empty());
}

TEST(AttemptStream, WhatCannotBeReadIsNotReadOn) {
  bool cancelled = false;
  play({200, "cc"}, &cancelled);
  EXPECT_FALSE(cancelled);
  play({200, "xcc"}, &cancelled);
  EXPECT_TRUE(cancelled);
}

TEST(AttemptStream, RetryAfterIsKept) {
  const AttemptStream::Done ignore = [](AttemptStream&) {};
  AttemptStream stream(Attempt{}, std::make_unique<ByteDecoder>(), ignore);
  stream.response(kStart, 429, [](std::string_view name) { return name == "Retry-After" ? "3" : ""; });
  ASSERT_TRUE(stream.retry_after());
  EXPECT_EQ(stream.retry_after()->value, 3);
}

TEST(AttemptStream, AnEndBeforeAnythingWasSentStillHasItsTimes) {
  const AttemptStream::Done ignore = [](AttemptStream&) {};
  AttemptStream stream(Attempt{}, std::make_unique<ByteDecoder>(), ignore);
  stream.end(kStart, {Cause::cancelled, "cancelled before it was sent"});
  EXPECT_EQ(stream.attempt().sent_at, kStart);
  EXPECT_EQ(stream.attempt().ended_at, kStart);
}

}  // namespace
}  // namespace ipw::replay
