#include "exporter/commands/markdown.hpp"

#include <cctype>
#include <string_view>

#include "base/text.hpp"

namespace ipw {
namespace {

std::string line_of(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const auto& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

unsigned char byte(char c) {
  return static_cast<unsigned char>(c);
}

std::vector<std::string> escaped(const std::vector<std::string>& cells) {
  std::vector<std::string> all;
  all.reserve(cells.size());
  for (const auto& cell : cells) all.push_back(markdown_escaped(cell));
  return all;
}

}  // namespace

MarkdownTable::MarkdownTable(const std::vector<std::string>& header)
    : text_(line_of(escaped(header)) + line_of(std::vector<std::string>(header.size(), "---"))) {}

void MarkdownTable::add(const std::vector<std::string>& row) {
  text_ += line_of(escaped(row));
}

std::string markdown_escaped(const std::string& text) {
  constexpr std::string_view kOwn = "\\`*[]<>#|";
  const auto valid = valid_utf8(text);
  const auto in_a_word = [&](std::size_t i) { return i < valid.size() && std::isalnum(byte(valid[i])) != 0; };
  std::string safe;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    const bool emphasis = c == '_' && !(i > 0 && in_a_word(i - 1) && in_a_word(i + 1));
    if (emphasis || kOwn.find(c) != std::string_view::npos) safe += '\\';
    safe += byte(c) < 0x20 ? ' ' : c;
  }
  return safe;
}

}  // namespace ipw
