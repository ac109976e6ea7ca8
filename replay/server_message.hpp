#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ipw::replay {

// What a server says is wrong, out of the JSON that model servers use for it: {"error": {"message": ...}},
// {"error": "..."}, {"object": "error", "message": ...}, {"detail": ...}. Nothing when `json` is no such thing.
std::optional<std::string> error_message(std::string_view json);

// The words of an HTTP error's body: its error_message(), else its beginning; "" when the body is empty.
std::string server_message(std::string_view body);

}  // namespace ipw::replay
