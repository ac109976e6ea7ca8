#include "replay/judges/option_letter.hpp"

#include <algorithm>
#include <array>

#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

constexpr int kDefaultOptions = 10, kMostOptions = 26;
constexpr std::size_t kLookAhead = 64, kMostFillers = 6;

// "The answer is therefore most likely option (C)".
constexpr std::array<std::string_view, 27> kFillers{
    "la",        "el",      "le",   "option",  "choice", "letter",  "alternative", "answer", "the",
    "therefore", "thus",    "then", "clearly", "simply", "indeed",  "definitely",  "most",   "likely",
    "probably",  "closest", "to",   "opción",  "opção",  "réponse", "lettre",      "letra",  "die"};
constexpr std::array<std::string_view, 11> kTexStyles{"\\text{",   "\\textbf{", "\\mathbf{", "\\mathrm{",
                                                      "\\mathsf{", "\\textrm{", "\\boxed{",  "\\bf{",
                                                      "\\(",       "\\[",       "\\ "};
// Portuguese: an article that is one letter long.
constexpr std::array<std::string_view, 3> kArticles{"a letra ", "a alternativa ", "a opção "};
constexpr std::array<std::string_view, 8> kWideQuotes{"“", "‘", "«", "„", "「", "【", "（", "《"};
constexpr std::array<std::string_view, 9> kConjunctions{"and", "or", "und", "oder", "et", "ou", "y", "&", "/"};
// What may follow a bare letter A or I that names an option.
constexpr std::array<std::string_view, 15> kAfterLetter{"and",   "not",   "rather", "instead", "because",
                                                        "since", "as",    "given",  "due",     "is",
                                                        "but",   "based", "which",  "for",     "with"};

std::string_view word_of(std::string_view text) {
  const auto end =
      std::ranges::find_if(text, [](char c) { return !is_letter(c) && static_cast<unsigned char>(c) < 0x80; });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::any_of(words,
                             [&](auto known) { return known.size() == word.size() && begins_with(word, known); });
}

template <std::size_t N>
std::size_t prefix_of(const std::array<std::string_view, N>& words, std::string_view text) {
  for (const auto word : words)
    if (text.starts_with(word)) return word.size();
  return 0;
}

constexpr CharacterSet kOpeners("*_`\"'([{$<"), kClosers("*_`\"')]}$>");

// Offset of the letter behind fillers and markup, and whether markup stands right before it.
struct Lead {
  std::size_t at{0};
  bool opened{false};
};
Lead skip_lead(std::string_view text) {
  Lead lead;
  std::size_t fillers = 0;
  while (lead.at < text.size()) {
    const auto rest = text.substr(lead.at);
    if (kOpeners.contains(rest[0])) {
      ++lead.at;
      lead.opened = true;
    } else if (rest[0] == ' ' || rest[0] == '\t' || rest[0] == ':') {
      ++lead.at;
    } else if (const auto markup = std::max(prefix_of(kTexStyles, rest), prefix_of(kWideQuotes, rest))) {
      lead.at += markup;
      lead.opened = true;
    } else if (const auto article = prefix_of(kArticles, rest)) {
      lead.at += article;
    } else if (const auto word = word_of(rest);
               fillers < kMostFillers && word.size() > 1 && is_one_of(kFillers, word)) {
      ++fillers;
      lead.at += word.size();
      lead.opened = false;
    } else {
      break;
    }
  }
  return lead;
}

// Whether a letter that is followed by `rest` stands alone: no word, contraction, name, number or formula goes on.
bool ends_here(std::string_view rest) {
  if (rest.empty()) return true;
  const auto next = rest.size() > 1 ? rest[1] : ' ';
  switch (rest[0]) {
    case '_':
      return next == '_' ? rest.size() < 3 || !is_word(rest[2]) : !is_word(next) && next != '{';
    case '-':
    case '\'':
      return !is_word(next);
    case '+':
    case '#':
    case '^':
    case '=':
      return false;
    case '.':
      return !is_digit(next) && !(is_letter(next) && rest.size() > 2 && rest[2] == '.');
    case '\\':
      return next == ')' || next == ']' || next == '\\';
    default:
      break;
  }
  if (is_word(rest[0])) return false;
  const auto lead = static_cast<unsigned char>(rest[0]);
  if (lead < 0x80) return true;
  if (rest.starts_with("’")) return rest.size() < 4 || !is_letter(rest[3]);
  // Punctuation and scripts that write no space between words; not accents, Greek, Cyrillic, or mathematics.
  return rest.starts_with("\xE2\x80") || rest.starts_with("\u00a0") || lead >= 0xE3 || lead == 0xE0;
}

bool names_bare(char letter, std::string_view rest) {
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos || begin == 0) return true;
  rest.remove_prefix(begin);
  if (rest[0] == '=' || rest[0] == '\\' || rest[0] == '+' || rest[0] == '^') return false;
  if (letter != 'A' && letter != 'I') return true;
  const auto word = word_of(rest);
  return word.empty() ? !is_word(rest[0]) : is_one_of(kAfterLetter, word);
}

