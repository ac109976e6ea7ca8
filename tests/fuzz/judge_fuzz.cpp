// Hostile corpora and hostile models: whatever they write, every judge gives a sound verdict. An input is one byte that
// picks the judge, then fields between bytes 0x1E: expected answer, options (between 0x1F), schema, language, and what
// the model says. IPW_FUZZ_JUDGE names one judge for all inputs.

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/model_judge.hpp"

namespace {

using namespace ipw;
using namespace ipw::replay;

constexpr std::size_t kLongestReason = 400;

void require(bool holds, const char* what, const Verdict& verdict) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s, score %g, `%s`\n", what, std::string(to_text(verdict.kind)).c_str(), verdict.score,
               verdict.reason.c_str());
  std::abort();
}

std::vector<std::string> split(std::string_view text, char separator, std::size_t most) {
  std::vector<std::string> parts;
  while (parts.size() + 1 < most && text.find(separator) != std::string_view::npos) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.emplace_back(text);
  return parts;
}

struct Input {
  CorpusItem item;
  std::string said;
};

Input input_from(std::string_view data) {
  Input input;
  auto parts = split(data, '\x1e', 5);
  input.said = std::move(parts.back());
  parts.back().clear();
  parts.resize(4);
  input.item.id = "q";
  input.item.problem = "What?";
  input.item.place = "corpus.jsonl:7";
  input.item.answer = parts[0];
  if (!parts[1].empty()) input.item.options = split(parts[1], '\x1f', 30);
  if (!parts[2].empty()) input.item.metadata.emplace_back("schema", parts[2]);
  input.item.language = parts[3];
  return input;
}

// Most inventions are no expected answer; the model's text is worth judging all the same.
bool make_acceptable(const Judge& judge, CorpusItem& item) {
  if (judge.accepts(item)) return true;
  item.options.clear();
  item.metadata.clear();
  for (const char* answer : {"C", "42", R"({"a": [1, "x"]})"}) {
    item.answer = answer;
    if (judge.accepts(item)) return true;
  }
  return false;
}

bool is_text(const Input& input) {
  auto all = input.item.answer + "\n" + input.said;
  for (const auto& option : input.item.options) all += "\n" + option;
  for (const auto& [name, value] : input.item.metadata) all += "\n" + value;
  return valid_utf8(all) == all;
}

void check(const Judge& judge, Input input) {
  if (!make_acceptable(judge, input.item)) return;
  const auto verdict = judge.judge(input.item, input.said), again = judge.judge(input.item, input.said);
  require(verdict.score >= 0 && verdict.score <= 1, "the score is out of range", verdict);
  require((verdict.kind == VerdictKind::correct) == (verdict.score == 1), "verdict and score contradict", verdict);
  require(verdict.kind == again.kind && verdict.score == again.score && verdict.reason == again.reason,
          "another verdict the second time", again);
  require(verdict.kind != VerdictKind::judge_error, "an accepted item cannot be judged", verdict);
  require(!verdict.reason.empty() && verdict.reason.size() <= kLongestReason, "the reason's length", verdict);
  if (is_text(input)) require(valid_utf8(verdict.reason) == verdict.reason, "the reason is no UTF-8", verdict);
}

// What the model says is an answer to be judged, and the judging model's reply.
void check(const ModelJudge& judge, const Input& input) {
  const auto questions = judge.questions(input.item, input.said, {});
  std::vector<double> scores;
  for (std::size_t i = 0; i < questions.size(); ++i) scores.push_back(judge.read(i, input.said).value_or(0.5));
  const auto verdict = judge.conclude(scores);
  require(verdict.score >= 0 && verdict.score <= 1, "the score is out of range", verdict);
  require(questions == judge.questions(input.item, input.said, {}), "another question the second time", verdict);
}

using Check = std::function<void(const Input&)>;

// A check for each judge: no server is asked here.
const std::vector<Check>& checks() {
  static const auto all = [] {
    const char* only = std::getenv("IPW_FUZZ_JUDGE");
    std::vector<Check> some;
    const auto add = [&](const auto& catalogue) {
      for (const auto& entry : catalogue.entries()) {
        if (only != nullptr && entry.name != only) continue;
        auto options = Options::none();
        if (auto judge = entry.open(options))
          some.push_back([kept = std::shared_ptr(*std::move(judge))](const Input& input) { check(*kept, input); });
      }
    };
    add(judges());
    add(model_judges());
    if (some.empty()) std::fprintf(stderr, "no such judge\n"), std::exit(2);
    return some;
  }();
  return all;
}

}  // namespace

// What the folder of findings is run through: every judge, whichever the input was found with.
void check_with_every_judge(std::string_view data) {
  if (data.empty()) return;
  for (const auto& one : checks()) one(input_from(data.substr(1)));
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  checks()[data[0] % checks().size()](input_from(text));
  return 0;
}
