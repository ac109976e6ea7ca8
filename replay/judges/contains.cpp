#include <algorithm>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "replay/judge.hpp"
#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

constexpr std::size_t kQuote = 60, kBefore = 20;

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

constexpr std::size_t kLongestCharacter = 4;

// The character whose first byte is text[at]; of invalid UTF-8, some number.
std::uint32_t character_at(std::string_view text, std::size_t at) {
  text = text.substr(at, kLongestCharacter);
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0xC0) return lead;
  std::uint32_t c = lead & (lead < 0xE0 ? 0x1Fu : lead < 0xF0 ? 0x0Fu : 0x07u);
  for (std::size_t i = 1; i < text.size() && continues_character(text[i]); ++i)
    c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return c;
}

std::uint32_t character_before(std::string_view text, std::size_t at) {
  const auto least = at - std::min(at, kLongestCharacter);
  for (--at; at > least && continues_character(text[at]);) --at;
  return character_at(text, at);
}

// Letters and digits of scripts that put spaces between words: beyond Indic scripts, only Latin and Greek again.
bool joins_word(std::uint32_t c) {
  if (c < 0x80) return is_word(static_cast<char>(c)) && c != '_';
  if (c == 0xD7 || c == 0xF7) return false;
  return (c >= 0xC0 && c < 0xE00 && c != 0x37E && c != 0x964 && c != 0x965 && (c < 0x60C || c > 0x61F)) ||
         (c >= 0x10A0 && c < 0x1100) || (c >= 0x1E00 && c < 0x2000);
}

// Whether a word, or a number such as 1,500 or 0.5, goes on across `at`.
bool is_inside_word(std::string_view text, std::size_t at) {
  if (at == 0 || at >= text.size()) return false;
  if (joins_word(character_before(text, at)) && joins_word(character_at(text, at))) return true;
  const auto joins_digits = [&](std::size_t i) {
    return i > 0 && i + 1 < text.size() && (text[i] == '.' || text[i] == ',') && is_digit(text[i - 1]) &&
           is_digit(text[i + 1]);
  };
  return joins_digits(at) || joins_digits(at - 1);
}

// Where `wanted` stands in `text` as whole words.
std::optional<std::size_t> find_words(std::string_view text, std::string_view wanted) {
  for (auto at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1))
    if (!is_inside_word(text, at) && !is_inside_word(text, at + wanted.size())) return at;
  return std::nullopt;
}

// A few words of `text` around what begins at `at`.
std::string quoted(std::string_view text, std::size_t at) {
  auto begin = at - std::min(at, kBefore);
  if (const auto space = text.find(' ', begin); begin > 0 && space < at) begin = space + 1;
  while (begin < at && continues_character(text[begin])) ++begin;
  return "`" + std::string(begin > 0 ? "…" : "") + shortened(text.substr(begin), kQuote) + "`";
}

// Looks for the corpus line's answer, or one of its `options`, in what the model says, as whole words. A denial
// ("not Paris") is not looked for.
class Contains final : public Judge {
 public:
  explicit Contains(bool case_sensitive) : fold_case_(!case_sensitive) {}

  Result<void> accepts(const CorpusItem& item) const override {
    if (auto ok = require_answer(item, "contains"); !ok) return ok;
    if (comparable(item.answer, false).empty()) return Error{Errc::invalid, item.place + ": `answer` is only space"};
    for (const auto& option : item.options)
      if (comparable(option, false).empty()) return Error{Errc::invalid, item.place + ": `options` has an empty text"};
    return {};
  }

  Verdict judge(const CorpusItem& item, std::string_view answer) const override {
    std::string buffer;
    const auto said = trim(outside_reasoning(answer, buffer));
    if (said.empty()) return {VerdictKind::unparsed, 0, "only reasoning"};
    const auto text = comparable(said, fold_case_);
    const auto find = [&](const std::string& wanted) {
      return find_words(text, comparable(unwrapped(wanted), fold_case_));
    };
    auto found = find(item.answer);
    for (auto option = item.options.begin(); !found && option != item.options.end(); ++option) found = find(*option);
    if (found) return {VerdictKind::correct, 1, quoted(text, *found)};
    return {VerdictKind::wrong, 0,
            "not in `" + shortened(said, kQuote) + "`, expected " + shortened(item.answer, kQuote)};
  }

 private:
  bool fold_case_;
};

}  // namespace

// `case_sensitive`: whether `paris` is not `Paris`.
Result<std::unique_ptr<Judge>> open_contains(Options& options) {
  const bool case_sensitive = options.flag("case_sensitive", false);
  if (auto ok = options.finish(); !ok) return ok.error();
  return std::make_unique<Contains>(case_sensitive);
}

}  // namespace ipw::replay
