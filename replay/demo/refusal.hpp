#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "replay/demo/connection.hpp"
#include "replay/demo/site.hpp"

namespace ipw::replay::demo {

// Answers a chat completion with something else where it is to be refused: because of its own behaviour, because it
// comes too early, or because the server still loads. True when it was answered, or never will be.
bool refuse(Site& site, const Behaviour& behaviour, const Request& request, Connection& client);

}  // namespace ipw::replay::demo
