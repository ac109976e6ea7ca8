#include "exporter/web/query_filter.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipw::web {
namespace {

constexpr Range<std::int64_t> kLimits{1, 1000};

// One of the names of Kind, or "" for any.
template <class Kind, std::size_t kCount>
Result<std::string> kind(const Request& request, const std::string& name) {
  const auto value = request.parameter(name);
  if (value.empty()) return value;
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < kCount; ++i) known.push_back(to_text(static_cast<Kind>(i)));
  if (std::ranges::find(known, value) != known.end()) return value;
  return Error{Errc::invalid, "unknown " + name + " `" + shortened(value, 40) + "`; accepted: " + join(known, ", ")};
}

}  // namespace

Result<void> check_names(const Request& request, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : request.query)
    if (std::ranges::find(known, name) == known.end())
      return Error{Errc::invalid, "unknown parameter `" + shortened(name, 40) + "`; accepted: " + join(known, ", ")};
  return {};
}

Result<std::int64_t> integer(const Request& request, const std::string& name, std::int64_t fallback,
                             Range<std::int64_t> range) {
  if (!request.query.contains(name)) return fallback;
  const auto value = parse_integer(request.parameter(name));
  if (value && *value >= range.least && *value <= range.most) return *value;
  return Error{Errc::invalid, "`" + name + "` must be a whole number from " + std::to_string(range.least) + " to " +
                                  std::to_string(range.most)};
}

Result<QueryFilter> query_filter(const Request& request, std::size_t fallback_limit) {
  if (auto ok = check_names(request, {"target", "verdict", "outcome", "limit"}); !ok) return ok.error();
  const auto verdict = kind<replay::VerdictKind, replay::kVerdictKinds>(request, "verdict");
  if (!verdict) return verdict.error();
  const auto outcome = kind<replay::Outcome, replay::kOutcomes>(request, "outcome");
  if (!outcome) return outcome.error();
  const auto limit = integer(request, "limit", static_cast<std::int64_t>(fallback_limit), kLimits);
  if (!limit) return limit.error();
  return QueryFilter{request.parameter("target"), *verdict, *outcome, static_cast<std::size_t>(*limit)};
}

}  // namespace ipw::web
