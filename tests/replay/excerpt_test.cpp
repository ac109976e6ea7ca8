#include "replay/excerpt.hpp"

#include <gtest/gtest.h>

namespace ipw::replay {
namespace {

TEST(Excerpt, OneCleanLine) {
  const struct {
    const char* name;
    std::string body;
    std::string line;
  } cases[] = {
      {"plain", "not found", "not found"},
      {"white space", "\r\n <html>\n\t<body>  hi\n", "<html> <body> hi"},
      {"control characters",
       std::string("a\0b\x1b[31mc\x7f"
                   "d",
                   11),
       "a b [31mc d"},
      {"UTF-8 stays", "größe 漢字 🙂", "größe 漢字 🙂"},
      {"Latin-1",
       "gr\xF6\xDF"
       "e",
       "gr\xEF\xBF\xBD\xEF\xBF\xBD"
       "e"},
      {"overlong and surrogate", "\xC0\x80 \xED\xA0\x80",
       "\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"cut character", "a\xE6\xBC", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"empty", "", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(excerpt(c.body), c.line) << c.name;
}

TEST(Excerpt, IsCutAtAWholeCharacter) {
  EXPECT_EQ(excerpt("aaaa漢字", 5), "aaaa…");
  EXPECT_LE(excerpt(std::string(1'000'000, 'x')).size(), 203U);
}

}  // namespace
}  // namespace ipw::replay
