#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace ipw::replay {

// SHA-256 over all parts, their bounds included, as 64 hexadecimal digits: equal digests mean equal parts, even where
// somebody would like them not to.
std::string sha256(std::initializer_list<std::string_view> parts);

// SHA-256 of the text alone, in base64: as a Content-Security-Policy names an inline script.
std::string sha256_base64(std::string_view text);

}  // namespace ipw::replay
