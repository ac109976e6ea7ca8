#pragma once

#include <string>
#include <vector>

#include "exporter/accounting/snapshot.hpp"

namespace ipw::web {

// Where the joules of each device went: a bar of its shares, and the same in figures.
std::string books_html(const std::vector<BookSnapshot>& books);
// The channels that are read, and why one is not.
std::string channels_html(const std::vector<ChannelSnapshot>& channels);

}  // namespace ipw::web
