#pragma once

#include <string>
#include <string_view>

namespace ipw::replay {

// Separators that mean one thing in every language (Arabic's own, spaces that do not break), in with_ascii_numbers().
constexpr char kDecimalMark = '\x1e', kGroupMark = '\x1f';

// Which of `.` and `,` (and the space) a text puts before decimals and between thousands, where the shape of a number
// leaves it open: 2.125 or 2,125.
struct Notation {
  char decimal{'.'};
  bool spaces{false};  // 2 125 is one number

  // What the text's own unambiguous numbers say; where they say nothing, the habit of `language` (a code such as `de`
  // or `pt-BR`; "" and unknown ones count as English).
  static Notation of(std::string_view text, std::string_view language);
};

// `text` with the digits of every script, signs and separators of numbers in ASCII, so that number_text.hpp sees
// them. A view of `text` where nothing was to be done, else of `buffer`. Linear time.
std::string_view with_ascii_numbers(std::string_view text, std::string& buffer);

}  // namespace ipw::replay
