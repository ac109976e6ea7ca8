#include "base/prometheus_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace ipw {
namespace {

constexpr std::size_t kMostSamples = 4096, kMostLabels = 64, kLongestShown = 200;
constexpr double kLeastMilliseconds = 1e11;

Error invalid(std::string message) {
  return {Errc::invalid, std::move(message)};
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::optional<double> to_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

// What follows a `{`.
Result<std::vector<PrometheusLabel>> parse_labels(PrometheusScanner& line) {
  std::vector<PrometheusLabel> labels;
  for (line.skip_blanks(); !line.take("}"); line.skip_blanks()) {
    if (!labels.empty()) {
      if (!line.take(",")) return invalid("expected `,` or `}` after a label");
      line.skip_blanks();
      if (line.take("}")) break;
    }
    const auto name = line.label_name();
    if (name.empty()) return invalid("expected a label's name");
    line.skip_blanks();
    if (!line.take("=")) return invalid("expected `=` after the label `" + std::string(name) + "`");
    line.skip_blanks();
    auto value = line.quoted();
    if (!value) return value.error();
    labels.push_back({std::string(name), std::move(*value)});
    if (labels.size() > kMostLabels) return invalid("more than 64 labels");
  }
  std::ranges::sort(labels, {}, &PrometheusLabel::name);
  if (std::ranges::adjacent_find(labels, {}, &PrometheusLabel::name) != labels.end())
    return invalid("a label stands there twice");
  return labels;
}

// What follows a name.
Result<PrometheusSample> parse_sample(std::string_view name, PrometheusScanner& line) {
  PrometheusSample sample;
  sample.name = name;
  line.skip_blanks();
  if (line.take("{")) {
    auto labels = parse_labels(line);
    if (!labels) return labels.error();
    sample.labels = std::move(*labels);
  }
  line.skip_blanks();
  const auto value_text = line.word();
  const auto value = to_number(value_text);
  if (!value) return invalid("expected a number, got `" + shortened(valid_utf8(value_text), 40) + "`");
  sample.value = *value;
  line.skip_blanks();
  if (line.at_end() || line.take("#")) return sample;  // what follows is an exemplar

  const auto stamp_text = line.word();
  const auto stamp = to_number(stamp_text);
  if (!stamp || !std::isfinite(*stamp))
    return invalid("expected a time, got `" + shortened(valid_utf8(stamp_text), 40) + "`");
  sample.stamp = *stamp > kLeastMilliseconds ? *stamp * 1e-3 : *stamp;
  line.skip_blanks();
  if (!line.at_end() && !line.take("#")) return invalid("something follows the time");
  return sample;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::string_view PrometheusSample::label(std::string_view label_name) const {
  const auto found = std::ranges::find(labels, label_name, &PrometheusLabel::name);
  return found == labels.end() ? std::string_view() : std::string_view(found->value);
}

std::string PrometheusSample::shown() const {
  std::string text = name;
  for (const auto& label : labels)
    text += (text.size() == name.size() ? "{" : ",") + label.name + "=\"" + label.value + "\"";
  if (!labels.empty()) text += "}";
  return shortened(valid_utf8(text), kLongestShown);
}

bool PrometheusScanner::take(std::string_view token) {
  if (!text_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}

void PrometheusScanner::skip_blanks() {
  while (peek() == ' ' || peek() == '\t') ++at_;
}

std::string_view PrometheusScanner::name(bool colons) {
  const auto begin = at_;
  const auto is_part = [&](char c) {
    return is_letter(c) || (colons && c == ':') || (at_ > begin && c >= '0' && c <= '9');
  };
  while (is_part(peek())) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view PrometheusScanner::metric_name() {
  return name(true);
}

std::string_view PrometheusScanner::label_name() {
  return name(false);
}

std::string_view PrometheusScanner::word() {
  const auto begin = at_;
  while (!at_end() && peek() != ' ' && peek() != '\t') ++at_;
  return text_.substr(begin, at_ - begin);
}

Result<std::string> PrometheusScanner::quoted() {
  if (!take("\"")) return invalid("expected a value in double quotes");
  std::string value;
  while (!at_end()) {
    const char c = text_[at_++];
    if (c == '"') return value;
    if (c != '\\') {
      value += c;
      continue;
    }
    const char escaped = peek();
    if (escaped != '\\' && escaped != '"' && escaped != 'n') return invalid("an escape other than \\\\, \\\" and \\n");
    value += escaped == 'n' ? '\n' : escaped;
    ++at_;
  }
  return invalid("a value's closing quote is missing");
}

Result<std::vector<PrometheusSample>> parse_prometheus_text(std::string_view text,
                                                            const std::function<bool(std::string_view)>& wanted) {
  std::vector<PrometheusSample> samples;
  for (int number = 1; !text.empty(); ++number) {
    const auto whole = take_line(text);
    const auto failed = [&](const std::string& why) { return invalid("line " + std::to_string(number) + ": " + why); };
    if (whole == "# EOF") break;
    PrometheusScanner line(whole);
    line.skip_blanks();
    if (line.at_end() || line.take("#") || line.take("{")) continue;
    const auto name = line.metric_name();
    const bool ends_well = line.take(" ") || line.take("\t") || line.take("{");
    if (name.empty() || !ends_well)
      return failed("expected NAME{label=\"value\"} NUMBER, got `" + shortened(valid_utf8(whole), 40) + "`");
    if (!wanted(name)) continue;
    PrometheusScanner rest(whole.substr(static_cast<std::size_t>(name.data() - whole.data()) + name.size()));
    auto sample = parse_sample(name, rest);
    if (!sample) return failed(sample.error().message);
    samples.push_back(std::move(*sample));
    if (samples.size() > kMostSamples) return failed("more than 4096 samples of the series that are looked for");
  }
  return samples;
}

}  // namespace ipw
