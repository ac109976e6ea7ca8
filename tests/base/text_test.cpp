#include "base/text.hpp"

#include <gtest/gtest.h>

namespace ipw {
namespace {

TEST(Text, TrimsAndJoins) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
  const std::string_view words[] = {"a", "b", "c"};
  EXPECT_EQ(join(words, ", "), "a, b, c");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(Text, FindsWhatWasMeant) {
  const std::string_view keys[] = {"concurrency", "timeouts", "url", "model"};
  struct Case {
    const char* word;
    const char* meant;
  } const cases[] = {{"concurency", "concurrency"},
                     {"timeout", "timeouts"},
                     {"ulr", "url"},
                     {"ur", "url"},
                     {"modle", "model"},
                     {"Model", "model"},
                     {"banana", ""}};
  for (const auto& c : cases) EXPECT_EQ(nearest(c.word, keys), c.meant) << c.word;
  EXPECT_EQ(did_you_mean("timeout", keys), "`timeout`, did you mean `timeouts`?");
  EXPECT_EQ(did_you_mean("banana", keys), "`banana`");
}

TEST(Text, ShortensAtWholeCharacters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc…");
  EXPECT_EQ(shortened("aé", 2), "a…") << "é has two bytes";
  EXPECT_EQ(shortened("aéb", 3), "aé…");
  EXPECT_EQ(shortened("日本", 1), "…");
}

TEST(Text, ReplacesWhatIsNotUtf8) {
  struct Case {
    const char* name;
    std::string_view text;
    const char* valid;
  } const cases[] = {
      {"plain", "abc", "abc"},
      {"two to four bytes", "é日𝄞", "é日𝄞"},
      {"latin-1", "caf\xe9!", "caf\uFFFD!"},
      {"cut character", "\xe6\x97", "\uFFFD\uFFFD"},
      {"overlong", "\xc0\xaf", "\uFFFD\uFFFD"},
      {"overlong, three bytes", "\xe0\x80\xaf", "\uFFFD\uFFFD\uFFFD"},
      {"surrogate", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"beyond Unicode", "\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"stray continuation", "a\x80z", "a\uFFFDz"},
  };
  for (const auto& c : cases) EXPECT_EQ(valid_utf8(c.text), c.valid) << c.name;
  EXPECT_EQ(valid_utf8(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

}  // namespace
}  // namespace ipw
