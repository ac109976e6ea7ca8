#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/commands/terminal.hpp"

namespace ipw {

// A table for terminals and files: columns as wide as their widest cell, numbers right-aligned. Cells are UTF-8;
// control characters in them become spaces.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  // REQUIRES: as many cells as the header has.
  void add(std::vector<std::string> row);
  // Cells of exactly this text have this tone, where there are colours.
  void paint(std::string cell, Tone tone);
  // Without a width: whole, whatever it takes. In one, no line is wider: the last column is wrapped, the others are cut
  // with "…", the widest first.
  std::string text(const TerminalStyle& style = {}) const;

 private:
  using Row = std::vector<std::string>;
  std::vector<std::size_t> widths(const TerminalStyle& style) const;
  std::string line(const Row& cells, const std::vector<std::size_t>& widths, const TerminalStyle& style,
                   bool header) const;

  std::vector<Row> rows_;
  std::map<std::string, Tone> tones_;
};

// Three significant digits, with an SI-free plain notation: 0.00123, 12.3, 45600.
std::string figure(double value);
std::string percent(double ratio);  // 44.2 %

}  // namespace ipw
