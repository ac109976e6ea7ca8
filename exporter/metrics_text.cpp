#include <charconv>
#include <chrono>
#include <cmath>

#include "exporter/metrics.hpp"

namespace ipw {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

std::string_view type_name(MetricType type) {
  if (type == MetricType::Histogram) return "histogram";
  return type == MetricType::Counter ? "counter" : "gauge";
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

// As Go writes floats, with a point: what readers of both formats take for one and the same label.
void append_bound(std::string& out, double bound) {
  char digits[32];
  const auto* end = std::to_chars(digits, digits + sizeof digits, bound, std::chars_format::general).ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// Both formats escape in label values; in HELP, 0.0.4 leaves quotes alone.
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

void append_exemplar(std::string& out, const Exemplar& exemplar) {
  constexpr std::size_t kMost = 128;  // of characters in an exemplar's labels, by the format
  if (exemplar.attempt.empty() || exemplar.attempt.size() + std::string_view("id").size() > kMost) return;
  out += " # {id=\"";
  append_escaped(out, exemplar.attempt, true);
  out += "\"} ";
  append_number(out, exemplar.value);
  out += ' ';
  const auto since_epoch = exemplar.at.time_since_epoch();
  append_number(out, std::chrono::duration<double>(std::chrono::floor<std::chrono::milliseconds>(since_epoch)).count());
}

template <class Number>
void append_line(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                 Number value, const Exemplar* exemplar = nullptr) {
  out.append(name).append(suffix);
  if (!labels.empty()) {
    out += '{';
    out.append(labels);
    out += '}';
  }
  out += ' ';
  append_number(out, value);
  if (exemplar != nullptr) append_exemplar(out, *exemplar);
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const std::string& labels,
                      const ClientMetric::Histogram& histogram, std::span<const Exemplar> exemplars) {
  std::string bucket = labels.empty() ? "le=\"" : labels + ",le=\"";
  const auto stem = bucket.size();
  const auto exemplar = [&](std::size_t i) { return i < exemplars.size() ? &exemplars[i] : nullptr; };
  for (std::size_t i = 0; i < histogram.bucket.size(); ++i) {
    bucket.resize(stem);
    append_bound(bucket, histogram.bucket[i].upper_bound);
    append_line(out, name, "_bucket", bucket += '"', histogram.bucket[i].cumulative_count, exemplar(i));
  }
  bucket.resize(stem);
  append_line(out, name, "_bucket", bucket += "+Inf\"", histogram.sample_count, exemplar(histogram.bucket.size()));
  append_line(out, name, "_sum", labels, histogram.sample_sum);
  append_line(out, name, "_count", labels, histogram.sample_count);
}

double plain_value(MetricType type, const ClientMetric& metric) {
  return type == MetricType::Counter ? metric.counter.value : metric.gauge.value;
}

// OpenMetrics calls a counter's family by its name without `_total`.
std::string_view family_name(TextFormat format, const prometheus::MetricFamily& family) {
  constexpr std::string_view kTotal = "_total";
  std::string_view name = family.name;
  if (format == TextFormat::openmetrics && family.type == MetricType::Counter && name.ends_with(kTotal))
    name.remove_suffix(kTotal.size());
  return name;
}

}  // namespace

void append_text(std::string& out, TextFormat format, const prometheus::MetricFamily& family,
                 std::span<const std::span<const Exemplar>> exemplars) {
  const bool open = format == TextFormat::openmetrics;
  const auto name = family_name(format, family);
  out.append("# HELP ").append(name).append(" ");
  append_escaped(out, family.help, open);
  out.append("\n# TYPE ").append(name).append(" ").append(type_name(family.type)).append("\n");
  LabelText labels;
  for (std::size_t i = 0; i < family.metric.size(); ++i) {
    const auto& metric = family.metric[i];
    const auto& text = labels.of(metric.label);
    if (family.type == MetricType::Histogram)
      append_histogram(out, family.name, text, metric.histogram,
                       open && i < exemplars.size() ? exemplars[i] : std::span<const Exemplar>{});
    else
      append_line(out, family.name, "", text, plain_value(family.type, metric));
  }
}

void append_end(std::string& out, TextFormat format) {
  if (format == TextFormat::openmetrics) out += "# EOF\n";
}

std::string render_text(const std::vector<prometheus::MetricFamily>& families) {
  std::string out;
  for (const auto& family : families) append_text(out, TextFormat::prometheus, family);
  return out;
}

}  // namespace ipw
