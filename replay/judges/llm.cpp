#include "base/text.hpp"
#include "replay/digest.hpp"
#include "replay/judge_prompt.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/model_judge.hpp"

namespace ipw::embedded {
extern const std::string_view llm_prompt;
}

namespace ipw::replay {

Result<std::unique_ptr<ModelJudge>> open_llm(Options& options);

namespace {

constexpr std::string_view kNoReference = "(none is given)";

// Asks for a yes or no against the reference.
class Llm final : public ModelJudge {
 public:
  explicit Llm(JudgePrompt prompt) : prompt_(std::move(prompt)) {}

  Result<void> accepts(const CorpusItem&) const override { return {}; }

  std::vector<std::string> questions(const CorpusItem& item, std::string_view answer,
                                     const std::optional<std::string>&) const override {
    std::string buffer;
    const auto said = outside_reasoning(answer, buffer);
    const std::string_view reference = !trim(item.answer).empty()      ? std::string_view(item.answer)
                                       : !trim(item.reference).empty() ? std::string_view(item.reference)
                                                                       : kNoReference;
    const auto mark = sha256({said}).substr(0, 12);
    return {prompt_.fill({{"problem", item.problem}, {"reference", reference}, {"answer", said}, {"mark", mark}})};
  }

  std::optional<double> read(std::size_t, std::string_view reply) const override {
    std::string buffer;
    const auto word = comparable(unwrapped(outside_reasoning(reply, buffer)), true);
    if (word == "correct") return 1;
    if (word == "incorrect") return 0;
    return std::nullopt;
  }

  Verdict conclude(const std::vector<double>& scores) const override {
    if (scores.front() > 0) return {VerdictKind::correct, 1, "the judge says that it is correct"};
    return {VerdictKind::wrong, 0, "the judge says that it is incorrect"};
  }

  std::string prompt_digest() const override { return prompt_.digest(); }

 private:
  JudgePrompt prompt_;
};

}  // namespace

// `prompt`: a file with {problem}, {reference}, {answer} and {mark}, which the answer cannot know.
Result<std::unique_ptr<ModelJudge>> open_llm(Options& options) {
  auto prompt = JudgePrompt::read(options, embedded::llm_prompt, {"problem", "reference", "answer", "mark"});
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<Llm>(std::move(prompt));
}

}  // namespace ipw::replay
