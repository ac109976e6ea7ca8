#include "exporter/config.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/test_data.hpp"

namespace ipw {
namespace {

const std::string kTarget =
    "corpus: {path: corpus.jsonl}\ntargets:\n  - name: local\n    url: http://127.0.0.1:8000/v1\n    model: m\n";

Config parsed(const std::string& yaml, const std::string& name = "test.yaml") {
  auto config = parse_config(name, yaml);
  if (config) return std::move(*config);
  ADD_FAILURE() << config.error().message;
  return {};
}

std::string refusal(const std::string& yaml) {
  const auto config = parse_config("test.yaml", yaml);
  return config ? "accepted" : config.error().message;
}

TEST(Config, TakesItsDefaults) {
  const auto config = parsed(kTarget);
  EXPECT_EQ(config.listen.host, "127.0.0.1");
  EXPECT_EQ(config.listen.port, 9947);
  EXPECT_EQ(config.shutdown_grace, Seconds{2});
  EXPECT_EQ(config.corpus.name, "corpus");
  EXPECT_FALSE(config.corpus.panel);
  EXPECT_EQ(config.probes.period, Seconds{0.05});
  EXPECT_EQ(config.probes.root, "/");
  EXPECT_TRUE(config.probes.sources.empty());
  EXPECT_EQ(config.store.path, "ipw.db");
  EXPECT_TRUE(config.store.keep_answers);
  EXPECT_EQ(config.store.keep_power, Seconds{3600});
  ASSERT_EQ(config.targets.size(), 1U);
  const auto& target = config.targets[0];
  EXPECT_EQ(target.dialect, "openai");
  EXPECT_EQ(target.locality, "local");
  EXPECT_EQ(target.accelerator, "auto");
  EXPECT_TRUE(target.power.accelerator.empty() && target.power.node.empty() && target.power.wall.empty());
  EXPECT_EQ(target.api_key, "");
  EXPECT_EQ(target.timeouts.connect, Seconds{5});
  EXPECT_EQ(target.timeouts.first_token, Seconds{60});
  EXPECT_EQ(target.timeouts.total, Seconds{300});
  EXPECT_EQ(target.retry.attempts, 2);
  EXPECT_EQ(target.warmup, 0);
  EXPECT_FALSE(target.pricing);
  EXPECT_FALSE(target.idle_power);
  EXPECT_EQ(target.ready_timeout, Seconds{60});
  EXPECT_TRUE(target.politeness.ask_load);
  EXPECT_EQ(target.politeness.poll, Seconds{1});
  EXPECT_FALSE(target.politeness.max_foreign || target.politeness.max_waiting || target.politeness.load_url);
  EXPECT_FALSE(target.budget);
  EXPECT_EQ(config.coverage_reference, "");
  EXPECT_EQ(config.attribution, SplitStrategy::work);
}

TEST(Config, ReadsTheReferenceOfCoverage) {
  const auto config = parsed("coverage: {reference: cloud one}\nattribution: equal\n" + kTarget +
                             "  - {name: cloud one, url: 'http://127.0.0.1:1', model: m}\n");
  EXPECT_EQ(config.coverage_reference, "cloud one");
  EXPECT_EQ(config.attribution, SplitStrategy::equal);
}

TEST(Config, ReadsPolitenessAndBudget) {
  const auto target = parsed(kTarget + R"(    ready_timeout: 10s
    pricing: {input_per_million: 1, output_per_million: 2}
    politeness:
      load: http://127.0.0.1:9400/load/metrics
      max_foreign: 0
      max_waiting: 3
      poll: 250ms
      running_metric: busy
      waiting_metric: queued
    budget: {queries: 1000, joules: 2.5e6, dollars: 0.5}
)")
                          .targets.at(0);
  EXPECT_EQ(target.ready_timeout, Seconds{10});
  const auto& politeness = target.politeness;
  EXPECT_TRUE(politeness.ask_load);
  EXPECT_EQ(politeness.load_url->origin() + politeness.load_url->path, "http://127.0.0.1:9400/load/metrics");
  EXPECT_EQ(politeness.max_foreign, 0);
  EXPECT_EQ(politeness.max_waiting, 3);
  EXPECT_EQ(politeness.poll, Seconds{0.25});
  EXPECT_EQ(politeness.metrics.running + politeness.metrics.waiting, "busyqueued");
  EXPECT_EQ(target.budget->queries, 1000U);
  EXPECT_EQ(target.budget->joules, Joules{2.5e6});
  EXPECT_EQ(target.budget->dollars, 0.5);
  EXPECT_EQ(target.budget_place, "test.yaml:15:13");
  EXPECT_FALSE(parsed(kTarget + "    politeness: {load: off}\n").targets[0].politeness.ask_load);
}

TEST(Config, ReadsEveryKey) {
  ::setenv("IPW_TEST_KEY", "sk-123", 1);
  auto config = parsed(R"(
listen: "[::1]:0"
shutdown_grace: 500ms
corpus: {name: mine, path: [a.jsonl, /data/b.jsonl.gz], panel: {size: 500, seed: 7, stratify: level}}
targets:
  - name: cloud one
    url: https://api.example.com/v1
    dialect: openai
    model: org/model-1
    accelerator: NVIDIA H200
    locality: cloud
    power: {accelerator: [gpu0, gpu1], node: auto, wall: plug0}
    api_key_env: IPW_TEST_KEY
    schedule: {mode: closed, concurrency: 8}
    request: {max_tokens: 16}
    timeouts: {connect: 1s, first_token: 2s, total: 3s}
    retry: {attempts: 4}
    warmup: 3
    pricing: {input_per_million: 0.15, output_per_million: 0.6}
    idle_watts: 61.5
judges: {default: numeric}
probes: {period: 20ms, root: /host, sources: [{type: rapl}, {type: simulated, watts: 300}]}
store: {path: /var/lib/ipw/j.db, keep_answers: false, keep_power: 10m}
)",
                       "/etc/ipw/test.yaml");
  EXPECT_EQ(config.listen.host, "::1");
  EXPECT_EQ(config.listen.port, 0);
  EXPECT_EQ(config.shutdown_grace, Seconds{0.5});
  EXPECT_EQ(config.corpus.name, "mine");
  EXPECT_EQ(config.corpus.paths, (std::vector<std::string>{"/etc/ipw/a.jsonl", "/data/b.jsonl.gz"}));
  EXPECT_EQ(config.corpus.panel->size, 500U);
  EXPECT_EQ(config.corpus.panel->seed, 7U);
  EXPECT_EQ(config.corpus.panel->stratify, "level");
  EXPECT_EQ(config.corpus.stratify_place, "/etc/ipw/test.yaml:4:95");
  auto& target = config.targets.at(0);
  EXPECT_EQ(target.name, "cloud one");
  EXPECT_EQ(target.url.origin() + target.url.path, "https://api.example.com:443/v1");
  EXPECT_EQ(target.model, "org/model-1");
  EXPECT_EQ(target.accelerator, "NVIDIA H200");
  EXPECT_EQ(target.locality, "cloud");
  EXPECT_EQ(target.power.accelerator, (std::vector<std::string>{"gpu0", "gpu1"}));
  EXPECT_TRUE(target.power.node.empty());
  EXPECT_EQ(target.power.wall, std::vector<std::string>{"plug0"});
  EXPECT_EQ(target.api_key, "sk-123");
  EXPECT_EQ(target.schedule.integer("concurrency", 1), 8);
  EXPECT_EQ(target.request.integer("max_tokens", 1), 16);
  EXPECT_EQ(target.timeouts.total, Seconds{3});
  EXPECT_EQ(target.retry.attempts, 4);
  EXPECT_EQ(target.warmup, 3);
  EXPECT_EQ(target.pricing->output_per_million, 0.6);
  EXPECT_EQ(target.idle_power, Watts{61.5});
  EXPECT_EQ(config.judges.text("default", ""), "numeric");
  EXPECT_EQ(config.probes.period, Seconds{0.02});
  EXPECT_EQ(config.probes.root, "/host");
  EXPECT_EQ(config.probes.sources.at(1).number("watts", 0), 300);
  EXPECT_EQ(config.store.path, "/var/lib/ipw/j.db");
  EXPECT_FALSE(config.store.keep_answers);
  EXPECT_EQ(config.store.keep_power, Seconds{600});
}

TEST(Config, ReadsAnEstimate) {
  const auto estimate = [](const std::string& yaml) {
    return parsed(kTarget + "    estimate: " + yaml + "\n").targets.at(0).estimate.value();
  };
  EXPECT_FALSE(parsed(kTarget).targets.at(0).estimate);
  const auto joules = estimate("{joules_per_input_token: 0.5, joules_per_output_token: 2, joules_per_query: 10}");
  EXPECT_EQ(joules.per_input_token, Joules{0.5});
  EXPECT_EQ(joules.per_output_token, Joules{2});
  EXPECT_EQ(joules.per_query, Joules{10});
  EXPECT_EQ(joules.error, 0.3);
  EXPECT_EQ(estimate("{joules_per_input_token: 0, joules_per_output_token: 2, error: 0.1}").error, 0.1);

  const auto model = estimate("{active_parameters: 132e9, parameters: 440e9, pue: 1.1, bits: 8, batch: 32}");
  EXPECT_EQ(model.per_output_token, published_per_output_token({132e9, 440e9, 8, 1.1, 32}));
  EXPECT_EQ(model.per_input_token, Joules{0});
  EXPECT_EQ(model.error, 0.5);
  EXPECT_EQ(estimate("{active_parameters: 7e9}").per_output_token, published_per_output_token({7e9, 7e9, 16, 1.2, 64}));
  EXPECT_EQ(parsed(kTarget + "    estimate: {active_parameters: 7e9}\n").targets[0].estimate_place, "test.yaml:6:15");
}

TEST(Config, Rates) {
  EXPECT_FALSE(parsed(kTarget).carbon || parsed(kTarget).electricity);
  const auto fixed =
      parsed(kTarget + "carbon: {grams_per_kwh: 380}\nelectricity: {price_per_kwh: 0.25, currency: EUR}\n");
  EXPECT_EQ(fixed.carbon->fixed, 380);
  EXPECT_EQ(fixed.electricity->fixed, 0.25);
  EXPECT_EQ(fixed.electricity->currency, "EUR");
  const auto asked = parsed(kTarget + R"(carbon:
  prometheus: {url: "http://127.0.0.1:9090", query: 'grid{zone="DE"}', timeout: 1s}
  every: 1m
)");
  ASSERT_TRUE(asked.carbon && asked.carbon->endpoint);
  EXPECT_EQ(asked.carbon->endpoint->url(), "http://127.0.0.1:9090");
  EXPECT_EQ(asked.carbon->query, R"(grid{zone="DE"})");
  EXPECT_EQ(asked.carbon->every, Seconds{60});
  EXPECT_EQ(asked.carbon->keep, Seconds{3600});
}

// Each bad configuration in tests/testdata/config lies beside the exact text that refuses it.
TEST(Config, RefusesEachBadFileWithItsOwnMessage) {
  ::unsetenv("IPW_TEST_UNSET");
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::directory_iterator(testing::testdata() / "config")) {
    auto path = entry.path();
    if (path.extension() != ".yaml") continue;
    const auto config = parse_config(path.filename().string(), testing::read_file(path));
    auto expected = testing::read_file(path.replace_extension(".error"));
    expected.erase(expected.find_last_not_of('\n') + 1);
    EXPECT_FALSE(config) << path << " was accepted";
    if (!config) {
      EXPECT_EQ(config.error().message, expected);
      EXPECT_EQ(config.error().code, Errc::invalid) << path;
      EXPECT_TRUE(seen.insert(expected).second) << expected;
    }
  }
  EXPECT_GE(seen.size(), 50U);
}

