#pragma once

#include <string>
#include <string_view>

namespace ipw {

// The Markdown that this program writes itself, as HTML: headings, paragraphs, lists, tables (MarkdownTable) and
// **bold**. A backslash makes the next character plain text, so that what markdown_escaped() has made harmless stays
// it.
std::string html_of_markdown(std::string_view markdown);

}  // namespace ipw
