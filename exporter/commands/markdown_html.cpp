#include "exporter/commands/markdown_html.hpp"

#include <vector>

#include "base/text.hpp"
#include "exporter/web/html.hpp"

namespace ipw {
namespace {

// One line's text: escapes resolved, **bold** and *emphasis* kept.
std::string inline_html(std::string_view text) {
  std::string html, plain;
  bool bold = false, emphasis = false;
  const auto flush = [&] {
    html += web::escaped(plain);
    plain.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      plain += text[++i];
    } else if (text.substr(i, 2) == "**") {
      flush();
      html += bold ? "</b>" : "<b>";
      bold = !bold;
      ++i;
    } else if (text[i] == '*') {
      flush();
      html += emphasis ? "</i>" : "<i>";
      emphasis = !emphasis;
    } else {
      plain += text[i];
    }
  }
  flush();
  return html + (emphasis ? "</i>" : "") + (bold ? "</b>" : "");
}

// The cells of "| a | b |", split where no backslash stands before the bar.
std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  std::size_t begin = 1;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '|') {
      cells.push_back(trim(line.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  return cells;
}

bool is_rule(std::string_view line) {
  return line.find_first_not_of("|- ") == std::string_view::npos && line.find("---") != std::string_view::npos;
}

// Turns lines into blocks; a block ends where another kind of line begins.
class Blocks {
 public:
  void add(std::string_view line) {
    if (line.starts_with("|")) return add_row(line);
    if (line.starts_with("- ")) return add_item(line.substr(2));
    close();
    if (line.starts_with("### ")) return add_block("h3", line.substr(4));
    if (line.starts_with("## ")) return add_block("h2", line.substr(3));
    if (line.starts_with("# ")) return add_block("h1", line.substr(2));
    if (!trim(line).empty()) add_block("p", line);
  }
  std::string html() {
    close();
    return std::move(html_);
  }

 private:
  void add_block(const char* tag, std::string_view text) {
    html_ += std::string("<") + tag + ">" + inline_html(text) + "</" + tag + ">\n";
  }

  void add_row(std::string_view line) {
    if (is_rule(line)) return;
    const bool header = open_ != "table";
    if (header) open("table", "<div class=wide tabindex=0 role=region aria-label=table><table><thead><tr>");
    if (!header) html_ += "<tr>";
    bool first = true;
    for (const auto cell : cells_of(line)) {
      const auto text = inline_html(cell);
      if (header)
        html_ += "<th scope=col>" + text + "</th>";
      else if (first)
        html_ += "<th scope=row>" + text + "</th>";
      else
        html_ += "<td>" + text + "</td>";
      first = false;
    }
    html_ += header ? "</tr></thead><tbody>\n" : "</tr>\n";
  }

  void add_item(std::string_view text) {
    if (open_ != "ul") open("ul", "<ul>\n");
    html_ += "<li>" + inline_html(text) + "</li>\n";
  }

  void open(std::string_view what, const char* tags) {
    close();
    open_ = what;
    html_ += tags;
  }

  void close() {
    if (open_ == "table") html_ += "</tbody></table></div>\n";
    if (open_ == "ul") html_ += "</ul>\n";
    open_ = {};
  }

  std::string html_;
  std::string_view open_;
};

}  // namespace

std::string html_of_markdown(std::string_view markdown) {
  Blocks blocks;
  while (!markdown.empty()) {
    const auto end = markdown.find('\n');
    blocks.add(markdown.substr(0, end));
    if (end == std::string_view::npos) break;
    markdown.remove_prefix(end + 1);
  }
  return blocks.html();
}

}  // namespace ipw
