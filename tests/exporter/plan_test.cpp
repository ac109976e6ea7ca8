#include "exporter/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/power_tree.hpp"

namespace ipw {
namespace {

using ::testing::HasSubstr;

// A machine with `fixture`'s sensors, and a configuration of some targets.
class Planning : public ::testing::Test {
 protected:
  Result<Plan> plan(const std::string& fixture, const std::string& targets, const std::string& panel = "") {
    tree_.emplace(fixture);
    files_.write("corpus.jsonl", corpus_);
    const auto yaml = "corpus: {path: " + (files_.path() / "corpus.jsonl").string() + panel +
                      "}\nprobes: {root: " + tree_->root().string() + "}\ntargets:\n" + targets;
    auto config = parse_config("test.yaml", yaml);
    if (!config) return config.error();
    const auto corpus = corpus_of(*config);
    return make_plan(std::move(*config), corpus, clock_);
  }
  std::string refusal(const std::string& fixture, const std::string& targets) {
    const auto made = plan(fixture, targets);
    if (made) return "accepted";
    EXPECT_EQ(made.error().code, Errc::invalid);
    return made.error().message;
  }

  std::string corpus_ = R"({"id": "1", "problem": "1 + 1", "answer": "2"})";

 private:
  SteadyClock clock_;
  testing::TemporaryFolder files_;
  std::optional<testing::PowerTree> tree_;
};

std::string target(const std::string& name, const std::string& more) {
  return "  - {name: " + name + ", url: 'http://127.0.0.1:1/v1', model: m, " + more + "}\n";
}

const std::string kEstimate = "estimate: {joules_per_input_token: 1, joules_per_output_token: 2}";

TEST_F(Planning, AnEstimateIsADeviceOfItsTarget) {
  const auto made = plan("amd", target("here", "locality: local") +
                                    target("cloudy", "locality: cloud, accelerator: NVIDIA H200, " + kEstimate) +
                                    target("unknown", "locality: cloud"));
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->targets.size(), 3U);
  const auto& cloudy = made->targets[1];
  EXPECT_EQ(cloudy.ledger.metered_scopes,
            (std::vector<EnergyLabels>{{probes::Scope::accelerator, probes::Quality::estimated}}));
  EXPECT_EQ(cloudy.ledger.info.accelerator, "NVIDIA H200");
  EXPECT_TRUE(made->targets[2].ledger.metered_scopes.empty()) << "without an estimate there is no energy series at all";
  const auto book = std::ranges::find_if(made->books, [](const Book& b) { return b.estimate.has_value(); });
  ASSERT_NE(book, made->books.end());
  EXPECT_EQ(book->meter.device.id, "cloudy");
  EXPECT_EQ(book->meter.device.name, "NVIDIA H200");
  EXPECT_EQ(book->targets, std::vector<std::size_t>{1});
  EXPECT_TRUE(book->meter.channels.empty());
  for (const auto& other : made->books)
    if (&other != &*book) {
      EXPECT_EQ(other.targets, std::vector<std::size_t>{0});
    }
}

TEST_F(Planning, MeasuredBeatsEstimated) {
  EXPECT_THAT(refusal("amd", target("here", kEstimate)),
              HasSubstr("test.yaml:4:68: target `here` is metered (AMD EPYC 9354), and measured beats estimated"));
  EXPECT_THAT(refusal("amd", target("here", "locality: cloud, power: {accelerator: package-0}, " + kEstimate)),
              HasSubstr("measured beats estimated: remove `estimate`"));
}

TEST_F(Planning, AnEstimateByTokensBeatsTheModelOfTheCpus) {
  const auto made = plan("empty-vm", target("plain", "locality: local") + target("here", kEstimate));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->targets[0].meters.size(), 2U) << "CPU time, as accelerator and node";
  const auto& here = made->targets[1];
  ASSERT_EQ(here.meters.size(), 1U);
  EXPECT_EQ(here.meters[0].device.id, "here");
  EXPECT_TRUE(here.meters[0].channels.empty());
  EXPECT_EQ(here.ledger.info.accelerator, "unknown");
  EXPECT_EQ(here.no_meter_reason, "");
  EXPECT_THAT(refusal("empty-vm", target("here", "power: {accelerator: cpu}, " + kEstimate)),
              HasSubstr("is metered (Intel Xeon Platinum 8481C)"));
}

TEST_F(Planning, AnEstimateMayNotBeNamedLikeADevice) {
  EXPECT_THAT(refusal("amd", target("here", "locality: local") + target("cpu0", "locality: cloud, " + kEstimate)),
              HasSubstr("a device has one set of books"));
}

