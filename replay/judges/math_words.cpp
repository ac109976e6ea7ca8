#include "replay/judges/math_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

using Kind = MathToken::Kind;

struct Entry {
  std::string_view name;
  MathWord word;
};

// Means the same with and without a backslash.
constexpr std::array kBoth{
    Entry{"sin", {Kind::function, "sin"}},       Entry{"cos", {Kind::function, "cos"}},
    Entry{"tan", {Kind::function, "tan"}},       Entry{"cot", {Kind::function, "cot"}},
    Entry{"sec", {Kind::function, "sec"}},       Entry{"csc", {Kind::function, "csc"}},
    Entry{"arcsin", {Kind::function, "arcsin"}}, Entry{"arccos", {Kind::function, "arccos"}},
    Entry{"arctan", {Kind::function, "arctan"}}, Entry{"asin", {Kind::function, "arcsin"}},
    Entry{"acos", {Kind::function, "arccos"}},   Entry{"atan", {Kind::function, "arctan"}},
    Entry{"sinh", {Kind::function, "sinh"}},     Entry{"cosh", {Kind::function, "cosh"}},
    Entry{"tanh", {Kind::function, "tanh"}},     Entry{"ln", {Kind::function, "ln"}},
    Entry{"log", {Kind::function, "log"}},       Entry{"exp", {Kind::function, "exp"}},
    Entry{"abs", {Kind::function, "abs"}},       Entry{"floor", {Kind::function, "floor"}},
    Entry{"ceil", {Kind::function, "ceil"}},     Entry{"pi", {Kind::symbol, "pi"}},
    Entry{"sqrt", {Kind::command, "sqrt"}},      Entry{"infty", {Kind::symbol, "infinity"}},
    Entry{"and", {Kind::comma, "and"}},          Entry{"or", {Kind::comma, "or"}},
    Entry{"binom", {Kind::command, "binom"}},
};
constexpr std::array kNames{
    Entry{"infinity", {Kind::symbol, "infinity"}}, Entry{"inf", {Kind::symbol, "infinity"}},
    Entry{"percent", {Kind::sign, "%"}},           Entry{"degrees", {Kind::sign, "deg"}},
    Entry{"degree", {Kind::sign, "deg"}},          Entry{"union", {Kind::sign, "cup"}},
    Entry{"theta", {Kind::symbol, "theta"}},       Entry{"alpha", {Kind::symbol, "alpha"}},
    Entry{"beta", {Kind::symbol, "beta"}},         Entry{"approximately", {Kind::relation, "~"}},
};
constexpr std::array kCommands{
    Entry{"frac", {Kind::command, "frac"}},
    Entry{"dfrac", {Kind::command, "frac"}},
    Entry{"tfrac", {Kind::command, "frac"}},
    Entry{"cfrac", {Kind::command, "frac"}},
    Entry{"dbinom", {Kind::command, "binom"}},
    Entry{"tbinom", {Kind::command, "binom"}},
    Entry{"cdot", {Kind::sign, "*"}},
    Entry{"times", {Kind::sign, "*"}},
    Entry{"ast", {Kind::sign, "*"}},
    Entry{"div", {Kind::sign, "/"}},
    Entry{"pm", {Kind::sign, "pm"}},
    Entry{"mp", {Kind::sign, "mp"}},
    Entry{"cup", {Kind::sign, "cup"}},
    Entry{"bigcup", {Kind::sign, "cup"}},
    Entry{"degree", {Kind::sign, "deg"}},
    Entry{"circ", {Kind::sign, "deg"}},
    Entry{"colon", {Kind::sign, ":"}},
    Entry{"le", {Kind::relation, "<="}},
    Entry{"leq", {Kind::relation, "<="}},
    Entry{"leqslant", {Kind::relation, "<="}},
    Entry{"ge", {Kind::relation, ">="}},
    Entry{"geq", {Kind::relation, ">="}},
    Entry{"geqslant", {Kind::relation, ">="}},
    Entry{"lt", {Kind::relation, "<"}},
    Entry{"gt", {Kind::relation, ">"}},
    Entry{"ne", {Kind::relation, "!="}},
    Entry{"neq", {Kind::relation, "!="}},
    Entry{"in", {Kind::relation, "in"}},
    Entry{"approx", {Kind::relation, "~"}},
    Entry{"lor", {Kind::comma, "or"}},
    Entry{"land", {Kind::comma, "and"}},
    Entry{"lbrace", {Kind::open, "\\{"}},
    Entry{"rbrace", {Kind::close, "\\{"}},
    Entry{"lbrack", {Kind::open, "["}},
    Entry{"rbrack", {Kind::close, "["}},
    Entry{"langle", {Kind::open, "<"}},
    Entry{"rangle", {Kind::close, "<"}},
    Entry{"lfloor", {Kind::open, "floor"}},
    Entry{"rfloor", {Kind::close, "floor"}},
    Entry{"lceil", {Kind::open, "ceil"}},
    Entry{"rceil", {Kind::close, "ceil"}},
    Entry{"lvert", {Kind::open, "|"}},
    Entry{"rvert", {Kind::close, "|"}},
    Entry{"vert", {Kind::sign, "|"}},
    Entry{"mid", {Kind::sign, "|"}},
    Entry{"emptyset", {Kind::command, "emptyset"}},
    Entry{"varnothing", {Kind::command, "emptyset"}},
};
constexpr std::array<std::string_view, 26> kLetters{
    "alpha",    "beta", "gamma",  "delta",  "epsilon", "varepsilon", "zeta", "eta",  "theta",
    "vartheta", "iota", "kappa",  "lambda", "mu",      "nu",         "xi",   "rho",  "sigma",
    "tau",      "phi",  "varphi", "chi",    "psi",     "omega",      "ell",  "Delta"};

