#pragma once

#include <string>
#include <vector>

namespace ipw {

// A plain table for terminals and files: columns as wide as their widest cell, numbers right-aligned. Cells are UTF-8.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  // REQUIRES: as many cells as the header has.
  void add(std::vector<std::string> row);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Three significant digits, with an SI-free plain notation: 0.00123, 12.3, 45600.
std::string figure(double value);
std::string percent(double ratio);  // 44.2 %

}  // namespace ipw
