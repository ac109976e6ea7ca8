#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipw {

std::string_view trim(std::string_view text);
std::string join(std::span<const std::string_view> words, std::string_view separator);

// The candidate nearest to `word` by edit distance, or "" when none is near enough to be what was meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// `word`, and ", did you mean `x`?" when something near exists: for error messages.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

// The first bytes of `text` that are at most `limit` long and end on a whole UTF-8 character, with "…" where it was
// cut.
std::string shortened(std::string_view text, std::size_t limit);

// `text` with U+FFFD in place of every byte that is not part of a valid UTF-8 character: for what leaves the program.
std::string valid_utf8(std::string_view text);

}  // namespace ipw
