#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "replay/json_view.hpp"

namespace ipw::replay {

// What a server says is wrong, out of the JSON that model servers use for it: {"error": {"message": ...}},
// {"error": "..."}, {"object": "error", "message": ...}, {"detail": ...}. Nothing when `message` is no such thing.
std::optional<std::string> error_message(JsonView message);

// The words of an HTTP error's body: its error_message(), else its beginning; "" when the body is empty.
std::string server_message(std::string_view body);

}  // namespace ipw::replay
