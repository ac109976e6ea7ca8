#pragma once

#include <cstddef>
#include <string>

#include "replay/demo/wording.hpp"

namespace ipw::replay::demo {

// Rewrites the server-sent events that stand in `out` from `begin` on, each ended by an empty line, in another style
// of the same meaning: with comments, with other fields, with CRLF. What is no whole event stays as it is.
void restyle(const Wording& wording, std::size_t begin, std::string& out);

}  // namespace ipw::replay::demo
