#include <string>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/pattern.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kQuote = 60;

// Looks for the corpus line's regular expression in the answer.
class Regex final : public Judge {
 public:
  explicit Regex(Pattern::Syntax syntax) : patterns_(syntax) {}

  Result<void> accepts(const CorpusItem& item) const override {
    if (auto ok = require_answer(item, "regex"); !ok) return ok;
    if (const auto pattern = patterns_.get(item.answer); !pattern)
      return Error{Errc::invalid,
                   item.place + ": `answer` is no regular expression: " + shortened(pattern.error().message, 200)};
    return {};
  }

  Verdict judge(const CorpusItem& item, std::string_view answer) const override {
    std::string buffer;
    const auto text = trim(outside_reasoning(answer, buffer));
    if (text.empty()) return {VerdictKind::unparsed, 0, "only reasoning"};
    const auto pattern = patterns_.get(item.answer);
    if (!pattern) return {VerdictKind::judge_error, 0, shortened(pattern.error().message, 200)};
    if (const auto found = pattern->match(text))
      return {VerdictKind::correct, 1, "matches `" + shortened(whole_characters(*found), kQuote) + "`"};
    return {VerdictKind::wrong, 0,
            "no match in `" + shortened(text, kQuote) + "`, expected " + shortened(item.answer, kQuote)};
  }

 private:
  PatternCache patterns_;
};

}  // namespace

// `case_sensitive`: whether `paris` does not match `Paris`. `full`: whether the whole answer must match.
Result<std::unique_ptr<Judge>> open_regex(Options& options) {
  const Pattern::Syntax syntax{options.flag("case_sensitive", true), options.flag("full", false)};
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<Regex>(syntax);
}

}  // namespace ipw::replay
