#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ipw::replay {

// The pieces of a model's text that may be JSON, the likeliest first: the whole text; the fenced blocks that are marked
// as JSON or not at all, from the last; what stands between balanced brackets, from the last. Few of each, and none
// within another of its kind. Linear time.
std::vector<std::string_view> json_candidates(std::string_view text);

// Whether an expected answer is JSON by its shape: an object, or a list with something else than numbers in it (which
// may be an interval, or a vector).
bool asks_for_json(std::string_view answer);

// Where a value stands: `$.a[0]`.
std::string member_path(const std::string& path, std::string_view name);
std::string item_path(const std::string& path, std::size_t index);

}  // namespace ipw::replay
