#pragma once

#include <optional>
#include <string_view>

#include "replay/judges/option_letter.hpp"

namespace ipw::replay {

struct Mention {
  int index;
  std::string_view quote;
};

// The options seen under one sign.
struct Seen {
  std::optional<Mention> last;
  bool unanimous{true};
  void add(Mention mention) {
    unanimous &= !last || last->index == mention.index;
    last = mention;
  }
};

// What a text says of its options by letter, apart from a stated answer. Linear time.
struct Phrases {
  Seen chosen;     // "option C is correct", "(C) is the right one", "I'd go with B", "the best choice is D"
  Seen mentioned;  // `(C)`, "option D", "it is C", and not denied; what is chosen too
};
Phrases phrases_of(std::string_view text, OptionSet options);

}  // namespace ipw::replay
