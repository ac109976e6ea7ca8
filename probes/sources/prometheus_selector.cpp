#include "probes/sources/prometheus_selector.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipw::probes::sources {
namespace {

constexpr std::size_t kLongestShown = 200;

Error invalid(const std::string& message) {
  return {Errc::invalid, message};
}

Result<PrometheusSelector::Matcher> parse_matcher(PrometheusScanner& rest) {
  PrometheusSelector::Matcher matcher;
  matcher.label = rest.label_name();
  if (matcher.label.empty()) return invalid("expected a label's name");
  rest.skip_blanks();
  matcher.equal = !rest.take("!=");
  if (matcher.equal && !rest.take("=")) return invalid("expected `=` or `!=` (there are no patterns here)");
  if (rest.take("~")) return invalid("expected a value in double quotes (there are no patterns here)");
  rest.skip_blanks();
  auto value = rest.quoted();
  if (!value) return value.error();
  matcher.value = std::move(*value);
  return matcher;
}

Result<PrometheusSelector> parse(PrometheusScanner& rest) {
  PrometheusSelector selector;
  rest.skip_blanks();
  selector.name = rest.metric_name();
  if (selector.name.empty()) return invalid("expected the name of a metric");
  rest.skip_blanks();
  if (rest.take("{")) {
    for (rest.skip_blanks(); !rest.take("}"); rest.skip_blanks()) {
      if (!selector.matchers.empty()) {
        if (!rest.take(",")) return invalid("expected `,` or `}`");
        rest.skip_blanks();
        if (rest.take("}")) break;
      }
      auto matcher = parse_matcher(rest);
      if (!matcher) return matcher.error();
      selector.matchers.push_back(std::move(*matcher));
    }
  }
  rest.skip_blanks();
  if (!rest.at_end()) return invalid("something follows the selector");
  return selector;
}

}  // namespace

bool PrometheusSelector::matches(const PrometheusSample& sample) const {
  return sample.name == name &&
         std::ranges::all_of(matchers, [&](const Matcher& m) { return (sample.label(m.label) == m.value) == m.equal; });
}

Result<PrometheusSelector> parse_prometheus_selector(std::string_view text) {
  PrometheusScanner rest(text);
  auto selector = parse(rest);
  if (selector) return selector;
  return invalid("selector `" + shortened(valid_utf8(text), kLongestShown) + "`, character " +
                 std::to_string(rest.position() + 1) + ": " + selector.error().message);
}

}  // namespace ipw::probes::sources
