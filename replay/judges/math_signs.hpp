#pragma once

#include <string>
#include <string_view>

namespace ipw::replay {

// `text` with its mathematical signs outside ASCII (π √ × ² ½ ≤ ∪ …), and the digits of every script, as LaTeX writes
// them. Other letters stay as they are. Linear time.
std::string with_latex_signs(std::string_view text);

// The words of `text`: without LaTeX's wrappers, braces, spacing and dollars.
std::string without_markup(std::string_view text);

// `text` as it is compared where it cannot be read: without dollars, sizes of brackets, and spacing that parts nothing.
std::string plain_latex(std::string_view text);

// Without what surrounds a formula but is no part of it: white space, Markdown, quotation marks, `$`, `\(`, `\[` and
// punctuation at the end. Brackets stay: they may be an interval's.
std::string_view bare_formula(std::string_view text);

}  // namespace ipw::replay
