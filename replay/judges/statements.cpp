#include "replay/judges/statements.hpp"

#include <algorithm>
#include <array>

#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

// "Answer" in the languages of the usual corpora, in lower case. ASCII words must end where the cue ends.
constexpr std::array<std::string_view, 34> kAnswerWords{
    "answer",   "ans",       "antwort", "antwoord", "lösung", "respuesta", "réponse", "reponse", "resposta",
    "risposta", "odpowiedź", "svar",    "svaret",   "jibu",   "jawaban",   "cevap",   "yanıt",   "đáp án",
    "Đáp án",   "ответ",     "Ответ",   "答案",     "答え",   "回答",      "答",      "正解",    "답변",
    "정답",     "답",        "উত্তর",    "సమాధానం",    "คำตอบ",  "उत्तर",      "الإجابة"};

// Words that may stand between the cue and its connector: "the answer to this question must therefore be".
constexpr std::array<std::string_view, 42> kBetween{
    "has",     "appears", "seems",    "indeed",   "đúng",     "yang",    "benar",    "choice", "option",
    "letter",  "number",  "key",      "to",       "for",      "this",    "the",      "these",  "question",
    "problem", "of",      "in",       "here",     "would",    "must",    "should",   "will",   "therefore",
    "thus",    "then",    "correct",  "correcta", "correcte", "correta", "corretta", "final",  "finale",
    "only",    "la",      "pregunta", "question", "value",    "also"};

constexpr std::array<std::string_view, 21> kConnectors{"är",  "er",     "là",    "adalah", "is",       "be",   "was",
                                                       "are", "equals", "ist",   "lautet", "est",      "es",   "é",
                                                       "è",   "ni",     "равен", "это",    "является", "será", "wäre"};

// Connectors that may be followed directly by the answer, without a space.
constexpr std::array<std::string_view, 17> kMarks{":",  "：", "=",  "→",  "⇒",  "—",  "–",  "- ", "是",
                                                  "为", "為", "は", "คือ", "은", "는", "হল", "है"};

constexpr std::size_t kWordsBetween = 6;
constexpr CharacterSet kMarkup(" \t*_`\"')]"), kLineMarkup(" \t*_#>-");

// The pairs of bytes with which a cue can begin, so that nearly all of a text is passed over by one look at a table.
constexpr std::size_t pair_of(char a, char b) {
  return static_cast<std::size_t>(static_cast<unsigned char>(a)) << 8 | static_cast<unsigned char>(b);
}
constexpr auto kFirstPairs = [] {
  std::array<std::uint64_t, 1024> bits{};
  const auto add = [&](char a, char b) { bits[pair_of(a, b) / 64] |= std::uint64_t{1} << pair_of(a, b) % 64; };
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  for (const std::string_view word : kAnswerWords)
    for (const char a : {word[0], upper(word[0])})
      for (const char b : {word[1], upper(word[1])}) add(a, b);
  for (const std::string_view other : {"bo", "##", "A:"}) add(other[0], other[1]);
  return bits;
}();
bool can_begin(char a, char b) {
  return (kFirstPairs[pair_of(a, b) / 64] >> pair_of(a, b) % 64 & 1) != 0;
}

// REQUIRES: text is not empty.
template <std::size_t N>
std::size_t longest_prefix(const std::array<std::string_view, N>& words, std::string_view text) {
  std::size_t longest = 0;
  for (const auto word : words)
    if (((word[0] ^ text[0]) & ~0x20) == 0 && word.size() > longest && begins_with(text, word)) longest = word.size();
  return longest;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::any_of(words,
                             [&](auto known) { return known.size() == word.size() && begins_with(word, known); });
}

std::size_t skip_markup(std::string_view text, std::size_t at) {
  while (at < text.size() && kMarkup.contains(text[at])) ++at;
  // "Answer (letter only):"
  if (at < text.size() && text[at] == '(')
    if (const auto close = text.substr(at, 24).find(')'); close != std::string_view::npos)
      return skip_markup(text, at + close + 1);
  return at;
}

std::string_view word_at(std::string_view text, std::size_t at) {
  auto end = at;
  while (end < text.size() && end - at < 24 && (is_letter(text[end]) || static_cast<unsigned char>(text[end]) >= 0x80))
    ++end;
  return text.substr(at, end - at);
}

// Whether nothing but Markdown stands on the line before `at`: the cue is a heading or a label.
bool begins_line(std::string_view text, std::size_t at) {
  std::size_t back = 0;
  while (at > 0 && back < 12 && kLineMarkup.contains(text[at - 1])) --at, ++back;
  return at == 0 || text[at - 1] == '\n';
}

