#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace ipw::replay::demo {

// Tokens here are pieces of about four bytes, cut between UTF-8 characters. The end of the one that begins at `begin`.
std::size_t token_end(std::string_view text, std::size_t begin);
std::int64_t count_tokens(std::string_view text);

// A time as 16 lower-case hexadecimal digits: nanoseconds of the monotonic clock.
void append_clock_token(MonoTime time, std::string& out);

// Appends `text` as the inside of a JSON string. REQUIRES: text is UTF-8.
void append_json_escaped(std::string_view text, std::string& out);

}  // namespace ipw::replay::demo
