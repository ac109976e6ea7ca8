#include "replay/judges/option_mentions.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

constexpr std::array<std::string_view, 4> kNouns{"option", "choice", "alternative", "letter"};
constexpr std::array<std::string_view, 3> kChoose{"choose", "select", "pick"};
constexpr std::array<std::string_view, 12> kDenyBefore{"not",        "out",      "eliminate", "exclude",
                                                       "than",       "nor",      "neither",   "reject",
                                                       "eliminates", "excludes", "cannot",    "discard"};
constexpr std::array<std::string_view, 3> kPraiseBefore{"correct", "right", "best"};
constexpr std::array<std::string_view, 8> kVerbs{"is", "are", "was", "must", "be", "would", "seems", "therefore"};
constexpr std::array<std::string_view, 6> kPraise{"correct", "right", "the", "best", "true", "our"};
constexpr std::array<std::string_view, 9> kDeny{"not",  "incorrect", "wrong",  "false",     "ruled",
                                                "also", "invalid",   "untrue", "eliminated"};
constexpr std::array<std::string_view, 12> kConclude{"so",   "therefore", "thus", "hence", "consequently", "it", "that",
                                                     "must", "be",        "is",   "s",     "leaves"};
constexpr std::size_t kLongestLetterLine = 16, kSentence = 400;

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::any_of(words,
                             [&](auto known) { return known.size() == word.size() && begins_with(word, known); });
}

std::string_view word_before(std::string_view text, std::size_t at) {
  for (int i = 0; i < 6 && at > 0 && std::string_view(" *_(`$").find(text[at - 1]) != std::string_view::npos; ++i) --at;
  auto begin = at;
  while (begin > 0 && at - begin < 14 &&
         (is_letter(text[begin - 1]) || static_cast<unsigned char>(text[begin - 1]) >= 0x80))
    --begin;
  return text.substr(begin, at - begin);
}

std::string_view word_after(std::string_view text, std::size_t& at) {
  while (at < text.size() && std::string_view(" *_)`$").find(text[at]) != std::string_view::npos) ++at;
  const auto begin = at;
  while (at < text.size() && at - begin < 14 && is_letter(text[at])) ++at;
  return text.substr(begin, at - begin);
}

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

// The options seen under one sign.
struct Seen {
  std::optional<Mention> last;
  bool unanimous{true};
  void add(Mention mention) {
    unanimous &= !last || last->index == mention.index;
    last = mention;
  }
};

class Mentions {
 public:
  Mentions(std::string_view text, OptionSet options) : text_(text), options_(options) {
    for (std::size_t at = 0; at < text.size(); ++at)
      if (const char c = lower(text[at]); c == '(' || c == '*')
        wrapped(at);
      else if ((c == 'o' || c == 'c' || c == 'a' || c == 'l' || c == 's' || c == 'p') &&
               (at == 0 || !is_word(text[at - 1])))
        worded(at);
  }
  const Seen& chosen() const { return chosen_; }
  const Seen& mentioned() const { return mentioned_; }

 private:
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

