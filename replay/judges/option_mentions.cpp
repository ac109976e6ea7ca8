#include "replay/judges/option_mentions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "replay/judges/answer_text.hpp"
#include "replay/judges/option_words.hpp"

namespace ipw::replay {
namespace {

// A sentence with one of these decides something.
constexpr std::array<std::string_view, 17> kDeciding{"option",   "choice", "answer",   "statement", "only", "left",
                                                     "guess",    "elimin", "correct",  "best",      "say",  "go with",
                                                     "response", "leaves", "suitable", "conclu",    "right"};
constexpr std::array<std::string_view, 10> kLeadsTo{"is", "be", "with",   "say",     "for",
                                                    "as", "s",  "leaves", "remains", "therefore"};
constexpr std::array<std::string_view, 5> kHedges{"could", "might", "may be", "cannot", "not be"};
// `Conclusion: C` on a line of its own.
constexpr std::array<std::string_view, 11> kLabels{"correct",  "conclusion", "solution",  "result",
                                                   "verdict",  "choice",     "selection", "pick",
                                                   "decision", "response",   "guess"};
constexpr std::array<std::string_view, 12> kConclude{"so",   "therefore", "thus", "hence", "consequently", "it", "that",
                                                     "must", "be",        "is",   "s",     "leaves"};
constexpr std::size_t kLongestLetterLine = 16, kLongestLine = 200, kSentence = 400;

bool is_only_letter(std::string_view line, const NamedOption& named) {
  return line.substr(std::min(named.end, line.size())).find_first_not_of(" .):*_`$]}\\\"'") == std::string_view::npos;
}

// Without a check mark, a pointing finger or a bullet before it.
std::string_view without_bullet(std::string_view line) {
  while (!line.empty()) {
    const auto lead = static_cast<unsigned char>(line[0]);
    const std::size_t size = lead == 0xE2 || lead == 0xEF ? 3 : lead == 0xF0 ? 4 : 0;
    if (size != 0)
      line.remove_prefix(std::min(size, line.size()));
    else if (line[0] == ' ' || line.starts_with("- ") || line.starts_with("> "))
      line.remove_prefix(1);
    else
      break;
  }
  return line;
}

// `C) Paris`: a letter, and then the text of that option.
std::optional<Mention> lettered_text(std::string_view line, OptionSet options) {
  line = without_bullet(line);
  const auto named = leading_option(line, options);
  if (!named || named->several || static_cast<std::size_t>(named->index) >= options.texts.size()) return std::nullopt;
  const std::string_view option = options.texts[static_cast<std::size_t>(named->index)];
  if (line.size() > 2 * option.size() + 64) return std::nullopt;
  auto text = line.substr(std::min(named->end, line.size()));
  text.remove_prefix(std::min(text.find_first_not_of(".):*-–— \t"), text.size()));
  if (comparable(unwrapped(text), true) != comparable(unwrapped(option), true)) return std::nullopt;
  return Mention{named->index, line};
}

// `Conclusion: C`, `**Correct:** C) Paris`
std::optional<Mention> labelled(std::string_view line, OptionSet options) {
  const auto colon = line.substr(0, 32).find(':');
  if (colon == std::string_view::npos || !is_one_of(kLabels, word_before(line, colon))) return std::nullopt;
  if (line.substr(0, colon).find("not ") != std::string_view::npos) return std::nullopt;
  auto said = line.substr(colon + 1);
  said.remove_prefix(std::min(said.find_first_not_of(" *_"), said.size()));
  const auto named = leading_option(said, options);
  if (named && !named->several && is_only_letter(said, *named)) return Mention{named->index, line};
  return lettered_text(said, options);
}

// Whether `line` begins like an entry of a list of options: `B. …`, `(B) …`.
std::optional<int> entry_of(std::string_view line) {
  const auto at = line.find_first_not_of(" *(");
  if (at == std::string_view::npos || at + 1 >= line.size() || line[at] < 'A' || line[at] > 'Z') return std::nullopt;
  if (line[at + 1] != '.' && line[at + 1] != ')' && line[at + 1] != ':') return std::nullopt;
  return line[at] - 'A';
}

struct Lines {
  Seen letters, labelled, entries;
  int entry{-2}, entry_before{-2};  // the last two entries of lists of options
  // A lettered line behind a list, which does not carry the list on.
  bool concludes() const { return entry != entry_before + 1; }
};

Lines lines_of(std::string_view text, OptionSet options) {
  Lines lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (end == begin) {
      ++begin;
      continue;
    }
    const auto start = text.substr(begin, std::min(end - begin, kLongestLine));
    if (const auto line = without_bullet(trim(start)); !line.empty() && end - begin <= kLongestLetterLine) {
      const auto named = leading_option(line, options);
      if (named && !named->several && is_only_letter(line, *named)) lines.letters.add({named->index, line});
    }
    if (const auto entry = entry_of(start)) {
      lines.entries.add({*entry, {}});
      lines.entry_before = std::exchange(lines.entry, *entry);
    }
    if (end - begin < kLongestLine)
      if (const auto mention = labelled(trim(start), options)) lines.labelled.add(*mention);
    begin = end + 1;
  }
  return lines;
}

std::optional<Mention> from_lines(std::string_view text, OptionSet options) {
  auto lines = lines_of(text, options);
  if (lines.labelled.last) return lines.labelled.last;
  if (!lines.entries.unanimous)  // a list of the options, repeated
    return lines.concludes() ? lettered_text(last_line(text), options) : std::nullopt;
  auto& seen = lines.letters;
  for (const auto line : {first_line(text), last_line(text)})
    if (const auto mention = lettered_text(line, options)) seen.add(*mention);
  return seen.unanimous ? seen.last : std::nullopt;
}

// "By elimination, C", "The only statement that holds is C"; "Only C satisfies both".
std::optional<Mention> decided(std::string_view body, OptionSet options) {
  const auto option = [&](std::size_t at) { return at < body.size() ? body[at] - 'A' : -1; };
  const auto is_option = [&](std::size_t at) { return option(at) >= 0 && option(at) < options.count; };
  std::size_t at = 0;
  if (begins_with(word_after(body, at), "only") && is_option(at + 1)) {
    const auto letter = ++at;
    const auto verb = body.substr(++at).starts_with(' ') ? word_after(body, at) : std::string_view{};
    if (verb.size() > 1 && verb.ends_with('s')) return Mention{option(letter), body};
  }
  if (body.size() < 3 || !is_option(body.size() - 1) ||
      std::string_view(" *_`\"").find(body[body.size() - 2]) == std::string_view::npos)
    return std::nullopt;
  const auto before = word_before(body, body.size() - 1);
  if (!before.empty() && !is_one_of(kLeadsTo, before)) return std::nullopt;
  if (std::ranges::any_of(kHedges, [&](auto word) { return body.find(word) != std::string_view::npos; }))
    return std::nullopt;
  if (std::ranges::none_of(kDeciding, [&](auto word) { return body.find(word) != std::string_view::npos; }))
    return std::nullopt;
  return Mention{option(body.size() - 1), body};
}

// "So B." or "The only one that fits is (E)."
std::optional<Mention> from_ending(std::string_view text, OptionSet options) {
  text = trim(text);
  auto sentence = last_line(text.substr(text.size() - std::min(text.size(), 2 * kSentence)));
  if (sentence.size() > kSentence) sentence.remove_prefix(sentence.size() - kSentence);
  auto body = sentence.substr(0, sentence.find_last_not_of(" .!*$") + 1);
  if (const auto stop = body.rfind(". "); stop != std::string_view::npos) sentence = body = body.substr(stop + 2);

  const auto seen = phrases_of(body, options).mentioned;
  if (body.ends_with(')') && seen.last && seen.unanimous && body.size() > 3 && body[body.size() - 3] == '(' &&
      seen.last->index == body[body.size() - 2] - 'A')
    return Mention{seen.last->index, sentence};

  if (auto mention = decided(body, options)) return mention;

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
  const auto all = phrases_of(text, options);
  if (all.chosen.last) return all.chosen.last;
  if (auto mention = from_lines(text, options)) return mention;
  const auto tail = text.substr(ending);
  if (auto mention = from_ending(tail, options)) return mention;
  const auto mentioned = ending == 0 ? all.mentioned : phrases_of(tail, options).mentioned;
  return mentioned.unanimous ? mentioned.last : std::nullopt;
}

}  // namespace ipw::replay