TEST(Config, FinishNamesWhatNoPlugInAskedFor) {
  auto config = parsed(kTarget + "    schedule: {mode: closed, concurency: 4}\n");
  auto& schedule = config.targets[0].schedule;
  schedule.text("mode", "");
  schedule.integer("concurrency", 1);
  EXPECT_EQ(config.finish().error().message,
            "test.yaml:6:30: unknown key `concurency`, did you mean `concurrency`? (known here: concurrency, mode)");
}

TEST(Config, ExpandsTheEnvironment) {
  ::setenv("IPW_TEST_HOST", "127.0.0.1", 1);
  ::setenv("IPW_TEST_PORT", "81", 1);
  const auto config =
      parsed("listen: ${IPW_TEST_HOST}:${IPW_TEST_PORT}\nstore: {path: \"$${HOME}/$5/${IPW_TEST_PORT}\"}\n" + kTarget);
  EXPECT_EQ(config.listen.host, "127.0.0.1");
  EXPECT_EQ(config.listen.port, 81);
  EXPECT_EQ(config.store.path, "${HOME}/$5/81");
}

TEST(Config, AValueFromTheEnvironmentCannotBringItsOwnYaml) {
  ::setenv("IPW_TEST_YAML", "x\nlisten: 0.0.0.0:1", 1);
  EXPECT_EQ(parsed("store: {path: \"${IPW_TEST_YAML}\"}\n" + kTarget).listen.host, "127.0.0.1");
}

