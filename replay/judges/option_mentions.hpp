#pragma once

#include <optional>
#include <string_view>

#include "replay/judges/option_phrases.hpp"

namespace ipw::replay {

// The option that a text settles on without stating an answer, by the best of these signs:
//   1. it is chosen: "option C is correct", "I'd go with B", "so C is the best answer"; the last one
//   2. a line holds only its letter, or its letter and its text: `C`, `**C**`, `C) Paris`; one option only. A line that
//      says so (`Conclusion: C`), and one that follows a list of the options without carrying it on, come first
//   3. the text ends on it: "So B.", "Therefore, (C).", "The only one that fits is E.", "Only C does."
//   4. it is the only option that is mentioned and not denied: "Option D", `(C)`
// The last two count from offset `ending` on only: behind a statement that named no option ("The answer is not
// listed"). Linear time.
std::optional<Mention> settled_option(std::string_view text, std::size_t ending, OptionSet options);

}  // namespace ipw::replay
