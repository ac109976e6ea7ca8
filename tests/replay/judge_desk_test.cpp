#include "replay/judge_desk.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/support/event_log.hpp"

namespace ipw::replay {
namespace {

using namespace std::chrono_literals;

// Answers each prompt at once, as it is told to: a status and a text.
class ScriptedModel final : public Transport {
 public:
  using Script = std::function<std::pair<int, std::string>(const std::string& prompt)>;
  ScriptedModel(Script script, std::vector<std::string>& prompts) : script_(std::move(script)), prompts_(prompts) {}

  void start(HttpRequest request, StreamSink& sink, std::stop_token) override {
    const auto prompt = nlohmann::json::parse(request.body)["messages"][0]["content"].get<std::string>();
    prompts_.push_back(prompt);
    const auto [status, text] = script_(prompt);
    const auto now = std::chrono::steady_clock::now();
    sink.sent(now);
    if (status == 0) return sink.end(now, {StreamEnd::Cause::connect, "nobody there", Seconds{0}});
    sink.response(now, status, [](std::string_view) { return std::string(); });
    const nlohmann::json chunk = {{"choices", {{{"delta", {{"content", text}}}, {"finish_reason", "stop"}}}}};
    sink.bytes(now, status == 200 ? "data: " + chunk.dump() + "\n\ndata: [DONE]\n\n" : text);
    sink.end(now, {});
  }

 private:
  Script script_;
  std::vector<std::string>& prompts_;
};

// Time that passes by itself, a thousand times as fast as ours.
class FastClock final : public Clock {
 public:
  MonoTime now() const override { return begin_ + 1000 * (std::chrono::steady_clock::now() - begin_); }
  bool sleep_until(MonoTime until, std::stop_token stop) const override {
    return SteadyClock().sleep_until(begin_ + (until - begin_) / 1000, stop);
  }

 private:
  const MonoTime begin_{std::chrono::steady_clock::now()};
};

class Desk : public ::testing::Test {
 protected:
  void open(ScriptedModel::Script script, Seconds give_up = Seconds{3600}) {
    JudgeDesk::Parts parts;
    parts.name = "model";
    parts.id_prefix = "judge";
    parts.account = 3;
    auto request = Options::none();
    parts.dialect = *(*dialects().find("openai"))("model", request);
    parts.transport = std::make_unique<ScriptedModel>(std::move(script), prompts_);
    parts.concurrency = 2;
    parts.give_up = give_up;
    parts.clock = &clock_;
    parts.events = log_.sink();
    parts.cache = cache_;
    parts.turn = turn_;
    parts.rival = [this](const std::string&, const std::string&) -> Result<std::optional<std::string>> {
      return rival_.with([](const auto& answer) { return answer; });
    };
    desk_ = std::make_unique<JudgeDesk>(std::move(parts));
  }
  static std::unique_ptr<ModelJudge> judge(std::string_view name, const std::string& against = "") {
    OptionsNode root, value;
    root.kind = OptionsNode::Kind::map;
    value.kind = OptionsNode::Kind::scalar;
    value.text = against;
    if (!against.empty()) root.entries.emplace_back("against", value);
    Options options("test", root);
    return *(*model_judges().find(name))(options);
  }
  std::future<Verdict> ask(const ModelJudge& judge, const std::string& answer) {
    auto item = std::make_shared<CorpusItem>();
    item->id = "q";
    item->problem = "Who?";
    item->answer = item->reference = "Ada";
    auto promise = std::make_shared<std::promise<Verdict>>();
    auto verdict = promise->get_future();
    desk_->push({std::move(item), std::make_shared<const std::string>(answer), &judge,
                 [this, promise](Verdict given, bool cached) {
                   cached_ += cached ? 1 : 0;
                   promise->set_value(std::move(given));
                 }});
    return verdict;
  }
  static std::pair<int, std::string> honest(const std::string& prompt) {
    return {200, prompt.find("\nAda\n</answer") != std::string::npos ? "CORRECT" : "INCORRECT"};
  }

