#include "exporter/web/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace ipw::web {

namespace {

constexpr std::size_t kLongCell = 40;  // wants a line of readable width

// What of a cell is seen: without its tags.
std::size_t seen_length(std::string_view html) {
  std::size_t n = 0;
  bool tag = false;
  for (const char c : html) {
    if (c == '<') tag = true;
    if (!tag) ++n;
    if (c == '>') tag = false;
  }
  return n;
}

std::string signed_text(const std::string& digits) {
  return digits.starts_with('-') ? "−" + digits.substr(1) : digits;
}

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

std::string query_address(std::string_view id) {
  std::string out = "/queries/";
  for (const char c : id)
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

std::string figure(std::optional<double> value, std::string_view unit) {
  if (!value || !std::isfinite(*value)) return "–";
  const std::string digits = std::abs(*value) >= 1000 ? fmt::format("{:.0f}", *value) : fmt::format("{:.4g}", *value);
  return unit.empty() ? digits : fmt::format("{} <small>{}</small>", digits, escaped(unit));
}

std::string bounds_text(const Bounds& bounds) {
  return fmt::format("[{}, {}]", signed_text(fmt::format("{:.3g}", bounds.lower)),
                     signed_text(fmt::format("{:.3g}", bounds.upper)));
}

std::string percentage(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string time_html(WallTime at, bool milliseconds) {
  auto text = rfc3339(at);
  const std::string machine = text;
  text.resize(milliseconds ? 23 : 19);
  text[10] = ' ';
  return fmt::format("<time datetime=\"{}\" title=UTC>{}</time>", machine, text);
}

std::string bar_html(std::span<const BarPart> parts, std::string_view label) {
  std::string html = fmt::format(
      "<svg class=bar viewBox=\"0 0 1000 10\" preserveAspectRatio=none role=img aria-label=\"{}\">"
      "<rect class=track width=1000 height=10 />",
      escaped(label));
  double from = 0;
  for (const auto& part : parts) {
    const double to = std::clamp(from + 1000 * part.share, from, 1000.0);
    if (to > from)
      html += fmt::format("<rect class=\"{}\" x={:.1f} width={:.1f} height=10><title>{}</title></rect>", part.style,
                          from, to - from, escaped(part.name));
    from = to;
  }
  return html + "</svg>";
}

HtmlTable::HtmlTable(std::string_view name, std::initializer_list<std::string_view> headings) {
  html_ = fmt::format("<div class=wide tabindex=0 role=region aria-label=\"{}\"><table><thead><tr>", escaped(name));
  for (const auto heading : headings) html_ += fmt::format("<th scope=col>{}", escaped(heading));
  html_ += "<tbody>";
}

void HtmlTable::row(std::initializer_list<std::string> cells) {
  html_ += "<tr>";
  for (const auto& cell : cells) html_ += (seen_length(cell) > kLongCell ? "<td class=long>" : "<td>") + cell;
  html_ += '\n';
}

std::string HtmlTable::html() const {
  return html_ + "</table></div>\n";
}

}  // namespace ipw::web
