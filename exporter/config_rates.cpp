#include "exporter/config_parts.hpp"

namespace ipw {
namespace {

// The rate is a number under `key`, or a series of a Prometheus.
RateConfig read_rate(Options options, std::string_view key, double most) {
  RateConfig rate;
  const bool fixed = options.has(key), asked = options.has("prometheus");
  if (fixed == asked) {
    const auto either = "`" + std::string(key) + "` or `prometheus`";
    options.fail({}, fixed ? "give either " + either + ", not both" : "needs " + either);
    return rate;
  }
  rate.fixed = options.optional_number(key, {0, most});
  if (rate.fixed) return rate;
  auto server = options.child("prometheus");
  if (auto endpoint = probes::HttpEndpoint::open(server))
    rate.endpoint = std::make_shared<probes::HttpEndpoint>(std::move(*endpoint));
  rate.query = server.required_text("query");
  rate.every = options.duration("every", rate.every, {1, 86400});
  rate.keep = options.duration("keep", rate.keep, {1, 30 * 86400.0});
  return rate;
}

}  // namespace

std::optional<RateConfig> read_carbon(Options& root) {
  if (!root.has("carbon")) return std::nullopt;
  return read_rate(root.child("carbon"), "grams_per_kwh", 1e5);
}

std::optional<RateConfig> read_electricity(Options& root) {
  if (!root.has("electricity")) return std::nullopt;
  auto options = root.child("electricity");
  auto rate = read_rate(options, "price_per_kwh", 1e9);
  rate.currency = options.required_text("currency");
  check_label(options, "currency", rate.currency);
  return rate;
}

}  // namespace ipw
