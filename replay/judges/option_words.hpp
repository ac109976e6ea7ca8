#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "replay/judges/answer_text.hpp"

// Words around a letter that names an option.

namespace ipw::replay {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::any_of(words,
                             [&](auto known) { return known.size() == word.size() && begins_with(word, known); });
}

// The word that ends before `at`, apart from space and markup; "" where punctuation stands there. Constant time.
std::string_view word_before(std::string_view text, std::size_t at);

// The word of ASCII letters that begins at `at`, apart from space and markup; `at` moves behind it. Linear in what it
// passes over.
std::string_view word_after(std::string_view text, std::size_t& at);

}  // namespace ipw::replay
