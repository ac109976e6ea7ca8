#pragma once

#include <string_view>
#include <vector>

namespace ipw::replay {

// Where a text states its final formula, the likeliest place first; the first that can be read is meant. All views are
// of the text; none is empty.
struct StatedFormulas {
  std::vector<std::string_view> all;
  std::size_t first{0};  // how many of them read the likeliest place, in several ways
  bool boxed{false};     // that is what the last \boxed holds, or the last several side by side
};

// The last closed \boxed{…} or \fbox{…}; else what the last statements of each kind say, the plainest first (GSM8K's
// mark, which is also a heading, last); then the last line: itself, its last formula between dollars or brackets, what
// follows its last `=`. Linear time.
StatedFormulas stated_formulas(std::string_view text);

}  // namespace ipw::replay
