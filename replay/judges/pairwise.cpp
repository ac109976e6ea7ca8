#include "base/text.hpp"
#include "replay/digest.hpp"
#include "replay/judge_prompt.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/model_judge.hpp"

namespace ipw::embedded {
extern const std::string_view pairwise_prompt;
}

namespace ipw::replay {

Result<std::unique_ptr<ModelJudge>> open_pairwise(Options& options);

namespace {

constexpr std::string_view kReference = "reference";

// Asks twice which of two answers is better, once in each order: a judge that goes by the order says nothing.
class Pairwise final : public ModelJudge {
 public:
  Pairwise(JudgePrompt prompt, std::string rival) : prompt_(std::move(prompt)), rival_(std::move(rival)) {}

  Result<void> accepts(const CorpusItem& item) const override {
    if (!rival_.empty() || !reference_of(item).empty()) return {};
    return Error{Errc::invalid, item.place + ": `reference` is missing: the judge `pairwise` compares with it"};
  }

  std::vector<std::string> questions(const CorpusItem& item, std::string_view answer,
                                     const std::optional<std::string>& rival) const override {
    std::string buffer, rivals_buffer;
    const auto ours = outside_reasoning(answer, buffer);
    const auto theirs = rival ? outside_reasoning(*rival, rivals_buffer) : reference_of(item);
    const auto mark = sha256({ours, theirs}).substr(0, 12);
    const auto ask = [&](std::string_view first, std::string_view second) {
      return prompt_.fill({{"problem", item.problem}, {"first", first}, {"second", second}, {"mark", mark}});
    };
    return {ask(ours, theirs), ask(theirs, ours)};
  }

  std::optional<double> read(std::size_t index, std::string_view reply) const override {
    std::string buffer;
    const auto word = comparable(unwrapped(outside_reasoning(reply, buffer)), true);
    if (word == "tie") return 0.5;
    if (word != "a" && word != "b") return std::nullopt;
    return (word == "a") == (index == 0) ? 1 : 0;
  }

  Verdict conclude(const std::vector<double>& scores) const override {
    const double score = (scores[0] + scores[1]) / 2;
    const auto than = rival_.empty() ? std::string("the reference") : "the answer of `" + rival_ + "`";
    const bool split = scores[0] != scores[1];
    const std::string orders = split ? ", in one order only" : " in both orders";
    if (score > 0.5) return {VerdictKind::correct, score, "better than " + than + orders, split};
    if (score < 0.5) return {VerdictKind::wrong, score, "worse than " + than + orders, split};
    return {VerdictKind::tie, score, split ? "the judge changed its mind with the order" : "as good as " + than, split};
  }

  std::string_view rival() const override { return rival_; }
  bool takes_silence() const override { return true; }
  std::string prompt_digest() const override { return prompt_.digest(); }

 private:
  static std::string_view reference_of(const CorpusItem& item) {
    return trim(!trim(item.reference).empty() ? std::string_view(item.reference) : std::string_view(item.answer));
  }

  JudgePrompt prompt_;
  std::string rival_;  // "": the corpus line's reference
};

}  // namespace

// `against`: `reference`, or the target whose answers are compared with. `prompt`: a file with {problem}, {first},
// {second} and {mark}, which the answers cannot know.
Result<std::unique_ptr<ModelJudge>> open_pairwise(Options& options) {
  auto prompt = JudgePrompt::read(options, embedded::pairwise_prompt, {"problem", "first", "second", "mark"});
  auto against = options.text("against", kReference);
  if (against == kReference) against.clear();
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<Pairwise>(std::move(prompt), std::move(against));
}

}  // namespace ipw::replay
