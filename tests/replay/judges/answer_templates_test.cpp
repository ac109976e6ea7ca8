// Mutation test: every way of stating an answer that tests/testdata/answer_templates.txt knows, with every letter as
// the right one and every other as the wrong one that is spoken of besides.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <set>

#include "replay/judge.hpp"

namespace ipw::replay {
namespace {

constexpr int kLetters = 10;
using Texts = std::array<const char*, kLetters>;
constexpr Texts kWords{"Nucleus",       "Mitochondria", "Ribosome", "Golgi apparatus", "Lysosome",
                       "Cell membrane", "Chloroplast",  "Vacuole",  "Cytoplasm",       "Endoplasmic reticulum"};
constexpr Texts kNumbers{"12 N", "15 N", "18.5 N", "20 N", "24 N", "27.5 N", "30 N", "36 N", "40 N", "48 N"};

std::vector<std::string> templates() {
  std::ifstream file(IPW_SOURCE_DIR "/tests/testdata/answer_templates.txt");
  std::vector<std::string> all;
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with("#")) all.push_back(line);
  return all;
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// The options' right and wrong one, by number.
struct Pair {
  const Texts& texts;
  int right, wrong;
};

std::string letter(int index) {
  return std::string(1, static_cast<char>('A' + index));
}

std::string discussed(const Pair& pair) {
  std::string all;
  for (int i = 0; i < kLetters; ++i)
    all += (i > 0 ? "\n\n**" : "**") + letter(i) + ") " + pair.texts[static_cast<std::size_t>(i)] +
           (i == pair.right ? ":** This agrees with everything that is given."
                            : ":** This does not agree with the first condition, so it can be ruled out.");
  return all;
}

std::string listed(const Texts& texts) {
  std::string all;
  for (int i = 0; i < kLetters; ++i) all += (i > 0 ? "\n" : "") + letter(i) + ". " + texts[static_cast<std::size_t>(i)];
  return all;
}

std::string written(std::string text, const Pair& pair) {
  const bool names_wrong = text.find("{W") != std::string::npos || text.find("{DISCUSSED}") != std::string::npos;
  if (!names_wrong) text = "<think>\nSurely {W}: {WT} fits. So the answer is ({W}).\n</think>\n\n" + text;
  const auto right = letter(pair.right), wrong = letter(pair.wrong);
  replace(text, "\\n", "\n");
  replace(text, "{DISCUSSED}", discussed(pair));
  replace(text, "{OPTIONS}", listed(pair.texts));
  replace(text, "{L}", right);
  replace(text, "{l}", std::string(1, static_cast<char>('a' + pair.right)));
  replace(text, "{T}", pair.texts[static_cast<std::size_t>(pair.right)]);
  replace(text, "{W}", wrong);
  replace(text, "{WT}", pair.texts[static_cast<std::size_t>(pair.wrong)]);
  return text;
}

struct Count {
  int asked{0}, right{0}, wrong{0};
};

void judge_all(const Bench& bench, const std::string& form, const Texts& texts, Count& count) {
  CorpusItem item;
  item.problem = "Which one?";
  item.judge = "multiple_choice";
  item.options.assign(texts.begin(), texts.end());
  for (int right = 0; right < kLetters; ++right)
    for (int wrong = 0; wrong < kLetters; ++wrong) {
      if (right == wrong) continue;
      item.answer = letter(right);
      const auto kind = bench.judge(item, written(form, {texts, right, wrong})).kind;
      ++count.asked;
      count.right += kind == VerdictKind::correct ? 1 : 0;
      count.wrong += kind == VerdictKind::wrong ? 1 : 0;
    }
}

TEST(AnswerTemplates, AreAllDifferent) {
  const auto all = templates();
  EXPECT_GE(all.size(), 200u);
  EXPECT_EQ((std::set<std::string>(all.begin(), all.end()).size()), all.size());
}

TEST(AnswerTemplates, AreReadWithEveryLetter) {
  const auto bench = Bench::open(Options::none());
  Count total;
  for (const auto& form : templates()) {
    Count count;
    judge_all(**bench, form, kWords, count);
    judge_all(**bench, form, kNumbers, count);
    if (count.right < count.asked)
      std::cout << count.asked - count.right - count.wrong << " unparsed, " << count.wrong << " wrong of "
                << count.asked << ": " << form << '\n';
    total.asked += count.asked;
    total.right += count.right;
    total.wrong += count.wrong;
  }
  std::cout << total.right << " right, " << total.wrong << " wrong of " << total.asked << '\n';
  EXPECT_GE(total.right, 0.98 * total.asked);
  EXPECT_LE(total.wrong, 0.005 * total.asked);
}

}  // namespace
}  // namespace ipw::replay
