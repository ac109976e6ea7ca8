#include <array>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/option_letter.hpp"
#include "replay/judges/option_mentions.hpp"
#include "replay/judges/statements.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kQuote = 60;

struct Answer {
  int index;
  bool several;
  std::string_view quote;
};

char letter(int index) {
  return static_cast<char>('A' + index);
}

// What the corpus expects: a letter, or an option's text.
std::optional<int> expected_option(const CorpusItem& item, OptionSet options) {
  const auto answer = unwrapped(item.answer);
  if (answer.size() == 1 && is_letter(answer[0])) {
    const int index = lower(answer[0]) - 'a';
    if (index < options.count) return index;
  }
  return option_with_text(item.answer, options);
}

bool is_letter_line(std::string_view said) {
  return unwrapped(said).size() == 1;
}

struct Stated {
  std::optional<Answer> answer;
  std::size_t last{0};  // offset of the last statement, whatever it says
};

// The last statement of the plainest kind that names an option by its letter; else the last statement of all, where it
// is an option's text.
Stated stated(std::string_view text, OptionSet options) {
  Stated best;
  Anchor best_anchor{};
  std::optional<Statement> last;
  Statements statements(text);
  while (const auto statement = statements.next()) {
    // `####` opens a heading here, and `A:` an option, unless a letter is all that it says.
    if (statement->anchor == Anchor::marked || (statement->anchor == Anchor::label && !is_letter_line(statement->said)))
      continue;
    last = statement;
    const auto named = leading_option(statement->said, options);
    if (!named || (best.answer && best_anchor < statement->anchor)) continue;
    best.answer = Answer{named->index, named->several, statement->quote};
    best_anchor = statement->anchor;
  }
  if (!last || best.answer) return best;
  best.last = static_cast<std::size_t>(last->quote.data() - text.data());
  for (const auto said : {first_clause(last->said), first_sentence(last->said), last->said})
    if (const auto index = option_with_text(said, options)) best.answer = Answer{*index, false, last->quote};
  return best;
}

std::optional<Answer> find_answer(std::string_view text, OptionSet options) {
  const auto said = stated(text, options);
  if (said.answer) return said.answer;
  if (const auto mention = settled_option(text, said.last, options))
    return Answer{mention->index, false, mention->quote};
  for (const auto whole : {text, last_line(text)})
    if (const auto index = option_with_text(whole, options)) return Answer{*index, false, whole};
  return std::nullopt;
}

// Picks the option that a text settles on. Never guesses: a text that settles on none, or on several, is unparsed.
class MultipleChoice final : public Judge {
 public:
  Result<void> accepts(const CorpusItem& item) const override {
    if (auto ok = require_answer(item, "multiple_choice"); !ok) return ok;
    const auto options = options_of(item);
    if (item.options.size() == 1 || item.options.size() > 26)
      return Error{Errc::invalid, item.place + ": multiple_choice takes 2 to 26 `options`, here are " +
                                      std::to_string(item.options.size())};
    if (expected_option(item, options)) return {};
    return Error{Errc::invalid, item.place + ": `answer` for multiple_choice must be a letter from A to " +
                                    letter(options.count - 1) + " or the text of one option, got `" +
                                    shortened(item.answer, kQuote) + "`"};
  }

  Verdict judge(const CorpusItem& item, std::string_view answer) const override {
    std::string buffer;
    const auto text = outside_reasoning(answer, buffer);
    const auto options = options_of(item);
    const int expected = expected_option(item, options).value_or(-1);
    const auto found = find_answer(text, options);
    if (!found) return {VerdictKind::unparsed, 0, trim(text).empty() ? "only reasoning" : "settles on no option"};
    const auto quote = "`" + shortened(trim(whole_characters(found->quote)), kQuote) + "`";
    if (found->several) return {VerdictKind::unparsed, 0, quote + " names several options"};
    if (found->index == expected) return {VerdictKind::correct, 1, quote};
    return {VerdictKind::wrong, 0, quote + ", expected " + letter(expected)};
  }
};

}  // namespace

Result<std::unique_ptr<Judge>> open_multiple_choice(Options& options) {
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<MultipleChoice>();
}

}  // namespace ipw::replay
