#include "exporter/commands/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

#include "base/text.hpp"

namespace ipw {
namespace {

constexpr std::size_t kNarrowest = 20;  // of less, nothing can be read

struct Range {
  std::uint32_t first, last;
};
// Unicode: East Asian wide and fullwidth, and emoji; joiners and combining marks. The common ranges.
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
                           {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
                           {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
constexpr Range kNone[] = {{0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};

bool within(std::uint32_t point, std::span<const Range> ranges) {
  return std::ranges::any_of(ranges, [&](Range range) { return range.first <= point && point <= range.last; });
}

// The character at the beginning of valid UTF-8: its code point and its bytes. REQUIRES: not empty.
std::pair<std::uint32_t, std::size_t> character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t point = bytes == 1 ? first : first & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < std::min(bytes, text.size()); ++i)
    point = point << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return {point, std::min(bytes, text.size())};
}

std::size_t columns_of_character(std::uint32_t point) {
  if (within(point, kNone)) return 0;
  return within(point, kWide) ? 2 : 1;
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<std::size_t> width_of(int descriptor) {
  const auto columns = variable("COLUMNS");
  std::size_t width = 0;
  if (std::from_chars(columns.data(), columns.data() + columns.size(), width).ec != std::errc() || width == 0) {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
    width = size.ws_col;
  }
  return std::max(width, kNarrowest);
}

}  // namespace

TerminalStyle terminal_style(int descriptor) {
  if (::isatty(descriptor) != 1) return {};
  const bool dumb = variable("TERM") == "dumb";
  return {.width = width_of(descriptor), .colours = !dumb && variable("NO_COLOR").empty(), .terminal = !dumb};
}

std::string toned(std::string_view text, Tone tone) {
  constexpr std::string_view kCodes[] = {"", "1", "32", "31", "2"};
  if (tone == Tone::plain || text.empty()) return std::string(text);
  return "\x1b[" + std::string(kCodes[static_cast<std::size_t>(tone)]) + "m" + std::string(text) + "\x1b[0m";
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto [point, bytes] = character(text);
    columns += columns_of_character(point);
    text.remove_prefix(bytes);
  }
  return columns;
}

std::string fitted(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t used = 0, end = 0;
  while (end < text.size()) {
    const auto [point, bytes] = character(text.substr(end));
    if (used + columns_of_character(point) > columns - 1) break;
    used += columns_of_character(point);
    end += bytes;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string printable(std::string_view text) {
  const auto valid = valid_utf8(text);
  std::string safe;
  for (std::size_t i = 0; i < valid.size();) {
    const auto [point, bytes] = character(std::string_view(valid).substr(i));
    if (point < 0x20 || (point >= 0x7f && point < 0xa0))
      safe += ' ';
    else
      safe += valid.substr(i, bytes);
    i += bytes;
  }
  return safe;
}

}  // namespace ipw
