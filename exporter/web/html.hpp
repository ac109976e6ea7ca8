#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace ipw::web {

// `text` for use in HTML, between tags and in quoted attributes. Whatever a model or a server says goes through here.
std::string escaped(std::string_view text);

// For people: four significant digits and the unit, or "–" for what is unknown.
std::string figure(std::optional<double> value, std::string_view unit = "");
// 0.4419 is "44.2 %".
std::string percentage(double share);

// <table> with one heading row; the cells are HTML already. Wide tables scroll on their own.
class HtmlTable {
 public:
  HtmlTable(std::initializer_list<std::string_view> headings);
  void row(std::initializer_list<std::string> cells);
  std::string html() const;

 private:
  std::string html_;
};

}  // namespace ipw::web