TEST(Config, ResolvesAliases) {
  const auto config = parsed(
      "corpus: {path: c.jsonl}\ntargets:\n"
      "  - {name: a, url: &url http://x/v1, model: &model m, timeouts: &short {total: 1s}}\n"
      "  - {name: b, url: *url, model: *model, timeouts: *short}\n");
  EXPECT_EQ(config.targets.at(1).url.host, "x");
  EXPECT_EQ(config.targets.at(1).timeouts.total, Seconds{1});
}

TEST(Config, WhatItShowsHoldsNoSecret) {
  ::setenv("IPW_TEST_KEY", "sk-from-environment", 1);
  const auto config = parsed(R"(# a comment with sk-comment
corpus: {path: corpus.jsonl}
targets:
  - name: "quo\"ted: #1"
    url: http://127.0.0.1:8000/v1
    model: m
    api_key_env: IPW_TEST_KEY
    request:
      max_tokens: 7
      headers: {Authorization: Bearer sk-header, X-Env: "${IPW_TEST_KEY}"}
      extra: {token: sk-token, list: [1, [2, 3], {}], nothing: }
)");
  EXPECT_EQ(config.targets[0].api_key, "sk-from-environment");
  EXPECT_EQ(config.text.find("sk-"), std::string::npos) << config.text;
  EXPECT_NE(config.text.find("Authorization: (hidden)"), std::string::npos) << config.text;
  EXPECT_NE(config.text.find("api_key_env: IPW_TEST_KEY"), std::string::npos) << config.text;
  EXPECT_NE(config.text.find("max_tokens: 7"), std::string::npos) << config.text;
  const auto again = parse_config("again.yaml", config.text);
  ASSERT_TRUE(again) << again.error().message << config.text;
  EXPECT_EQ(again->text, config.text);
  EXPECT_EQ(again->targets[0].name, "quo\"ted: #1");
}

