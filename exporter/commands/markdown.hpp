#pragma once

#include <string>
#include <vector>

namespace ipw {

// A table of a Markdown document. What a cell holds is shown as it is, whatever is in it.
class MarkdownTable {
 public:
  explicit MarkdownTable(const std::vector<std::string>& header);
  // REQUIRES: as many cells as the header has.
  void add(const std::vector<std::string>& row);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Text from a corpus or a configuration, with what Markdown would read as its own made harmless.
std::string markdown_escaped(const std::string& text);

}  // namespace ipw