constexpr std::array<std::string_view, 66> kShortWords{
    "yes", "no",  "odd", "all", "any", "are", "the", "is",   "of",  "to",  "by",  "at",  "on",  "so",
    "if",  "it",  "its", "not", "one", "two", "six", "ten",  "per", "day", "mon", "tue", "wed", "thu",
    "fri", "sat", "sun", "men", "red", "cm",  "mm",  "km",   "ft",  "in",  "yd",  "mi",  "kg",  "mg",
    "lb",  "lbs", "oz",  "ml",  "hr",  "hrs", "min", "sec",  "mph", "rpm", "cc",  "sq",  "rad", "deg",
    "am",  "pts", "pt",  "sum", "box", "set", "an",  "none", "out", "max"};

template <std::size_t N>
const MathWord* find(const std::array<Entry, N>& entries, std::string_view name) {
  const auto* found = std::ranges::find(entries, name, &Entry::name);
  return found == entries.end() ? nullptr : &found->word;
}

constexpr std::array<std::string_view, 16> kNoUnits{"is",      "not",   "if",   "when",  "more",  "less",
                                                    "minus",   "plus",  "over", "than",  "times", "because",
                                                    "squared", "cubed", "but",  "except"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kScales{
    {{"hundred", "100"}, {"thousand", "1000"}, {"million", "1e6"}, {"billion", "1e9"}, {"trillion", "1e12"}}};

}  // namespace

const MathWord* math_command(std::string_view name) {
  if (const auto* word = find(kBoth, name)) return word;
  if (const auto* word = find(kCommands, name)) return word;
  static const auto letters = [] {
    std::array<Entry, kLetters.size()> all{};
    std::ranges::transform(kLetters, all.begin(), [](auto letter) { return Entry{letter, {Kind::symbol, letter}}; });
    return all;
  }();
  return find(letters, name);
}

const MathWord* math_name(std::string_view letters) {
  if (const auto* word = find(kBoth, letters)) return word;
  return find(kNames, letters);
}

bool is_common_word(std::string_view letters) {
  constexpr std::size_t kLongestProduct = 3;
  if (letters.size() > kLongestProduct) return true;
  return letters.size() > 1 && std::ranges::any_of(kShortWords, [&](auto word) {
           return word.size() == letters.size() && begins_with(letters, word);
         });
}

bool may_be_unit(std::string_view word) {
  return std::ranges::none_of(kNoUnits, [&](auto no) { return no.size() == word.size() && begins_with(word, no); });
}

std::string_view scale_of(std::string_view word) {
  for (const auto& [name, value] : kScales)
    if (name == word) return value;
  return {};
}

}  // namespace ipw::replay