// The option whose text begins `said`, where that text itself begins with a single letter, as in `B cells`.
std::optional<int> begun_option(std::string_view said, OptionSet options) {
  for (std::size_t i = 0; i < options.texts.size(); ++i) {
    const std::string_view text = options.texts[i];
    if (text.size() < 3 || text[1] != ' ' || !said.starts_with(text)) continue;
    if (said.size() == text.size() || !is_word(said[text.size()])) return static_cast<int>(i);
  }
  return std::nullopt;
}

// Whether the option's own text follows its bare letter: "Answer: A Safe practices".
bool text_follows(int index, std::string_view rest, OptionSet options) {
  if (static_cast<std::size_t>(index) >= options.texts.size()) return false;
  const std::string_view text = options.texts[static_cast<std::size_t>(index)];
  const auto begin = rest.find_first_not_of(' ');
  if (text.empty() || begin == std::string_view::npos) return false;
  const auto shown = text.substr(0, std::min(text.size(), kLookAhead / 2));
  return rest.substr(begin).starts_with(shown);
}

std::optional<NamedOption> one_option(std::string_view said, OptionSet options) {
  const auto [at, opened] = skip_lead(said);
  if (at >= said.size() || !is_letter(said[at])) return std::nullopt;
  const int index = lower(said[at]) - 'a';
  const auto rest = said.substr(at + 1);
  if (index >= options.count || !ends_here(rest)) return std::nullopt;

  std::size_t closers = 0;
  while (closers < rest.size() && closers < 8 && kClosers.contains(rest[closers])) ++closers;
  NamedOption named{index, false, opened && closers > 0, at + 1 + closers};
  if (named.wrapped) return named;
  if (const auto text = begun_option(said.substr(at), options)) {
    named.index = *text;
    return named;
  }
  const bool terminal = rest.find_first_not_of(" \t\r.!*`)\"'") == std::string_view::npos;
  const bool is_lower = said[at] >= 'a';
  if (is_lower ? !terminal : !names_bare(said[at], rest) && !text_follows(index, rest, options)) return std::nullopt;
  return named;
}

// Whether another option is named right after the first one: "(B) and (D)", "B or C", "(A), (B)".
bool names_another(std::string_view rest, const NamedOption& first, OptionSet options) {
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return false;
  rest.remove_prefix(begin);
  const bool comma = rest[0] == ',';
  if (comma) rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(", ")));
  const auto word = word_of(rest);
  const auto joint = word.empty() ? rest.substr(0, 1) : word;
  const bool conjunction = is_one_of(kConjunctions, joint);
  if (!conjunction && !(comma && first.wrapped)) return false;
  if (conjunction) rest.remove_prefix(joint.size());
  const auto second = one_option(rest, options);
  return second && second->index != first.index && (second->wrapped || !first.wrapped);
}

int options_in(std::string_view problem) {
  int count = 0;
  for (std::size_t line = 0; line < problem.size() && count < kMostOptions;) {
    auto text = problem.substr(line);
    const auto indent = text.find_first_not_of(" \t*(");
    const char letter = static_cast<char>('A' + count);
    if (indent != std::string_view::npos && indent + 1 < text.size() && text[indent] == letter &&
        (text[indent + 1] == ')' || text[indent + 1] == '.' || text[indent + 1] == ':'))
      ++count;
    const auto newline = problem.find('\n', line);
    if (newline == std::string_view::npos) break;
    line = newline + 1;
  }
  return count;
}

}  // namespace

OptionSet options_of(const CorpusItem& item) {
  if (!item.options.empty()) return {std::min(static_cast<int>(item.options.size()), kMostOptions), item.options};
  const int listed = options_in(item.problem);
  return {listed >= 2 ? listed : kDefaultOptions, {}};
}

std::optional<NamedOption> leading_option(std::string_view said, OptionSet options) {
  said = said.substr(0, kLookAhead);
  auto named = one_option(said, options);
  if (named) named->several = names_another(said.substr(named->end), *named, options);
  return named;
}

std::string_view first_clause(std::string_view said) {
  std::size_t end = said.size();
  for (const std::string_view rest : {", not ", " and not ", ", rather ", " rather than ", " instead of ", ", because ",
                                      " because ", ", since ", ", as ", ", which ", " (", "; "})
    end = std::min(end, said.find(rest));
  return said.substr(0, end);
}

std::optional<int> option_with_text(std::string_view text, OptionSet options) {
  std::size_t longest = 0;
  for (const auto& option : options.texts) longest = std::max(longest, option.size());
  // Case folding keeps the length and white space only shrinks; a text much longer than any option equals none.
  if (text.empty() || text.size() > 2 * longest + 64) return std::nullopt;
  const auto wanted = comparable(unwrapped(text), true);
  std::optional<int> found;
  for (std::size_t i = 0; i < options.texts.size(); ++i) {
    if (comparable(unwrapped(options.texts[i]), true) != wanted) continue;
    if (found) return std::nullopt;
    found = static_cast<int>(i);
  }
  return found;
}

}  // namespace ipw::replay
