// Source: judge_bench.cpp, with ipw_replay and benchmark::benchmark_main.
// Answers judged per second on one core: the texts that models really give, and one megabyte made to hurt.

#include <benchmark/benchmark.h>

#include <map>

#include "replay/judge.hpp"

namespace {

using namespace ipw;
using namespace ipw::replay;

CorpusItem item_for(std::string judge, std::string answer) {
  CorpusItem item;
  item.problem = "Which?";
  item.judge = std::move(judge);
  item.answer = std::move(answer);
  if (item.judge == "multiple_choice") item.options.assign(10, "");
  for (std::size_t i = 0; i < item.options.size(); ++i) item.options[i] = "Option text number " + std::to_string(i);
  return item;
}

// About a kilobyte of reasoning before the answer, as in the recordings of MMLU-Pro and GSM8K.
std::string reasoned(std::string_view ending) {
  std::string text;
  while (text.size() < 900)
    text += "We refer to an article on accounting: each of the 3 costs is $1,440 a year, as shown above. ";
  return text.append(ending);
}

void judge(benchmark::State& state, const CorpusItem& item, const std::string& text) {
  const auto bench = Bench::open(Options::none());
  for (auto _ : state) benchmark::DoNotOptimize((*bench)->judge(item, text));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void BM_MultipleChoice(benchmark::State& state) {
  judge(state, item_for("multiple_choice", "C"), reasoned("The answer is (C)."));
}
void BM_MultipleChoiceUnparsed(benchmark::State& state) {
  judge(state, item_for("multiple_choice", "C"), reasoned("It is"));
}
void BM_Numeric(benchmark::State& state) {
  judge(state, item_for("numeric", "18"), reasoned("\nA: 18"));
}
void BM_MathNumber(benchmark::State& state) {
  judge(state, item_for("math", "\\frac{3}{4}"), reasoned("Thus it is $\\boxed{0.75}$."));
}
void BM_MathFunction(benchmark::State& state) {
  judge(state, item_for("math", "2\\cos(2\\theta)"), reasoned("Thus it is $\\boxed{2 - 4\\sin^2\\theta}$."));
}
void BM_Exact(benchmark::State& state) {
  judge(state, item_for("exact", "Paris"), reasoned("\nAnswer: Paris"));
}
// What each judge takes longest for, of texts that drive its rules to look far; a megabyte each.
const std::map<std::string, std::vector<std::string>>& hostile() {
  static const std::map<std::string, std::vector<std::string>> all{
      {"multiple_choice", {"answer is (A option (", "(A)", "option A is ", "C is the ", "A. x\n", "it is ", "答"}},
      {"json", {"[", "{}", "[1,", "{\"a\":", "```\n", "[[],[]],"}},
      {"regex", {"Par", "a", "é"}},
      {"contains", {"Paris1", "P", "é", " "}},
      {"", {"answer is 1 = ", "1,", "\\frac{1", "<think>", "\\boxed{", "-1/"}},
  };
  return all;
}
// The longest formula that is read, and a megabyte of them.
void BM_MathHostileFormula(benchmark::State& state) {
  std::string formula = "1";
  while (formula.size() < 760) formula += "+\\sin x";
  judge(state, item_for("math", "\\sqrt{x}"), "\\boxed{" + formula + "}");
}
void BM_MathHostileMegabyte(benchmark::State& state) {
  std::string text;
  while (text.size() < 1u << 20) text += "the answer is $\\boxed{\\frac{";
  judge(state, item_for("math", "\\frac{3}{4}"), text);
}

void BM_HostileMegabyte(benchmark::State& state, const std::string& name, const std::string& part) {
  std::string text;
  while (text.size() < 1u << 20) text += part;
  if (name == "json" && part.ends_with(',')) text = "[" + text + "1]";
  std::string answer = "42";
  if (name == "multiple_choice") answer = "C";
  if (name == "contains") answer = "Paris";
  if (name == "regex") answer = "(Par(is|ma)|[a-z]+é)x";
  if (name == "json") answer = R"({"a": [1, 2]})";
  judge(state, item_for(name, answer), text);
}

const int kRegistered = [] {
  for (const auto& entry : judges().entries()) {
    const std::string name(entry.name);
    for (const auto& part : hostile().at(hostile().contains(name) ? name : ""))
      benchmark::RegisterBenchmark(("BM_HostileMegabyte/" + name + "/" + part).c_str(), [name, part](
                                                                                            benchmark::State& state) {
        BM_HostileMegabyte(state, name, part);
      })->Unit(benchmark::kMillisecond);
  }
  return 0;
}();

BENCHMARK(BM_MultipleChoice);
BENCHMARK(BM_MultipleChoiceUnparsed);
BENCHMARK(BM_Numeric);
BENCHMARK(BM_MathNumber);
BENCHMARK(BM_MathFunction);
BENCHMARK(BM_Exact);
BENCHMARK(BM_MathHostileFormula)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_MathHostileMegabyte)->Unit(benchmark::kMillisecond);

}  // namespace
