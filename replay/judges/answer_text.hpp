#pragma once

#include <array>
#include <string>
#include <string_view>

// What every judge needs of a model's text before it looks for the answer. All functions take linear time, whatever the
// text, and none fails.

namespace ipw::replay {

// What `text` says outside its reasoning: without <think>, <thinking>, <reasoning>, <thought>, [THINK] and similar
// blocks, closed or not, and from the `final` channel only where channels are marked (<|channel|>final<|message|>).
// A closing tag without an opening one ends reasoning that began in the prompt. The view is of `text` where nothing had
// to be joined, else of `buffer`.
std::string_view outside_reasoning(std::string_view text, std::string& buffer);

// Without what surrounds an answer but is not part of it: white space, quotation marks, brackets around the whole,
// Markdown emphasis, and punctuation at the end. Where nothing else is left, `text` trimmed.
std::string_view unwrapped(std::string_view text);

// `text` as it is compared: each run of white space one space. With `fold_case` also in lower case, for ASCII, Latin-1,
// Latin Extended-A, Greek and Cyrillic letters; accents are kept, and composed and decomposed letters stay different.
std::string comparable(std::string_view text, bool fold_case);

// `part` of some text without the pieces of characters at its ends: what was cut by bytes can be shown to people.
std::string_view whole_characters(std::string_view part);

// From the beginning of `text` to the end of its first line that is not blank; without the blank lines before it.
std::string_view first_line(std::string_view text);
std::string_view last_line(std::string_view text);

// The beginning of `line` up to the first full stop, question or exclamation mark that ends a sentence.
std::string_view first_sentence(std::string_view line);

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_word(char c) {
  return is_digit(c) || is_letter(c) || c == '_';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Which characters belong to a set: one look at a table.
class CharacterSet {
 public:
  constexpr explicit CharacterSet(std::string_view characters) {
    for (const char c : characters) member_[static_cast<unsigned char>(c)] = true;
  }
  constexpr bool contains(char c) const { return member_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> member_{};
};

// Whether `text` begins with `word`, which is in lower case; ASCII letters of `text` may be in either.
constexpr bool begins_with(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (lower(text[i]) != word[i]) return false;
  return true;
}

}  // namespace ipw::replay
