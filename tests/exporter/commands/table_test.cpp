#include "exporter/commands/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace ipw {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Table sources() {
  Table table({"source", "found", "watts", "reason"});
  table.add({"rapl", "yes", "12.3", "powercap: three packages, each with its memory, and one of the platform"});
  table.add({"a-source-with-a-very-long-name-of-its-own", "no", "4", "no driver"});
  return table;
}

TEST(Table, WithoutATerminalItIsWhole) {
  const auto text = sources().text();
  EXPECT_THAT(text, HasSubstr("a-source-with-a-very-long-name-of-its-own  no     "));
  EXPECT_THAT(text, HasSubstr("each with its memory, and one of the platform\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(Table, NoLineIsWiderThanTheTerminal) {
  for (const std::size_t width : {20U, 40U, 60U, 80U, 200U}) {
    SCOPED_TRACE(width);
    const auto lines = lines_of(sources().text({.width = width}));
    EXPECT_GE(lines.size(), 3U);
    for (const auto& line : lines) EXPECT_LE(columns_of(line), width) << line;
  }
  const auto narrow = sources().text({.width = 60});
  EXPECT_THAT(narrow, HasSubstr("…")) << "the name is cut";
  EXPECT_THAT(narrow, HasSubstr("platform")) << "the reason is wrapped, not cut";
}

TEST(Table, ColoursDoNotChangeWhatStandsWhere) {
  auto table = sources();
  table.paint("yes", Tone::good);
  const auto coloured = table.text({.width = 60, .colours = true});
  EXPECT_THAT(coloured, HasSubstr("\x1b[32myes\x1b[0m"));
  std::string plain = coloured;
  for (const std::string code : {"\x1b[1m", "\x1b[32m", "\x1b[0m"})
    for (auto at = plain.find(code); at != std::string::npos; at = plain.find(code)) plain.erase(at, code.size());
  EXPECT_EQ(plain, sources().text({.width = 60}));
}

TEST(Table, ACellCannotMoveTheCursor) {
  Table table({"reason"});
  table.add({"bad\x1b[2Jserver\nline \xc2\x9b"});
  EXPECT_EQ(lines_of(table.text()).size(), 2U);
  EXPECT_THAT(table.text(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(table.text(), Not(HasSubstr("\xc2\x9b")));
}

TEST(Terminal, Columns) {
  const std::pair<const char*, std::size_t> cases[] = {{"", 0},     {"abc", 3},     {"…", 1},
                                                       {"日本", 4}, {"e\u0301", 1}, {"😀", 2}};
  for (const auto& [text, columns] : cases) EXPECT_EQ(columns_of(text), columns) << text;
  EXPECT_EQ(fitted("日本語", 5), "日本…");
  EXPECT_EQ(fitted("日本語", 4), "日…") << "half a character is none";
  EXPECT_EQ(fitted("abc", 3), "abc");
  EXPECT_EQ(fitted("abcd", 0), "");
}

}  // namespace
}  // namespace ipw
