#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "replay/corpus.hpp"

namespace ipw::replay {

// The options of one query: `count` of them, from A; their texts where the corpus gives them. A view of the item.
struct OptionSet {
  int count;
  std::span<const std::string> texts;
};

// From the item's `options`; without them, from the lines `(A) …`, `B. …` of its problem; without those, A to J.
OptionSet options_of(const CorpusItem& item);

// An option that a text names by its letter. `several`: it names more than one where one was asked for.
struct NamedOption {
  int index{0};
  bool several{false};
  bool wrapped{false};  // in brackets, quotation marks or emphasis
  std::size_t end{0};   // offset behind the letter and its wrapping
};

// The option that `said` begins with, after filler words and markup: `**C**`, `option (C).`, `\text{C}`, `C because …`.
// The letter stands alone and is one of `options`. Bare `A` and `I` count only where they cannot be an article or a
// pronoun; bare lower case only where nothing follows. Constant time.
std::optional<NamedOption> leading_option(std::string_view said, OptionSet options);

// `said` without what comments on it: ", not …", " because …", " (…".
std::string_view first_clause(std::string_view said);

// The only option whose text is `text`, apart from case, white space and what surrounds it.
std::optional<int> option_with_text(std::string_view text, OptionSet options);

}  // namespace ipw::replay
