#pragma once

#include <string_view>

namespace ipw::replay {

// The parser takes any depth, but comparing a value or writing it back recurses: whoever nests deeper means harm.
constexpr int kDeepestJson = 200;
// Whether `text`, JSON or not, opens more brackets than that. Linear time.
bool is_too_deep(std::string_view text);

}  // namespace ipw::replay
