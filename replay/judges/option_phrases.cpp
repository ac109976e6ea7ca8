#include "replay/judges/option_phrases.hpp"

#include <array>
#include <cstdint>

#include "replay/judges/option_words.hpp"

namespace ipw::replay {
namespace {

constexpr std::array<std::string_view, 5> kNouns{"option", "choice", "alternative", "letter", "antwort"};
// Nouns that name an option only where they are praised: "the correct statement is C".
constexpr std::array<std::string_view, 8> kPraisedNouns{"response", "statement", "guess",      "pick",
                                                        "solution", "selection", "conclusion", "one"};
constexpr std::array<std::string_view, 3> kChoose{"choose", "select", "pick"};
struct PhrasalVerb {
  std::string_view verb, particle;
};
constexpr std::array<PhrasalVerb, 6> kPhrasalVerbs{
    {{"go", "with"}, {"going", "with"}, {"went", "with"}, {"left", "with"}, {"opt", "for"}, {"settle", "on"}}};
// "I would say C", but not "say C is a matrix".
constexpr std::array<std::string_view, 5> kBeforeSay{"would", "d", "ll", "must", "should"};
constexpr std::array<std::string_view, 17> kDenyBefore{
    "not",      "out",    "eliminate", "exclude",     "than",      "nor",       "neither",    "reject",    "eliminates",
    "excludes", "cannot", "discard",   "eliminating", "excluding", "rejecting", "discarding", "eliminated"};
constexpr std::array<std::string_view, 9> kPraiseBefore{"correct",  "right",  "best",    "suitable", "appropriate",
                                                        "accurate", "likely", "logical", "my"};
// Between such a noun and the letter: "the right choice would be C".
constexpr std::array<std::string_view, 12> kLinks{"is",    "be",      "was",       "would",  "must", "should",
                                                  "seems", "appears", "therefore", "indeed", "has",  "to"};
// What may stand before a letter that its own verb praises: "so C is the best one".
constexpr std::array<std::string_view, 11> kBeforeLetter{"so",  "therefore", "thus",     "hence", "that",   "think",
                                                         "but", "believe",   "conclude", "then",  "clearly"};
constexpr std::array<std::string_view, 4> kOfAll{"only", "most", "single", "one"};
constexpr std::array<std::string_view, 10> kBest{"correct",  "right",  "best",      "suitable", "appropriate",
                                                 "accurate", "likely", "plausible", "logical",  "answer"};
constexpr std::array<std::string_view, 6> kAnswers{"answer", "option", "choice", "one", "response", "alternative"};
constexpr std::array<std::string_view, 8> kVerbs{"is", "are", "was", "must", "be", "would", "seems", "therefore"};
constexpr std::array<std::string_view, 6> kPraise{"correct", "right", "the", "best", "true", "our"};
constexpr std::array<std::string_view, 9> kDeny{"not",  "incorrect", "wrong",  "false",     "ruled",
                                                "also", "invalid",   "untrue", "eliminated"};

// The pairs of letters, in any case, with which a word can begin that worded() knows.
constexpr std::size_t low_bits(char c) {
  return static_cast<unsigned char>(c) & 31U;
}
constexpr auto kFirstPairs = [] {
  std::array<std::uint32_t, 32> pairs{};
  const auto add = [&](std::string_view word) { pairs[low_bits(word[0])] |= 1U << low_bits(word[1]); };
  for (const auto word : kNouns) add(word);
  for (const auto word : kPraisedNouns) add(word);
  for (const auto word : kChoose) add(word);
  for (const auto& phrase : kPhrasalVerbs) add(phrase.verb);
  for (const std::string_view word : {"say", "it"}) add(word);
  return pairs;
}();

enum class Said { nothing, praised, denied };
Said said_after(std::string_view text, std::size_t at) {
  auto word = word_after(text, at);
  if (!is_one_of(kVerbs, word)) return Said::nothing;
  for (int i = 0; i < 3 && is_one_of(kVerbs, word); ++i) word = word_after(text, at);
  if (is_one_of(kDeny, word)) return Said::denied;
  if (begins_with(word, "the") || begins_with(word, "our")) {
    word = word_after(text, at);
    return is_one_of(kPraise, word) || begins_with(word, "answer") || begins_with(word, "closest") ? Said::praised
                                                                                                   : Said::nothing;
  }
  return is_one_of(kPraise, word) ? Said::praised : Said::nothing;
}

class Mentions {
 public:
  Mentions(std::string_view text, OptionSet options) : text_(text), options_(options) {
    bool in_word = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char c = text[at];
      if (is_letter(c)) {
        if (!in_word) word(at);
        in_word = true;
        continue;
      }
      in_word = is_word(c);
      if (c == '(' || c == '*')
        wrapped(at);
      else if (c == '\xE9')
        chinese(at);
    }
  }
  Phrases found() const { return {chosen_, mentioned_}; }

 private:
  void word(std::size_t at) {
    const char next = at + 1 < text_.size() ? text_[at + 1] : ' ';
    if (next == ' ')
      bare(at);
    else if (is_letter(next) && (kFirstPairs[low_bits(text_[at])] >> low_bits(next) & 1U) != 0)
      worded(at);
  }

  // `(C)` or `**C**`
  void wrapped(std::size_t at) {
    const auto rest = text_.substr(at, 5);
    const std::size_t mark = rest[0] == '(' ? 1 : 2;
    const std::string_view open = mark == 1 ? "(" : "**", close = mark == 1 ? ")" : "**";
    // P(A) applies something to A.
    if (mark == 1 && at > 0 && is_word(text_[at - 1])) return;
    if (!rest.starts_with(open) || rest.size() < 2 * mark + 1 || rest.substr(mark + 1, mark) != close) return;
    const int index = rest[mark] - 'A';
    if (index >= 0 && index < options_.count) add(index, at, at + 2 * mark + 1);
  }

