#include "replay/server_load.hpp"

#include <gtest/gtest.h>

#include "replay/model_list.hpp"
#include "tests/support/attempts.hpp"

namespace ipw::replay {
namespace {

using testing::at;
using Count = std::optional<std::int64_t>;

TEST(ReadLoad, KnowsEveryServersNames) {
  const struct {
    const char* name;
    const char* page;
    LoadMetrics names;
    Count running, waiting;
  } cases[] = {
      {"vLLM, two engines",
       "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{engine=\"0\"} 3.0\n"
       "vllm:num_requests_running{engine=\"1\"} 4.0\nvllm:num_requests_waiting{engine=\"0\"} 2.0\n",
       {},
       7,
       2},
      {"SGLang", "sglang:num_running_reqs{model_name=\"m\"} 5\nsglang:num_queue_reqs{model_name=\"m\"} 0\n", {}, 5, 0},
      {"TGI", "tgi_batch_current_size 8\ntgi_queue_size 1\n", {}, 8, 1},
      {"llama.cpp", "llamacpp:requests_processing 1\nllamacpp:requests_deferred 6\n", {}, 1, 6},
      {"half of it", "llamacpp:requests_processing 1\n", {}, 1, std::nullopt},
      {"none of the names", "process_cpu_seconds_total 5\n", {}, std::nullopt, std::nullopt},
      {"names of its own", "mine 2\ntgi_queue_size 9\n", {"mine", "not_there"}, 2, std::nullopt},
      {"no number", "tgi_queue_size NaN\ntgi_batch_current_size -1\n", {}, std::nullopt, std::nullopt},
      {"beyond reason", "tgi_queue_size 1e30\ntgi_batch_current_size +Inf\n", {}, std::nullopt, std::nullopt},
      {"empty", "", {}, std::nullopt, std::nullopt},
  };
  for (const auto& c : cases) {
    const auto counts = read_load(c.page, c.names);
    ASSERT_TRUE(counts) << c.name << ": " << counts.error().message;
    EXPECT_EQ(counts->running, c.running) << c.name;
    EXPECT_EQ(counts->waiting, c.waiting) << c.name;
  }
  EXPECT_FALSE(read_load("<html><body>no metrics here</body></html>", {}));
}

TEST(ReadLoad, FindsTheTokensThatTheServerCounts) {
  const struct {
    const char* name;
    const char* page;
    std::optional<double> read, generated;
    bool counts_cached;
  } cases[] = {
      {"vLLM, two engines",
       "vllm:prompt_tokens_total{engine=\"0\"} 1000\nvllm:prompt_tokens_total{engine=\"1\"} 24\n"
       "vllm:generation_tokens_total{engine=\"0\"} 3e2\n",
       1024, 300, true},
      {"SGLang", "sglang:prompt_tokens_total 7\nsglang:generation_tokens_total 8\n", 7, 8, true},
      {"llama.cpp", "llamacpp:prompt_tokens_total 12\nllamacpp:tokens_predicted_total 34\n", 12, 34, false},
      {"TGI, when requests end",
       "tgi_request_input_length_sum 50\ntgi_request_input_length_count 2\ntgi_request_generated_tokens_sum 60\n", 50,
       60, true},
      {"half of it is not enough", "llamacpp:prompt_tokens_total 12\n", 12, {}, false},
      {"no number", "vllm:prompt_tokens_total NaN\nvllm:generation_tokens_total -1\n", {}, {}, true},
  };
  for (const auto& c : cases) {
    const auto counts = read_load(c.page, {.running = "mine", .waiting = {}});
    ASSERT_TRUE(counts) << c.name << ": " << counts.error().message;
    EXPECT_EQ(counts->tokens.read, c.read) << c.name;
    EXPECT_EQ(counts->tokens.generated, c.generated) << c.name;
    EXPECT_EQ(counts->tokens.counts_cached, c.counts_cached) << c.name;
    EXPECT_EQ(static_cast<bool>(counts->tokens), c.read && c.generated) << c.name;
    EXPECT_FALSE(counts->running) << c.name;
  }
}

TEST(LoadHistory, ForeignIsWhatIsNotOurs) {
  LoadHistory history(Seconds{600});
  EXPECT_EQ(history.now(), ServerLoad{});
  history.add(at(1), {.running = 5, .waiting = 2}, 3);
  EXPECT_EQ(history.now(), (ServerLoad{.running = 5, .waiting = 2, .foreign = 2}));
  history.add(at(2), {.running = 1, .waiting = 0}, 3);
  EXPECT_EQ(history.now().foreign, 0) << "never below 0: the server counts ours late";
  history.add(at(3), {}, 0);
  EXPECT_EQ(history.now(), ServerLoad{}) << "unknown is not 0";
}

TEST(LoadHistory, AnAttemptGetsTheMostFromJustBeforeItToItsEnd) {
  LoadHistory history(Seconds{600});
  for (int second = 0; second < 10; ++second) history.add(at(second), {.running = second, .waiting = 10 - second}, 1);
  const struct {
    const char* name;
    double from, to;
    Count running, waiting, foreign;
  } cases[] = {
      {"shorter than a poll", 3.5, 3.9, 3, 7, 2},
      {"over several", 3.5, 6.1, 6, 7, 5},
      {"before the first", -2, -1, std::nullopt, std::nullopt, std::nullopt},
      {"beyond the last", 20, 30, 9, 1, 8},
  };
  for (const auto& c : cases)
    EXPECT_EQ(history.most({at(c.from), at(c.to)}), (ServerLoad{c.running, c.waiting, c.foreign})) << c.name;
}

TEST(LoadHistory, ForgetsWhatNobodyAsksForAnyMore) {
  LoadHistory history(Seconds{10});
  history.add(at(0), {.running = 100, .waiting = {}}, 0);
  history.add(at(11), {.running = 1, .waiting = {}}, 0);
  EXPECT_EQ(history.most({at(0), at(11)}).running, 1);
}

TEST(ModelList, SaysWhatThereIsWhereTheModelIsNot) {
  const struct {
    const char* name;
    const char* page;
    const char* model;
    std::optional<std::string> missing;
  } cases[] = {
      {"in OpenAI's list", R"({"data": [{"id": "a"}, {"id": "b"}]})", "b", {}},
      {"not in it", R"({"data": [{"id": "a"}, {"id": "b"}]})", "c",
       "the server does not serve the model `c`; it serves a, b"},
      {"none at all", R"({"data": []})", "c", "the server does not serve the model `c`: it serves none"},
      {"Ollama, without its tag", R"({"models": [{"name": "llama3:latest", "model": "llama3:latest"}]})", "llama3", {}},
      {"Ollama, with its tag", R"({"models": [{"name": "llama3:latest"}]})", "llama3:latest", {}},
      {"Ollama, another tag", R"({"models": [{"name": "llama3:8b"}]})", "llama3",
       "the server does not serve the model `llama3`; it serves llama3:8b"},
      {"llama.cpp takes any name", R"({"data": [{"id": "/models/x.gguf", "owned_by": "llamacpp"}]})", "c", {}},
      {"no list", R"({"hello": "world"})", "c", {}},
      {"a page", "<html>", "c", {}},
      {"of other types", R"({"data": [1, null, {"id": 5}]})", "c", {}},
      {"many",
       R"({"data": [{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"},{"id":"5"},)"
       R"({"id":"6"},{"id":"7"},{"id":"8"},{"id":"9"}]})",
       "c", "the server does not serve the model `c`; it serves 1, 2, 3, 4, 5, 6, 7, 8 and 1 more"},
  };
  for (const auto& c : cases) EXPECT_EQ(missing_model(c.page, c.model), c.missing) << c.name;
}

TEST(OwnRequests, TheMostAtOnceIsNeverTooLittle) {
  OwnRequests own;
  own.began();
  own.began();
  own.ended();
  const auto mark = own.mark();
  EXPECT_EQ(own.most_since(mark), 1);
  own.ended();
  own.began();
  own.began();
  EXPECT_EQ(own.most_since(mark), 3) << "the one that ended may have done so last";
  EXPECT_EQ(own.most_since(own.mark()), 2);
}

}  // namespace
}  // namespace ipw::replay