TEST(Config, AKeyThatAHeaderCannotCarryIsRefusedWithoutBeingShown) {
  ::setenv("IPW_TEST_KEY", "sk-1\r\nX-Evil: 1", 1);
  EXPECT_EQ(refusal(kTarget + "    api_key_env: IPW_TEST_KEY\n"),
            "test.yaml:6:18: the key contains spaces or characters that a header cannot carry");
  ::setenv("IPW_TEST_KEY", "", 1);
  EXPECT_EQ(refusal(kTarget + "    api_key_env: IPW_TEST_KEY\n"),
            "test.yaml:6:18: environment variable `IPW_TEST_KEY` is empty");
}

TEST(Config, ReadsAKeyFromAFileBesideTheConfiguration) {
  const testing::TemporaryFolder folder;
  folder.write("key", " sk-file\n");
  folder.write("empty", "");
  const auto file = folder.write("c.yaml", kTarget + "    api_key_file: key\n");
  const auto config = load_config(file.string());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->targets[0].api_key, "sk-file");
  EXPECT_EQ(config->corpus.paths[0], (folder.path() / "corpus.jsonl").string());
  EXPECT_EQ(config->store.path, (folder.path() / "ipw.db").string());
  const auto empty = load_config(folder.write("e.yaml", kTarget + "    api_key_file: empty\n").string());
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message.find("it is empty"), std::string::npos) << empty.error().message;
}

TEST(Config, AFileThatCannotBeReadSaysWhy) {
  const testing::TemporaryFolder folder;
  const auto missing = (folder.path() / "no.yaml").string();
  EXPECT_EQ(load_config(missing).error().message,
            missing + ": cannot read the configuration: No such file or directory");
  EXPECT_EQ(load_config(folder.path().string()).error().message,
            folder.path().string() + ": cannot read the configuration: it is a folder");
}

TEST(Config, NamesACorpusAfterItsFiles) {
  const std::pair<const char*, const char*> cases[] = {{"corpora/mmlu-pro.jsonl", "mmlu-pro"},
                                                       {"mmlu-pro.jsonl.gz", "mmlu-pro"},
                                                       {"[gsm8k.jsonl, x/mgsm.jsonl.gz]", "gsm8k+mgsm"}};
  for (const auto& [path, name] : cases)
    EXPECT_EQ(parsed("corpus: {path: " + std::string(path) + "}\ntargets: [{name: a, url: http://x, model: m}]\n")
                  .corpus.name,
              name);
}

TEST(Config, TheExampleParses) {
  ::setenv("IPW_API_KEY", "sk-example", 1);
  const auto config = load_config((std::filesystem::path(IPW_SOURCE_DIR) / "deploy/examples/local.yaml").string());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->targets.size(), 1U);
}

}  // namespace
}  // namespace ipw
