#include <charconv>
#include <cmath>

#include "exporter/metrics.hpp"

namespace ipw {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Untyped:
      break;
  }
  return "untyped";
}

template <class Number>
void append_digits(std::string& out, Number value) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_number(std::string& out, std::uint64_t value) {
  append_digits(out, value);
}

void append_number(std::string& out, double value) {
  constexpr double kWhole = 1e15;  // below it counts are written as people write them, and quickly
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(value) < kWhole && value == std::trunc(value)) {
    append_digits(out, static_cast<std::int64_t>(value));
  } else {
    append_digits(out, value);
  }
}

// The format escapes quotes in label values only.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (quoted && c == '"')) out += '\\';
      out += c;
    }
  }
}

// The labels of one series after the other. Neighbours mostly begin with the same labels: those are written once.
class LabelText {
 public:
  const std::string& of(const Labels& labels) {
    std::size_t same = 0;
    while (same < ends_.size() && same < labels.size() && labels[same] == (*last_)[same]) ++same;
    ends_.resize(same);
    text_.resize(same == 0 ? 0 : ends_.back());
    for (; same < labels.size(); ++same) {
      if (same > 0) text_ += ',';
      text_.append(labels[same].name).append("=\"");
      append_escaped(text_, labels[same].value, true);
      text_ += '"';
      ends_.push_back(text_.size());
    }
    last_ = &labels;
    return text_;
  }

 private:
  const Labels* last_{nullptr};
  std::string text_;
  std::vector<std::size_t> ends_;  // of each label in the text
};

template <class Number>
void append_line(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                 Number value) {
  out.append(name).append(suffix);
  if (!labels.empty()) {
    out += '{';
    out.append(labels);
    out += '}';
  }
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const std::string& labels,
                      const ClientMetric::Histogram& histogram) {
  std::string bucket = labels.empty() ? "le=\"" : labels + ",le=\"";
  const auto stem = bucket.size();
  for (const auto& [count, bound] : histogram.bucket) {
    if (std::isinf(bound)) continue;
    bucket.resize(stem);
    append_number(bucket, bound);
    append_line(out, name, "_bucket", bucket += '"', count);
  }
  bucket.resize(stem);
  append_line(out, name, "_bucket", bucket += "+Inf\"", histogram.sample_count);
  append_line(out, name, "_sum", labels, histogram.sample_sum);
  append_line(out, name, "_count", labels, histogram.sample_count);
}

void append_metric(std::string& out, const prometheus::MetricFamily& family, const ClientMetric& metric,
                   const std::string& labels) {
  switch (family.type) {
    case MetricType::Counter:
      return append_line(out, family.name, "", labels, metric.counter.value);
    case MetricType::Gauge:
      return append_line(out, family.name, "", labels, metric.gauge.value);
    case MetricType::Histogram:
      return append_histogram(out, family.name, labels, metric.histogram);
    case MetricType::Untyped:
    case MetricType::Summary:
      return append_line(out, family.name, "", labels, metric.untyped.value);
  }
}

}  // namespace

void append_text(std::string& out, const prometheus::MetricFamily& family) {
  out.append("# HELP ").append(family.name).append(" ");
  append_escaped(out, family.help, false);
  out.append("\n# TYPE ").append(family.name).append(" ").append(type_name(family.type)).append("\n");
  LabelText labels;
  for (const auto& metric : family.metric) append_metric(out, family, metric, labels.of(metric.label));
}

std::string render_text(const std::vector<prometheus::MetricFamily>& families) {
  std::string out;
  for (const auto& family : families) append_text(out, family);
  return out;
}

}  // namespace ipw
