#include "replay/prompt_template.hpp"

#include <gtest/gtest.h>

#include "tests/support/options_from.hpp"

namespace ipw::replay {
namespace {

TEST(PromptTemplate, PutsTheTextsInTheirPlaces) {
  const struct {
    const char* name;
    const char* options;
    const char* system;
    const char* text;
  } cases[] = {
      {"problem alone", "", "", "1 + 1 {system}?"},
      {"system first", "", "Be brief.", "Be brief.\n\n1 + 1 {system}?"},
      {"a chat", "template: '<s>{system}</s><u>{prompt}</u>'", "Be.", "<s>Be.</s><u>1 + 1 {system}?</u>"},
      {"no system text", "template: '[{system}] {prompt}'", "", "[] 1 + 1 {system}?"},
      {"twice", "template: '{prompt}{prompt}'", "", "1 + 1 {system}?1 + 1 {system}?"},
      {"other braces", "template: '{{x}{prompt}}'", "", "{{x}1 + 1 {system}?}"},
      {"placeholders in the system text", "", "Say {prompt}.", "Say {prompt}.\n\n1 + 1 {system}?"},
  };
  for (const auto& c : cases) {
    auto options = testing::options_from(c.options);
    const auto made = PromptTemplate::read(options, c.system);
    ASSERT_TRUE(options.finish()) << c.name << ": " << options.finish().error().message;
    EXPECT_EQ(made.fill("1 + 1 {system}?"), c.text) << c.name;
  }
}

TEST(PromptTemplate, WhatLosesTextIsRefused) {
  const struct {
    const char* options;
    const char* system;
    const char* message;
  } cases[] = {
      {"template: 'Q:'", "", "test.yaml:1:11: `template` must say where the problem goes: {prompt}"},
      {"template: 'Q: {prompt}'", "Be brief.", "test.yaml:1:11: `template` must say where `system` goes: {system}"},
  };
  for (const auto& c : cases) {
    auto options = testing::options_from(c.options);
    PromptTemplate::read(options, c.system);
    const auto ok = options.finish();
    ASSERT_FALSE(ok) << c.options;
    EXPECT_EQ(ok.error().message, c.message);
  }
}

}  // namespace
}  // namespace ipw::replay
