#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ipw {

struct PrometheusLabel {
  std::string name, value;
  bool operator==(const PrometheusLabel&) const = default;
};

// One line of an exporter's answer: NAME{label="value",...} VALUE [TIME].
struct PrometheusSample {
  std::string name;
  std::vector<PrometheusLabel> labels;  // sorted by name
  double value{0};                      // not a number, or infinite, where the exporter says so
  std::optional<double> stamp;          // Unix time in seconds

  // Empty where there is no such label.
  std::string_view label(std::string_view label_name) const;
  // As in the text, for messages; cut where it is long.
  std::string shown() const;
};

// The words of the text format and of selectors. Never reads past its text.
class PrometheusScanner {
 public:
  explicit PrometheusScanner(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  bool take(std::string_view token);
  void skip_blanks();
  std::string_view metric_name();  // empty: there is none here
  std::string_view label_name();
  std::string_view word();  // up to the next blank
  // A value in double quotes, without its escapes. Errors: invalid, without a place.
  Result<std::string> quoted();

 private:
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  std::string_view name(bool colons);

  std::string_view text_;
  std::size_t at_{0};
};

// The samples of those names for which `wanted` holds, in the order of the text; of other lines only the beginning is
// looked at. Reads Prometheus' text format 0.0.4 and OpenMetrics 1.0 (a time beyond 1e11 is in milliseconds, else in
// seconds: no clock of ours makes one look like the other). Comments, exemplars and names in quotes are skipped.
// Errors: invalid, with the line, for what is no such text and for more than 4096 wanted samples. Source:
// https://prometheus.io/docs/instrumenting/exposition_formats/, and the OpenMetrics specification.
Result<std::vector<PrometheusSample>> parse_prometheus_text(std::string_view text,
                                                            const std::function<bool(std::string_view)>& wanted);

}  // namespace ipw
