#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ipw {

// How text is to look where it goes. Plain and as wide as it is, unless it goes to a terminal.
struct TerminalStyle {
  std::optional<std::size_t> width;  // columns that a line may have; nothing: as many as it wants
  bool colours{false};
  bool terminal{false};  // a line may be renewed in place
};

// Of a file descriptor. Colours only on a terminal, and not where NO_COLOR is set and not empty, or TERM is `dumb`; the
// width is COLUMNS, or else what the terminal says.
TerminalStyle terminal_style(int descriptor);

enum class Tone { plain, heading, good, bad, quiet };
// `text` in the colour of a tone; `text` itself where the tone is plain.
std::string toned(std::string_view text, Tone tone);

// Columns that UTF-8 text takes: wide characters (CJK, emoji) two, combining ones none.
std::size_t columns_of(std::string_view text);
// Its first characters that fit into so many columns, the last one "…" where some did not.
std::string fitted(std::string_view text, std::size_t columns);
// `text` without what would move a terminal's cursor or change its state: control characters become spaces.
std::string printable(std::string_view text);

}  // namespace ipw
