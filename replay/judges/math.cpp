#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/math_answer.hpp"
#include "replay/judges/math_equality.hpp"
#include "replay/judges/math_expression.hpp"
#include "replay/judges/math_signs.hpp"
#include "replay/judges/number_script.hpp"

namespace ipw::replay {
namespace {

using Kind = MathNode::Kind;

constexpr std::size_t kQuote = 60;

bool is_symbol(const MathNode& node) {
  return node.kind == Kind::symbol;
}

// Letters and what stands between words, and at least one word: `right-angled`, `Monday, Tuesday`.
bool is_words(std::string_view text) {
  const auto plain = without_markup(text);
  const bool only = std::ranges::all_of(plain, [](char c) {
    return is_letter(c) || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view(" -',.()").find(c) != std::string_view::npos;
  });
  return only &&
         std::ranges::any_of(plain, [](char c) { return is_letter(c) || static_cast<unsigned char>(c) >= 0x80; });
}

std::string as_words(std::string_view text) {
  const auto plain = without_markup(text);
  return comparable(unwrapped(plain), true);
}

// The letter of an option that a text begins with: (B), B) 12, B: 12.
char option_letter(std::string_view text) {
  const auto plain = without_markup(text);
  const std::size_t at = plain.starts_with('(') ? 1 : 0;
  const bool alone = at + 1 >= plain.size() || std::string_view(").:").find(plain[at + 1]) != std::string_view::npos;
  return at < plain.size() && is_letter(plain[at]) && alone ? lower(plain[at]) : '\0';
}

// What a text says as mathematics; `why` it says nothing where it cannot be read.
struct Reading {
  std::string_view text;
  std::optional<MathNode> formula;
  std::string why;
  bool words;

  explicit Reading(std::string_view said, Commas commas = Commas::group_thousands) : text(bare_formula(said)) {
    auto parsed = parse_math(text, commas);
    if (parsed)
      formula = *std::move(parsed);
    else
      why = parsed.error().message;
    words = formula ? formula->kind == Kind::text : text.size() <= kLongestFormula && is_words(text);
  }
  bool is_readable() const { return formula && formula->kind != Kind::text; }
};

bool is_unit_letter(const MathNode& node) {
  constexpr std::string_view kUnits = "mgshLlJNWVAKCF";
  if (node.kind == Kind::power) return is_unit_letter(node.kids[0]) && node.kids[1].kind == Kind::number;
  return is_symbol(node) && node.text.size() == 1 && kUnits.find(node.text[0]) != std::string_view::npos;
}

// 5 m/s is 5 where no letter is expected.
MathNode without_unit_letters(MathNode answer) {
  while ((answer.kind == Kind::multiply || answer.kind == Kind::divide) && is_unit_letter(answer.kids[1])) {
    auto rest = std::move(answer.kids[0]);
    answer = std::move(rest);
  }
  return answer;
}

bool is_balanced(std::string_view text) {
  int depth = 0;
  for (std::size_t at = 0; at < text.size() && depth >= 0; ++at) {
    if (text[at] == '\\')
      ++at;
    else
      depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
  }
  return depth == 0;
}

// Compares the formula that a text states with the expected one, as mathematics; words are compared as words.
class Math final : public Judge {
 public:
  explicit Math(double tolerance) : tolerance_(tolerance) {}

  Result<void> accepts(const CorpusItem& item) const override {
    const Reading expected(item.answer);
    // What is sound LaTeX and not understood can still be compared as text.
    const bool sound = !expected.text.empty() && expected.text.size() <= kLongestFormula && is_balanced(expected.text);
    if (expected.formula || sound) return {};
    return Error{Errc::invalid, item.place + ": `answer` for math cannot be read: `" + shortened(item.answer, kQuote) +
                                    "` " + expected.why};
  }

  Verdict judge(const CorpusItem& item, std::string_view answer) const override {
    std::string buffer;
    const auto text = outside_reasoning(answer, buffer);
    if (trim(text).empty()) return {VerdictKind::unparsed, 0, "only reasoning"};
    const Reading expected(item.answer);
    const auto stated = stated_formulas(text);
    if (stated.all.empty()) return {VerdictKind::unparsed, 0, stated.boxed ? "an empty box" : "states no formula"};
    if (expected.words) return words(item, expected, stated);

    const auto plain = plain_latex(expected.text);
    std::optional<Reading> unread;
    for (const auto formula : stated.all) {
      if (formula.size() <= kLongestFormula && plain_latex(formula) == plain) return right(formula);
      Reading said(formula);
      if (said.is_readable() || (said.formula && expected.formula && is_symbol(*expected.formula)))
        return formulas(item, expected, said);
      if (said.why.empty()) said.why = "is no formula";
      if (!unread) unread = std::move(said);
    }
    return unparsed(unread->text, unread->why);
  }

 private:
  static Verdict right(std::string_view quote) {
    return {VerdictKind::correct, 1, "`" + shortened(quote, kQuote) + "`"};
  }
  static Verdict wrong(const CorpusItem& item, std::string_view quote) {
    return {VerdictKind::wrong, 0, "`" + shortened(quote, kQuote) + "`, expected " + shortened(item.answer, kQuote)};
  }
  static Verdict unparsed(std::string_view quote, std::string_view why) {
    return {VerdictKind::unparsed, 0, "`" + shortened(quote, kQuote) + "` " + std::string(why)};
  }

  Verdict formulas(const CorpusItem& item, const Reading& expected, const Reading& said) const {
    if (!expected.formula)
      return {VerdictKind::unparsed, 0, "expected `" + shortened(expected.text, kQuote) + "` " + expected.why};
    auto agreement = compared(*expected.formula, *said.formula);
    if (agreement == Agreement::different && said.text.find(',') != std::string_view::npos)
      if (const auto commas = other_commas(item, *expected.formula))
        if (const Reading again(said.text, *commas); again.formula)
          agreement = either(agreement, compared(*expected.formula, *again.formula));
    if (agreement == Agreement::same) return right(said.text);
    if (agreement == Agreement::different) return wrong(item, said.text);
    return unparsed(said.text, "cannot be compared with `" + shortened(expected.text, kQuote) + "`");
  }

  // 1,234 may be a list where a list is expected, and 1.234 in other languages than English.
  static std::optional<Commas> other_commas(const CorpusItem& item, const MathNode& expected) {
    if (expected.kind == Kind::list || expected.kind == Kind::set) return Commas::separate;
    if (Notation::of({}, item.language).decimal == ',') return Commas::before_decimals;
    return std::nullopt;
  }

  Agreement compared(const MathNode& expected, const MathNode& answer) const {
    const auto same = same_mathematics(expected, answer, tolerance_);
    if (same != Agreement::different || contains(expected, is_symbol)) return same;
    return same_mathematics(expected, without_unit_letters(answer), tolerance_);
  }

  static Verdict words(const CorpusItem& item, const Reading& expected, const StatedFormulas& stated) {
    const auto wanted = as_words(expected.text);
    const char letter = wanted.size() == 1 ? wanted[0] : '\0';
    for (const auto said : std::span(stated.all).first(stated.first)) {
      if (said.size() > kLongestFormula) continue;
      if (as_words(said) == wanted || (letter != '\0' && option_letter(said) == letter)) return right(said);
    }
    return wrong(item, stated.all.front());
  }

  double tolerance_;
};

}  // namespace

// `tolerance`: the relative difference between numbers that is still right; 0 asks for the same value.
Result<std::unique_ptr<Judge>> open_math(Options& options) {
  const double tolerance = options.number("tolerance", 0, {0, 1});
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<Math>(tolerance);
}

}  // namespace ipw::replay