  FastClock clock_;
  testing::EventLog log_;
  std::vector<std::string> prompts_;  // touched by the desk's thread; read once it is done
  std::shared_ptr<VerdictMemory> cache_{std::make_shared<VerdictMemory>()};
  std::shared_ptr<JudgeTurn> turn_;
  Guarded<std::optional<std::string>> rival_;
  std::atomic<int> cached_{0};
  std::unique_ptr<JudgeDesk> desk_;
};

TEST_F(Desk, TellsWhatTheModelSays) {
  open(honest);
  const auto llm = judge("llm");
  EXPECT_EQ(ask(*llm, "Ada").get().kind, VerdictKind::correct);
  EXPECT_EQ(ask(*llm, "Bob").get().kind, VerdictKind::wrong);
  desk_->finish({}, Seconds{0});
  EXPECT_EQ(prompts_.size(), 2U);
  for (const auto& attempt : log_.attempts()) {
    EXPECT_EQ(attempt.query->purpose, Purpose::judge);
    EXPECT_EQ(attempt.query->target, 3U);
    EXPECT_TRUE(attempt.final);
  }
}

TEST_F(Desk, AsksNothingTwice) {
  open(honest);
  const auto llm = judge("llm");
  std::vector<std::future<Verdict>> verdicts;
  for (int i = 0; i < 50; ++i) verdicts.push_back(ask(*llm, i % 2 == 0 ? "Ada" : "Bob"));
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    EXPECT_EQ(verdicts[i].get().kind, i % 2 == 0 ? VerdictKind::correct : VerdictKind::wrong);
  desk_->finish({}, Seconds{0});
  EXPECT_EQ(prompts_.size(), 2U);
  EXPECT_EQ(cached_, 48);
}

TEST_F(Desk, NonsenseIsAskedOnceMore) {
  int asked = 0;
  open([&](const std::string&) { return std::pair(200, asked++ == 0 ? "Hm." : "CORRECT"); });
  const auto llm = judge("llm");
  EXPECT_EQ(ask(*llm, "Ada").get().kind, VerdictKind::correct);
  desk_->finish({}, Seconds{0});
  ASSERT_EQ(prompts_.size(), 2U);
  EXPECT_TRUE(prompts_[1].starts_with(prompts_[0]));
  EXPECT_GT(prompts_[1].size(), prompts_[0].size());
}

TEST_F(Desk, NonsenseTwiceIsAJudgeErrorAndNotRemembered) {
  open([](const std::string&) { return std::pair(200, "Hm."); });
  const auto llm = judge("llm");
  const auto verdict = ask(*llm, "Ada").get();
  EXPECT_EQ(verdict.kind, VerdictKind::judge_error);
  EXPECT_EQ(verdict.reason, "the judging model said `Hm.`, which is no verdict");
  EXPECT_EQ(ask(*llm, "Ada").get().kind, VerdictKind::judge_error);
  desk_->finish({}, Seconds{0});
  EXPECT_EQ(prompts_.size(), 4U);
}

TEST_F(Desk, ARefusalIsAJudgeErrorAtOnce) {
  open([](const std::string&) { return std::pair(401, R"({"error":{"message":"no key"}})"); });
  const auto llm = judge("llm");
  const auto verdict = ask(*llm, "Ada").get();
  EXPECT_EQ(verdict.kind, VerdictKind::judge_error);
  EXPECT_NE(verdict.reason.find("no key"), std::string::npos) << verdict.reason;
  desk_->finish({}, Seconds{0});
  EXPECT_EQ(prompts_.size(), 1U);
}

TEST_F(Desk, AModelThatIsAwayIsAskedAgainUntilItIsBack) {
  int asked = 0;
  open([&](const std::string& prompt) {
    return ++asked < 8 ? std::pair(asked % 2 ? 0 : 503, std::string("later")) : honest(prompt);
  });
  const auto llm = judge("llm");
  auto first = ask(*llm, "Ada"), second = ask(*llm, "Bob");
  EXPECT_EQ(first.get().kind, VerdictKind::correct);
  EXPECT_EQ(second.get().kind, VerdictKind::wrong);
}

TEST_F(Desk, AModelThatStaysAwayIsGivenUp) {
  open([](const std::string&) { return std::pair(503, "later"); }, Seconds{20});
  const auto llm = judge("llm");
  const auto verdict = ask(*llm, "Ada").get();
  EXPECT_EQ(verdict.kind, VerdictKind::judge_error);
}

// A reply takes two seconds of the desk's clock, and a turn ends after thirty.
TEST_F(Desk, GivesItsTurnBackAndGoesOnInTheNext) {
  turn_ = std::make_shared<JudgeTurn>();
  open([](const std::string& prompt) {
    std::this_thread::sleep_for(2ms);
    return honest(prompt);
  });
  const auto llm = judge("llm");
  std::vector<std::future<Verdict>> verdicts;
  for (int i = 0; i < 60; ++i) verdicts.push_back(ask(*llm, "answer " + std::to_string(i)));
  for (auto& verdict : verdicts) EXPECT_EQ(verdict.get().kind, VerdictKind::wrong);
  desk_->finish({}, Seconds{0});
  EXPECT_FALSE(turn_->hold(clock_.now())) << "the targets may go on";
}

TEST_F(Desk, WaitsForTheRivalsAnswer) {
  open([](const std::string& prompt) {
    return std::pair(200, prompt.find("\nBob\n") < prompt.find("\nAda\n") ? "B" : "A");
  });
  const auto pairwise = judge("pairwise", "big");
  auto verdict = ask(*pairwise, "Ada");
  EXPECT_EQ(verdict.wait_for(10ms), std::future_status::timeout) << "there is nothing to compare with yet";
  rival_.with([](auto& answer) { answer = "Bob"; });
  EXPECT_EQ(verdict.get().kind, VerdictKind::correct);
  desk_->finish({}, Seconds{0});
  EXPECT_EQ(prompts_.size(), 2U);
}

TEST_F(Desk, WhatIsLeftAtTheEndIsDropped) {
  open([](const std::string&) { return std::pair(503, "later"); });
  const auto llm = judge("llm");
  auto verdict = ask(*llm, "Ada");
  std::stop_source stop;
  stop.request_stop();
  desk_->finish(stop.get_token(), Seconds{0});
  desk_.reset();
  EXPECT_THROW(verdict.get(), std::future_error) << "no verdict is made up";
}

}  // namespace
}  // namespace ipw::replay
