#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ipw::replay {

// Whether `name: value` can be sent as one HTTP header line: a token (RFC 9110, 5.6.2), and a value without control
// characters, which could smuggle further lines into the request.
bool is_header(std::string_view name, std::string_view value);

// Whether `headers` holds `name`, in any case.
bool has_header(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view name);

// `text` with everything but visible ASCII, and the percent sign, written as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace ipw::replay
