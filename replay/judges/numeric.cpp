#include <algorithm>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/number_text.hpp"
#include "replay/judges/statements.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kQuote = 60;

struct Answer {
  Number number;
  std::string_view quote;
};

std::size_t wide_sign(std::string_view text) {
  for (const std::string_view sign : {"\\times", "\\cdot", "×", "÷", "·", "€", "£"})
    if (text.starts_with(sign)) return sign.size();
  return 0;
}

// Whether `text`, between a number and an `=`, carries on a sum whose result is the answer: ` * $2 `, but not ` (16 - 7
// `.
bool carries_on_sum(std::string_view text) {
  constexpr std::string_view kSum = " 0123456789.,+-*/x^()$%<";
  text = trim(text);
  if (!text.empty() && wide_sign(text) == 0 && std::string_view("+-*/x%").find(text[0]) == std::string_view::npos)
    return false;
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(kSum), text.size()));
    const auto sign = wide_sign(text);
    if (sign == 0) return text.empty();
    text.remove_prefix(sign);
  }
  return true;
}

// The number that `said` states: its first, or the result where the first begins a sum (`9 * 2 = 18`).
std::optional<FoundNumber> stated_number(std::string_view said, Notation notation) {
  if (begins_with(said, "not ")) return std::nullopt;
  auto found = find_number(said, 0, notation);
  while (found) {
    const auto equals = said.find('=', found->end);
    if (equals == std::string_view::npos || !carries_on_sum(said.substr(found->end, equals - found->end))) break;
    auto result = find_number(said, equals + 1, notation);
    if (!result) break;
    found = std::move(result);
  }
  return found;
}

// `####` also opens a heading: it marks an answer only where a number fills its line.
bool fills_line(std::string_view said, const FoundNumber& found) {
  return trim(said.substr(0, found.begin)).size() <= 1 &&
         said.substr(found.end).find_first_not_of(" .*$") == std::string_view::npos;
}

// The last number stated in the plainest way; else the last number there is.
std::optional<Answer> find_answer(std::string_view text, Notation notation) {
  std::optional<Answer> best;
  Anchor best_anchor{};
  Statements statements(text);
  while (const auto statement = statements.next()) {
    if (best && best_anchor < statement->anchor) continue;
    auto found = stated_number(statement->said, notation);
    if (!found || (statement->anchor == Anchor::marked && !fills_line(statement->said, *found))) continue;
    best = Answer{std::move(found->number), statement->quote};
    best_anchor = statement->anchor;
  }
  if (best) return best;
  auto last = last_number(text, notation);
  if (!last) return std::nullopt;
  return Answer{std::move(last->number), text.substr(last->begin, last->end - last->begin)};
}

// Compares the number that a text states with the expected one. The corpus writes numbers the English way, or in a
// shape that can be read one way only; the model writes as its language does.
class Numeric final : public Judge {
 public:
  explicit Numeric(double tolerance) : tolerance_(tolerance) {}

  Result<void> accepts(const CorpusItem& item) const override {
    if (auto ok = require_answer(item, "numeric"); !ok) return ok;
    if (is_number(item.answer)) return {};
    return Error{Errc::invalid,
                 item.place + ": `answer` for numeric must be a number, got `" + shortened(item.answer, kQuote) + "`"};
  }

  Verdict judge(const CorpusItem& item, std::string_view answer) const override {
    const auto expected = parse_number_text(item.answer, {});
    std::string buffer, ascii;
    const auto text = with_ascii_numbers(outside_reasoning(answer, buffer), ascii);
    const auto found = find_answer(text, Notation::of(text, item.language));
    if (!found) return {VerdictKind::unparsed, 0, trim(text).empty() ? "only reasoning" : "states no number"};
    const auto quote = "`" + shortened(trim(found->quote), kQuote) + "`";
    if (expected && same_number(*expected, found->number, tolerance_)) return {VerdictKind::correct, 1, quote};
    return {VerdictKind::wrong, 0, quote + ", expected " + item.answer};
  }

 private:
  double tolerance_;
};

}  // namespace

// `tolerance`: the relative difference that is still right; 0 asks for the same number.
Result<std::unique_ptr<Judge>> open_numeric(Options& options) {
  const double tolerance = options.number("tolerance", 0, {0, 1});
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<Numeric>(tolerance);
}

}  // namespace ipw::replay