  // "option C", "the best choice is: C"; "I choose C"
  void worded(std::size_t at) {
    std::size_t end = at;
    const auto word = word_after(text_, end);
    const bool noun = is_one_of(kNouns, word);
    if (!noun && !is_one_of(kChoose, word)) return;
    const auto ahead = text_.find_first_not_of(" *_(`$:\"'[{", end);
    if (ahead == std::string_view::npos || ahead > end + 8) return;
    auto next = end;
    const bool connected = begins_with(word_after(text_, next), "is");
    if (connected)
      end = next;
    else if (is_letter(text_[ahead]) && ahead + 1 < text_.size() && is_letter(text_[ahead + 1]))
      return;
    const auto named = leading_option(text_.substr(std::min(end, text_.size())), options_);
    if (!named || named->several) return;
    // "options C" or "choice of A" name nothing; a bare letter after a verb or a connector must end its clause.
    const auto after = end + named->end;
    const bool ends = after >= text_.size() || std::string_view(".,;:!\n").find(text_[after]) != std::string_view::npos;
    if (!named->wrapped && (connected || !noun) && !ends) return;
    add(named->index, at, after);
    const bool praised = is_one_of(kPraiseBefore, word_before(text_, at));
    if (!noun || (connected && praised)) chosen_.add({named->index, quoted(at, after)});
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

bool is_only_letter(std::string_view line, const NamedOption& named) {
  return line.substr(std::min(named.end, line.size())).find_first_not_of(" .):*_`$]}\\\"'") == std::string_view::npos;
}

// `C) Paris`: a letter, and then the text of that option.
std::optional<Mention> lettered_text(std::string_view line, OptionSet options) {
  const auto named = leading_option(line, options);
  if (!named || named->several || static_cast<std::size_t>(named->index) >= options.texts.size()) return std::nullopt;
  const std::string_view option = options.texts[static_cast<std::size_t>(named->index)];
  if (line.size() > 2 * option.size() + 64) return std::nullopt;
  auto text = line.substr(std::min(named->end, line.size()));
  text.remove_prefix(std::min(text.find_first_not_of(".):*-–— \t"), text.size()));
  if (comparable(unwrapped(text), true) != comparable(unwrapped(option), true)) return std::nullopt;
  return Mention{named->index, line};
}

// Whether `line` begins like an entry of a list of options: `B. …`, `(B) …`.
std::optional<int> entry_of(std::string_view line) {
  const auto at = line.find_first_not_of(" *(");
  if (at == std::string_view::npos || at + 1 >= line.size() || line[at] < 'A' || line[at] > 'Z') return std::nullopt;
  if (line[at + 1] != '.' && line[at + 1] != ')' && line[at + 1] != ':') return std::nullopt;
  return line[at] - 'A';
}

std::optional<Mention> from_lines(std::string_view text, OptionSet options) {
  Seen seen, entries;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (end == begin) {
      ++begin;
      continue;
    }
    if (const auto line = trim(text.substr(begin, std::min(end - begin, kLongestLetterLine + 1)));
        !line.empty() && end - begin <= kLongestLetterLine) {
      const auto named = leading_option(line, options);
      if (named && !named->several && is_only_letter(line, *named)) seen.add({named->index, line});
    }
    if (const auto entry = entry_of(text.substr(begin, std::min(end - begin, kLongestLetterLine))))
      entries.add({*entry, {}});
    begin = end + 1;
  }
  if (!entries.unanimous) return std::nullopt;  // a list of the options, repeated
  for (const auto line : {first_line(text), last_line(text)})
    if (const auto mention = lettered_text(line, options)) seen.add(*mention);
  return seen.unanimous ? seen.last : std::nullopt;
}

// "So B." or "The only one that fits is (E)."
std::optional<Mention> from_ending(std::string_view text, OptionSet options) {
  auto sentence = last_line(text);
  if (sentence.size() > kSentence) sentence.remove_prefix(sentence.size() - kSentence);
  auto body = sentence.substr(0, sentence.find_last_not_of(" .!*$") + 1);
  if (const auto stop = body.rfind(". "); stop != std::string_view::npos) sentence = body = body.substr(stop + 2);

  const Mentions mentions(body, options);
  const auto& seen = mentions.mentioned();
  if (body.ends_with(')') && seen.last && seen.unanimous && body.size() > 3 && body[body.size() - 3] == '(' &&
      seen.last->index == body[body.size() - 2] - 'A')
    return Mention{seen.last->index, sentence};

  std::size_t at = 0, begin = 0;
  for (auto word = word_after(body, at); is_one_of(kConclude, word); word = word_after(body, at)) {
    while (at < body.size() && (body[at] == ',' || body[at] == '\'')) ++at;
    begin = at;
  }
  if (begin == 0) return std::nullopt;
  const auto named = leading_option(body.substr(begin), options);
  if (!named || named->several || !is_only_letter(body.substr(begin), *named)) return std::nullopt;
  return Mention{named->index, sentence};
}

}  // namespace

std::optional<Mention> settled_option(std::string_view text, std::size_t ending, OptionSet options) {
  const Mentions all(text, options);
  if (all.chosen().last) return all.chosen().last;
  if (auto mention = from_lines(text, options)) return mention;
  const auto tail = text.substr(ending);
  if (auto mention = from_ending(tail, options)) return mention;
  const auto mentioned = ending == 0 ? all.mentioned() : Mentions(tail, options).mentioned();
  return mentioned.unanimous ? mentioned.last : std::nullopt;
}

}  // namespace ipw::replay