TEST_F(Planning, ABudgetOfJoulesNeedsAMeter) {
  EXPECT_THAT(refusal("amd", target("far", "locality: cloud, budget: {joules: 5}")),
              HasSubstr("test.yaml:4:82: nothing measures the joules of target `far`"));
  EXPECT_EQ(refusal("amd", target("far", "locality: cloud, budget: {joules: 5}, " + kEstimate)), "accepted");
  EXPECT_EQ(refusal("amd", target("here", "budget: {joules: 5}")), "accepted");
}

TEST_F(Planning, ACloudIsNeverAskedHowItIs) {
  const auto made = plan("amd", target("far", "locality: cloud") + target("here", "locality: local"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(made->targets[0].politeness);
  EXPECT_TRUE(made->targets[1].politeness);
}

std::string speaking(const std::string& dialect, const std::string& url, const std::string& more = "") {
  return "  - {name: t, url: '" + url + "', model: m, dialect: " + dialect + more + "}\n";
}

TEST_F(Planning, AUrlThatHoldsThePathAlreadyIsRefused) {
  EXPECT_THAT(refusal("amd", speaking("openai", "http://h/v1/chat/completions")),
              HasSubstr("test.yaml:4:20: dialect `openai` adds `/chat/completions` by itself: end the URL before "
                        "`/chat/completions`"));
  EXPECT_THAT(refusal("amd", speaking("anthropic", "https://h/v1")), HasSubstr("end the URL before `/v1`"));
  EXPECT_THAT(refusal("amd", speaking("ollama", "http://h/api/chat")), HasSubstr("adds `/api/chat` by itself"));
  for (const auto* dialect : {"openai", "openai_completions", "ollama", "llamacpp", "sglang", "tgi", "anthropic"})
    EXPECT_EQ(refusal("amd", speaking(dialect, "http://h/some/where")), "accepted") << dialect;
}

TEST_F(Planning, TheKeyGoesOutAsTheDialectWantsIt) {
  ::setenv("IPW_TEST_KEY", "sk-1", 1);
  const auto made = plan("amd", speaking("anthropic", "http://h", ", api_key_env: IPW_TEST_KEY") +
                                    "  - {name: b, url: 'http://h', model: m, api_key_env: IPW_TEST_KEY}\n");
  ASSERT_TRUE(made) << made.error().message;
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(made->targets[0].transport.headers, (Headers{{"x-api-key", "sk-1"}}));
  EXPECT_EQ(made->targets[1].transport.headers, (Headers{{"Authorization", "Bearer sk-1"}}));
}

TEST_F(Planning, APanelIsDrawnFromTheCorpus) {
  corpus_.clear();
  for (int i = 0; i < 100; ++i)
    corpus_ += R"({"id": "q)" + std::to_string(i) + R"(", "problem": "1 + 1", "answer": "2", "subject": ")" +
               (i < 90 ? "sums" : "doubles") + "\"}\n";
  const auto whole = plan("amd", target("t", "locality: cloud"));
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_FALSE(whole->panel);
  const auto& info = whole->targets[0].ledger.info.replayed;
  EXPECT_EQ(info.queries(), 100U);
  EXPECT_FALSE(info.panel);
  EXPECT_EQ(whole->targets[0].ledger.slices, (std::vector<Slice>{{"sums", ""}, {"doubles", ""}}));

  const auto some = plan("amd", target("t", "locality: cloud"), ", panel: {size: 10}");
  ASSERT_TRUE(some) << some.error().message;
  ASSERT_TRUE(some->panel);
  EXPECT_EQ(some->targets[0].ledger.info.replayed.queries(), 10U);
  EXPECT_EQ(some->targets[0].ledger.info.replayed.items, 100U);
  EXPECT_NE(some->targets[0].ledger.info.replayed.digest, info.digest);
  EXPECT_EQ(some->targets[0].ledger.slices, (std::vector<Slice>{{"doubles", ""}, {"sums", ""}}));

  const auto all = plan("amd", target("t", "locality: cloud"), ", panel: {size: 1000, stratify: none}");
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->panel->size(), 100U);
  EXPECT_EQ(all->targets[0].ledger.info.replayed.digest, info.digest);

  const auto wrong = plan("amd", target("t", "locality: cloud"), ", panel: {size: 10, stratify: level}");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("test.yaml:1:"));
  EXPECT_THAT(wrong.error().message, HasSubstr("no line of the corpus has the field `level`"));
}

}  // namespace
}  // namespace ipw
