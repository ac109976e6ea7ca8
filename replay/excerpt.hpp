#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ipw::replay {

// The beginning of what a server sent, as one line for a message: at most `limit` bytes, valid UTF-8, white space and
// control characters collapsed to single spaces, what is not UTF-8 shown as U+FFFD.
std::string excerpt(std::string_view body, std::size_t limit = 200);

}  // namespace ipw::replay
