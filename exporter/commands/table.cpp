#include "exporter/commands/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ipw {
namespace {

constexpr std::size_t kGap = 2;         // between columns
constexpr std::size_t kLeast = 4;       // columns that a cut cell keeps, where there is room
constexpr std::size_t kWrappable = 16;  // a narrower last column is cut, not wrapped

bool is_number(const std::string& cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.,-+e% ") == std::string::npos;
}

std::size_t sum_of(const std::vector<std::size_t>& widths) {
  std::size_t sum = kGap * (widths.size() - 1);
  for (const auto width : widths) sum += width;
  return sum;
}

// Takes from the widest columns until all fit, and from none more than leaves it `least`.
void shrink(std::vector<std::size_t>& widths, std::size_t room, std::size_t least) {
  for (auto sum = sum_of(widths); sum > room; --sum) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= least) return;
    --*widest;
  }
}

// Lines of at most so many columns, broken between words where that can be.
std::vector<std::string> wrapped(const std::string& cell, std::size_t columns) {
  std::vector<std::string> lines{""};
  std::string word;
  const auto place = [&] {
    auto& line = lines.back();
    if (!line.empty() && columns_of(line) + 1 + columns_of(word) > columns) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + fitted(word, columns);
    word.clear();
  };
  for (const char c : cell) {
    if (c != ' ')
      word += c;
    else if (!word.empty())
      place();
  }
  if (!word.empty()) place();
  return lines;
}

}  // namespace

Table::Table(std::vector<std::string> header) {
  add(std::move(header));
}

void Table::add(std::vector<std::string> row) {
  for (auto& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

void Table::paint(std::string cell, Tone tone) {
  tones_[std::move(cell)] = tone;
}

std::vector<std::size_t> Table::widths(const TerminalStyle& style) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  if (!style.width) return widths;
  shrink(widths, *style.width, kLeast);
  shrink(widths, *style.width, 1);
  return widths;
}

std::string Table::text(const TerminalStyle& style) const {
  const auto columns = widths(style);
  const auto last = columns.size() - 1;
  std::string out;
  for (const auto& row : rows_) {
    const bool header = &row == &rows_.front();
    const bool wrap = columns_of(row[last]) > columns[last] && columns[last] >= kWrappable;
    const auto lines = wrap ? wrapped(row[last], columns[last]) : std::vector<std::string>{row[last]};
    auto cells = row;
    for (const auto& part : lines) {
      cells[last] = part;
      out += line(cells, columns, style, header);
      std::ranges::fill(cells, "");
    }
  }
  return out;
}

std::string Table::line(const Row& cells, const std::vector<std::size_t>& widths, const TerminalStyle& style,
                        bool header) const {
  std::string line, gap;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto cell = fitted(cells[i], widths[i]);
    const std::string fill(widths[i] - columns_of(cell), ' ');
    const auto found = tones_.find(cells[i]);
    const auto tone = header ? Tone::heading : found == tones_.end() ? Tone::plain : found->second;
    const auto shown = style.colours ? toned(cell, tone) : cell;
    if (is_number(cells[i])) gap += fill;
    if (!shown.empty()) line += gap + shown;
    gap = (shown.empty() ? gap : "") + (is_number(cells[i]) ? "" : fill) + std::string(kGap, ' ');
  }
  return line + "\n";
}

std::string figure(double value) {
  if (value == 0 || !std::isfinite(value)) return value == 0 ? "0" : "-";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", std::max(0, 2 - magnitude), value);
  return text;
}

std::string percent(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", ratio * 100);
  return text;
}

}  // namespace ipw