  // "option C", "the best choice is: C"; "I choose C", "I'd go with C"; "it is C"
  void worded(std::size_t at) {
    std::size_t end = at;
    const auto word = word_after(text_, end);
    const bool noun = is_one_of(kNouns, word),
               praised_noun = !is_one_of(kChoose, word) && is_one_of(kPraisedNouns, word);
    const bool verb = !noun && !praised_noun && chooses(word, at, end);
    const bool pronoun = !verb && (word == "it" || word == "It") && is_copula(end);
    if (!noun && !praised_noun && !verb && !pronoun) return;
    const auto ahead = text_.find_first_not_of(" *_(`$:\"'[{", end);
    if (ahead == std::string_view::npos || ahead > end + 8) return;
    const bool connected = !pronoun && skip_links(end);
    if (!connected && is_letter(text_[ahead]) && ahead + 1 < text_.size() && is_letter(text_[ahead + 1]) && !verb)
      return;
    const auto named = leading_option(text_.substr(std::min(end, text_.size())), options_);
    if (!named || named->several) return;
    // "options C" or "choice of A" name nothing; a bare letter after a verb or a connector must end its clause.
    const auto after = end + named->end;
    if (!named->wrapped && (connected || !noun) && !ends_clause(after)) return;
    const bool praised = connected && is_one_of(kPraiseBefore, word_before(text_, at));
    if (praised_noun && !praised) return;
    add(named->index, at, after);
    if (verb || praised) chosen_.add({named->index, quoted(at, after)});
  }

  // Whether `word`, which ends at `end`, says that something is chosen; moves `end` behind its particle.
  bool chooses(std::string_view word, std::size_t at, std::size_t& end) const {
    if (is_one_of(kChoose, word)) return true;
    if (word == "say") {
      const auto before = word_before(text_, at);
      return is_one_of(kBeforeSay, before);
    }
    for (const auto& [verb, particle] : kPhrasalVerbs) {
      auto next = end;
      if (word != verb || word_after(text_, next) != particle) continue;
      end = next;
      return true;
    }
    return false;
  }

  // " is" or "'s" at `end`.
  bool is_copula(std::size_t& end) const {
    for (const std::string_view copula : {"'s ", "’s ", " is "})
      if (text_.substr(end).starts_with(copula)) {
        end += copula.size();
        return true;
      }
    return false;
  }

  // Moves `end` behind "is", "would be", "has to be".
  bool skip_links(std::size_t& end) const {
    auto next = end;
    bool linked = false;
    for (auto word = word_after(text_, next); is_one_of(kLinks, word); word = word_after(text_, next)) {
      if (word != "is" && word != "be" && word != "was" && word != "indeed" && word != "therefore") continue;
      linked = true;
      end = next;
    }
    return linked;
  }

  bool ends_clause(std::size_t after) const {
    if (after >= text_.size() || std::string_view(".,;:!\n").find(text_[after]) != std::string_view::npos) return true;
    const auto word = word_after(text_, after);
    return word == "because" || word == "since";
  }

  // "So C is the correct answer.", "C is correct."
  void bare(std::size_t at) {
    const int index = text_[at] - 'A';
    if (index < 0 || index >= options_.count || !text_.substr(at + 1).starts_with(" is ")) return;
    const auto before = word_before(text_, at);
    if (!before.empty() && !is_one_of(kBeforeLetter, before)) return;
    auto end = at + 4;
    auto word = word_after(text_, end);
    const bool article = word == "the";
    if (article) word = word_after(text_, end);
    if (article && is_one_of(kOfAll, word)) word = word_after(text_, end);
    if (!is_one_of(kBest, word) || (!article && word != "correct")) return;
    const auto praised = end;
    const bool named = is_one_of(kAnswers, word) || is_one_of(kAnswers, word_after(text_, end));
    // "I is correct" may speak of the first of several statements.
    if (!named && (text_[at] == 'I' || !ends_clause(praised))) return;
    chosen_.add({index, quoted(at, at + 1)});
    mentioned_.add({index, quoted(at, at + 1)});
  }

  // 选C, 选择（C）
  void chinese(std::size_t at) {
    const auto rest = text_.substr(at);
    for (const std::string_view verb : {"选择", "選択", "选", "選"}) {
      if (!rest.starts_with(verb)) continue;
      const auto named = leading_option(rest.substr(verb.size()), options_);
      if (named && !named->several && (at < 3 || text_.substr(at - 3, 3) != "不"))
        chosen_.add({named->index, quoted(at, at + verb.size() + named->end)});
      return;
    }
  }

  void add(int index, std::size_t begin, std::size_t end) {
    const auto before = word_before(text_, begin);
    const auto after = said_after(text_, end);
    if (after == Said::denied || is_one_of(kDenyBefore, before)) return;
    const Mention mention{index, quoted(begin, end)};
    if (after == Said::praised) chosen_.add(mention);
    mentioned_.add(mention);
  }

  std::string_view quoted(std::size_t begin, std::size_t end) const { return text_.substr(begin, end - begin + 24); }

  std::string_view text_;
  OptionSet options_;
  Seen chosen_, mentioned_;
};

}  // namespace

Phrases phrases_of(std::string_view text, OptionSet options) {
  return Mentions(text, options).found();
}

}  // namespace ipw::replay
