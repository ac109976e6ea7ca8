#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "exporter/accounting/interval.hpp"

namespace ipw::web {

// `text` for use in HTML, between tags and in quoted attributes. Whatever a model or a server says goes through here.
std::string escaped(std::string_view text);
// Where the page of an attempt is; for use in an attribute.
std::string query_address(std::string_view id);

// For people: four significant digits and the unit, or "–" for what is unknown.
std::string figure(std::optional<double> value, std::string_view unit = "");
// The ends of an interval, in so many digits: "[0.41, 0.47]".
std::string bounds_text(const Bounds& bounds);
// 0.4419 is "44.2 %".
std::string percentage(double share);
// <time>: "2026-11-22 06:49:02" with the zone in its title; with milliseconds where they matter.
std::string time_html(WallTime at, bool milliseconds = false);

// A part of a bar, from 0 to 1, and the class that gives its colour.
struct BarPart {
  std::string name;
  double share{0};
  std::string style;
};
// The parts side by side over the whole width, drawn without styles; `label` says the same in words.
std::string bar_html(std::span<const BarPart> parts, std::string_view label);

// <table> with one heading row; the cells are HTML already. Wide tables scroll on their own, also by the keyboard, and
// are called `name` then.
class HtmlTable {
 public:
  HtmlTable(std::string_view name, std::initializer_list<std::string_view> headings);
  void row(std::initializer_list<std::string> cells);
  std::string html() const;

 private:
  std::string html_;
};

}  // namespace ipw::web
