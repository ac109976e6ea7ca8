#include "replay/judges/number_script.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "replay/judges/answer_text.hpp"

namespace ipw::replay {
namespace {

// The code points of zero in scripts whose ten digits follow each other.
constexpr std::array<std::uint32_t, 17> kZeros{0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
                                               0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0xFF10};

// What a character that is not ASCII is among numbers, or 0 when it is nothing of theirs.
char ascii_of(std::uint32_t c) {
  switch (c) {
    case 0x066B:
      return kDecimalMark;  // Arabic decimal separator
    case 0x066C:
      return kGroupMark;  // Arabic thousands separator
    case 0x00A0:
    case 0x2009:
    case 0x202F:
      return kGroupMark;  // spaces that do not break
    case 0x2019:
      return '\'';
    case 0x2212:
    case 0x2013:
    case 0xFF0D:
      return '-';
    case 0x066A:
    case 0xFF05:
      return '%';
    case 0xFF0C:
      return ',';
    case 0xFF0E:
      return '.';
    case 0xFF04:
      return '$';
    default:
      break;
  }
  for (const auto zero : kZeros)
    if (c >= zero && c < zero + 10) return static_cast<char>('0' + (c - zero));
  return 0;
}

// The character of two or three bytes at the beginning of `text`, or 0; and its length.
std::uint32_t decode(std::string_view text, std::size_t& length) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  length = 1;
  if (byte(0) >= 0xC2 && byte(0) < 0xE0 && text.size() >= 2) {
    length = 2;
    return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  }
  if (byte(0) >= 0xE0 && byte(0) < 0xF0 && text.size() >= 3) {
    length = 3;
    return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  }
  return 0;
}

bool begins_with_digit(std::string_view text) {
  if (text.empty()) return false;
  std::size_t length = 1;
  return is_digit(text[0]) || is_digit(ascii_of(decode(text, length)));
}

// Languages that write 1.234,5 or 1 234,5.
constexpr std::array<std::string_view, 27> kDecimalComma{"de", "fr", "es", "ru", "pt", "it", "nl", "pl", "tr",
                                                         "uk", "cs", "sv", "da", "nb", "no", "fi", "id", "vi",
                                                         "ro", "hu", "bg", "el", "hr", "sr", "sk", "sl", "ca"};
constexpr std::array<std::string_view, 11> kSpaces{"fr", "es", "ru", "pl", "uk", "cs", "sv", "nb", "no", "fi", "bg"};

// Reads what the separators between digits show of a text's notation, one number after another.
struct Evidence {
  int point{0}, comma{0};  // numbers in which it certainly stands before decimals

  void read(std::string_view text) {
    for (std::size_t at = 0; at + 1 < text.size(); ++at) {
      if ((text[at] != '.' && text[at] != ',') || !is_digit(text[at + 1])) continue;
      const auto whole = digits_before(text, at), rest = digits_after(text, at + 1);
      if (whole == 0) continue;
      const auto after = at + 1 + rest;
      const char next = after + 1 < text.size() && is_digit(text[after + 1]) ? text[after] : ' ';
      const char previous = at > whole ? text[at - whole - 1] : ' ';
      const bool alone = next != '.' && next != ',' && previous != '.' && previous != ',';
      int& own = text[at] == '.' ? point : comma;
      int& other = text[at] == '.' ? comma : point;
      if (alone && rest != 3)
        ++own;
      else if (rest == 3 && (next == '.' || next == ','))
        ++other;  // 1.234.567 and 1.234,5
      else if (alone && whole <= 3 && text[at - whole] != '0' && text.substr(at + 1, 3) == "000")
        ++other;
    }
  }

 private:
  static std::size_t digits_before(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (count < at && count < 16 && is_digit(text[at - count - 1])) ++count;
    return count;
  }
  static std::size_t digits_after(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (at + count < text.size() && count < 16 && is_digit(text[at + count])) ++count;
    return count;
  }
};

}  // namespace

std::string_view with_ascii_numbers(std::string_view text, std::string& buffer) {
  if (std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return text;
  buffer.clear();
  buffer.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    const auto c = static_cast<unsigned char>(text[at]) < 0x80 ? 0 : decode(text.substr(at), length);
    const char ascii = c == 0 ? '\0' : ascii_of(c);
    // A space that does not break is part of a number only between digits.
    const bool joins = ascii != kGroupMark || c == 0x066C || begins_with_digit(text.substr(at + length));
    if (ascii != '\0')
      buffer += joins ? ascii : ' ';
    else
      buffer.append(text, at, length);
    at += length;
  }
  return buffer;
}

Notation Notation::of(std::string_view text, std::string_view language) {
  const auto code = language.substr(0, language.find_first_of("-_"));
  const auto in = [&](const auto& list) { return std::ranges::find(list, code) != list.end(); };
  Notation notation{in(kDecimalComma) ? ',' : '.', in(kSpaces)};
  // In English a comma before digits is so often a list that it proves nothing.
  if (notation.decimal == '.') return notation;
  Evidence seen;
  seen.read(text);
  if (seen.point > seen.comma) notation.decimal = '.';
  return notation;
}

}  // namespace ipw::replay
