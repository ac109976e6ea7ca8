#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/prometheus_text.hpp"
#include "base/result.hpp"

namespace ipw::probes::sources {

// Which series are meant, in a small part of PromQL: NAME or NAME{label="value",other!="value"}. A label that is absent
// is empty, as there.
struct PrometheusSelector {
  struct Matcher {
    std::string label, value;
    bool equal{true};
  };
  std::string name;
  std::vector<Matcher> matchers;

  bool matches(const PrometheusSample& sample) const;
};

// Errors: invalid, with the character (from 1) at which it cannot be read.
Result<PrometheusSelector> parse_prometheus_selector(std::string_view text);

}  // namespace ipw::probes::sources