bool follows_final(std::string_view text, std::size_t at) {
  constexpr std::string_view kFinal = "final";
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '*')) --at;
  return at >= kFinal.size() && begins_with(text.substr(at - kFinal.size()), kFinal);
}

// Whether the word at `at` ends the name of a tag such as <answer> or <final_answer>.
bool is_opening_tag(std::string_view text, std::size_t at) {
  for (std::size_t back = 0; at > 0 && back < 12 && (is_word(text[at - 1]) || text[at - 1] == '-'); ++back) --at;
  return at > 0 && text[at - 1] == '<';
}

struct Connected {
  std::size_t said;
  bool final_answer;
};

// Where the answer begins after the cue that ends at `at`, if a connector follows it.
std::optional<Connected> connector(std::string_view text, std::size_t at, bool heading) {
  bool final_answer = false;
  for (std::size_t words = 0; words <= kWordsBetween; ++words) {
    at = skip_markup(text, at);
    if (at == text.size()) return std::nullopt;
    if (text[at] == '\n' && heading && words == 0) return Connected{at, final_answer};
    if (const auto mark = longest_prefix(kMarks, text.substr(at))) return Connected{at + mark, final_answer};
    const auto word = word_at(text, at);
    at += word.size();
    if (is_one_of(kConnectors, word)) {
      const auto after = skip_markup(text, at);
      const bool colon = after < text.size() && (text[after] == ':' || text[after] == '=');
      return Connected{colon ? after + 1 : at, final_answer};
    }
    if (!is_one_of(kBetween, word)) return std::nullopt;
    final_answer |= begins_with(word, "final");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Statements::Cue> Statements::cue_at(std::size_t at) const {
  const auto rest = text_.substr(at);
  if (rest[0] == 'b') return rest.starts_with("boxed{") ? std::optional(Cue{Anchor::boxed, at, at + 6}) : std::nullopt;
  if (rest[0] == '#' && rest.starts_with("####") && begins_line(text_, at)) return Cue{Anchor::marked, at, at + 4};
  const bool ascii = static_cast<unsigned char>(text_[at]) < 0x80;
  if (ascii && at > 0 && is_word(text_[at - 1]) && text_[at - 1] != '_') return std::nullopt;
  if (rest[0] == 'A' && rest[1] == ':' && begins_line(text_, at)) return Cue{Anchor::label, at, at + 2};

  const auto word = longest_prefix(kAnswerWords, rest);
  if (word == 0 || (ascii && word < rest.size() && is_letter(rest[word]))) return std::nullopt;
  if (word < rest.size() && rest[word] == '>') {
    if (!is_opening_tag(text_, at)) return std::nullopt;
    return Cue{Anchor::final_answer, at, at + word + 1};
  }
  const auto connected = connector(text_, at + word, begins_line(text_, at));
  if (!connected) return std::nullopt;
  const bool final_answer = connected->final_answer || follows_final(text_, at);
  return Cue{final_answer ? Anchor::final_answer : Anchor::answer, at, connected->said};
}

std::optional<Statements::Cue> Statements::find(std::size_t from) const {
  for (std::size_t at = from; at + 1 < text_.size(); ++at) {
    if (!can_begin(text_[at], text_[at + 1])) continue;
    // Only `boxed` may begin in the middle of a word.
    if (at > 0 && is_letter(text_[at]) && is_letter(text_[at - 1]) && text_[at] != 'b') continue;
    if (auto cue = cue_at(at)) return cue;
  }
  return std::nullopt;
}

std::optional<Statement> Statements::next() {
  if (!ahead_) return std::nullopt;
  const auto cue = *ahead_;
  ahead_ = find(cue.said);
  const auto limit = ahead_ ? ahead_->begin : text_.size();
  auto said = text_.substr(cue.said, limit - cue.said);
  if (const auto begin = said.find_first_not_of(" \t\r\n"); begin != std::string_view::npos)
    said.remove_prefix(begin);
  else
    said = {};
  said = said.substr(0, said.find('\n'));
  if (text_[cue.said - 1] == '>') said = said.substr(0, said.find("</"));
  const auto end = said.empty() ? cue.said : static_cast<std::size_t>(said.data() - text_.data()) + said.size();
  return Statement{cue.anchor, text_.substr(cue.begin, end - cue.begin), said};
}

}  // namespace ipw::replay
