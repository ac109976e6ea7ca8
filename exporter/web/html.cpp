#include "exporter/web/html.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ipw::web {

namespace {

constexpr std::size_t kLongCell = 40;  // wants a line of readable width

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string figure(std::optional<double> value, std::string_view unit) {
  if (!value || !std::isfinite(*value)) return "–";
  const std::string digits = std::abs(*value) >= 1000 ? fmt::format("{:.0f}", *value) : fmt::format("{:.4g}", *value);
  return unit.empty() ? digits : fmt::format("{} <small>{}</small>", digits, escaped(unit));
}

std::string percentage(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

HtmlTable::HtmlTable(std::initializer_list<std::string_view> headings) {
  html_ = "<div class=wide><table><thead><tr>";
  for (const auto heading : headings) html_ += fmt::format("<th scope=col>{}", escaped(heading));
  html_ += "<tbody>";
}

void HtmlTable::row(std::initializer_list<std::string> cells) {
  html_ += "<tr>";
  for (const auto& cell : cells) html_ += (cell.size() > kLongCell ? "<td class=long>" : "<td>") + cell;
  html_ += '\n';
}

std::string HtmlTable::html() const {
  return html_ + "</table></div>\n";
}

}  // namespace ipw::web
