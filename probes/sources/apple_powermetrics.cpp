#include "probes/sources/apple_powermetrics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/text.hpp"

namespace ipw::probes::sources {
namespace {

constexpr std::size_t kLongestReport = 4U << 20U, kDeepest = 32;
constexpr Watts kMostOfSoc{1000};
constexpr Seconds kLongestInterval{3600};

Error invalid(std::string message) {
  return {Errc::invalid, "powermetrics: " + std::move(message)};
}

// Walks through an XML property list and tells every number or text with the keys that lead to it ("" for what is in an
// array). As much of XML as Apple's own writer makes: no attributes that matter, no CDATA, no entities in what we read.
class PropertyList {
 public:
  using Path = std::vector<std::string>;
  using Visit = std::function<void(const Path&, std::string_view)>;
  PropertyList(std::string_view text, const Visit& visit) : rest_(text), visit_(visit) {}

  Result<void> walk() {
    for (;;) {
      const auto begin = rest_.find('<');
      if (begin == std::string_view::npos) break;
      rest_.remove_prefix(begin);
      if (auto ok = element(); !ok) return ok;
    }
    if (!seen_) return invalid("this is no property list");
    if (!open_.empty()) return invalid("the property list is cut off");
    return {};
  }

 private:
  Result<void> element() {
    for (const auto& [open, close] : {std::pair{"<!--", "-->"}, std::pair{"<?", "?>"}, std::pair{"<!", ">"}})
      if (rest_.starts_with(open)) return skip_past(close);
    const auto end = rest_.find('>');
    if (end == std::string_view::npos) return invalid("the property list is cut off in a tag");
    auto tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (tag.starts_with('/')) return close(tag.substr(1));
    if (tag.ends_with('/')) return value({});
    tag = tag.substr(0, tag.find(' '));
    if (tag == "plist" || tag == "dict" || tag == "array") return open(tag);
    return leaf(tag);
  }

  Result<void> skip_past(std::string_view mark) {
    const auto end = rest_.find(mark);
    if (end == std::string_view::npos) return invalid("the property list is cut off");
    rest_.remove_prefix(end + mark.size());
    return {};
  }

  Result<void> open(std::string_view tag) {
    if (open_.size() == kDeepest) return invalid("the property list is nested too deeply");
    seen_ = true;
    if (tag != "plist") path_.push_back(std::exchange(key_, {}));
    open_.emplace_back(tag);
    return {};
  }

  Result<void> close(std::string_view tag) {
    if (open_.empty() || open_.back() != tag) return invalid("a tag of the property list is closed that is not open");
    open_.pop_back();
    if (tag != "plist") path_.pop_back();
    return {};
  }

  Result<void> leaf(std::string_view tag) {
    const auto text = rest_.substr(0, rest_.find('<'));
    rest_.remove_prefix(text.size());
    const auto closing = "</" + std::string(tag) + ">";
    if (!rest_.starts_with(closing)) return invalid("a value of the property list is not closed");
    rest_.remove_prefix(closing.size());
    if (tag != "key") return value(text);
    key_ = text;
    return {};
  }

  Result<void> value(std::string_view text) {
    path_.push_back(std::exchange(key_, {}));
    visit_(path_, text);
    path_.pop_back();
    return {};
  }

  std::string_view rest_;
  const Visit& visit_;
  std::vector<std::string> open_;
  Path path_;
  std::string key_;
  bool seen_{false};
};

std::optional<double> to_number(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

// The figures of a report, as they stand there.
struct Figures {
  std::optional<std::string> elapsed_ns, cpu, gpu, ane, combined;

  void take(const PropertyList::Path& path, std::string_view text) {
    // The outermost dictionary has no key.
    if (path.size() == 2 && path[1] == "elapsed_ns") elapsed_ns = text;
    if (path.size() != 3 || path[1] != "processor") return;
    if (path[2] == "cpu_power") cpu = text;
    if (path[2] == "gpu_power") gpu = text;
    if (path[2] == "ane_power") ane = text;
    if (path[2] == "combined_power") combined = text;
  }
};

Result<std::optional<Watts>> power_of(std::string_view name, const std::optional<std::string>& text) {
  if (!text) return std::optional<Watts>();
  const auto milliwatts = to_number(*text);
  const auto power = Watts{milliwatts.value_or(-1) * 1e-3};
  if (!(power >= Watts{0} && power <= kMostOfSoc))
    return invalid(std::string(name) + " is `" + shortened(valid_utf8(*text), 40) + "`, which is no power in mW");
  return std::optional(power);
}

}  // namespace

Result<PowermetricsReport> parse_powermetrics(std::string_view text) {
  Figures figures;
  const PropertyList::Visit visit = [&](const auto& path, std::string_view value) { figures.take(path, value); };
  if (auto ok = PropertyList(text, visit).walk(); !ok) return ok.error();

  PowermetricsReport report;
  const auto elapsed = Seconds{to_number(figures.elapsed_ns.value_or("")).value_or(0) * 1e-9};
  if (!(elapsed > Seconds{0} && elapsed <= kLongestInterval)) return invalid("the report has no `elapsed_ns`");
  report.elapsed = elapsed;
  const std::pair<const char*, const std::optional<std::string>*> parts[] = {
      {"cpu_power", &figures.cpu}, {"gpu_power", &figures.gpu}, {"ane_power", &figures.ane}};
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    const auto power = power_of(parts[i].first, *parts[i].second);
    if (!power) return power.error();
    report.power[i] = *power;
    report.combined += power->value_or(Watts{0});
  }
  const auto combined = power_of("combined_power", figures.combined);
  if (!combined) return combined.error();
  if (*combined)
    report.combined = **combined;
  else if (!report.power[0] || !report.power[1])
    return invalid("the report has no power of CPU and GPU (is this Apple silicon?)");
  return report;
}

std::vector<Result<PowermetricsReport>> PowermetricsStream::feed(std::string_view bytes) {
  std::vector<Result<PowermetricsReport>> reports;
  while (!bytes.empty()) {
    const auto end = bytes.find('\0');
    const auto part = bytes.substr(0, end);
    if (report_.size() + part.size() > kLongestReport) too_long_ = true;
    if (!too_long_) report_ += part;
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    if (too_long_)
      reports.emplace_back(invalid("a report is longer than 4 MiB"));
    else if (!trim(report_).empty())
      reports.push_back(parse_powermetrics(report_));
    report_.clear();
    too_long_ = false;
  }
  return reports;
}

PowermetricsCounters::PowermetricsCounters(const PowermetricsReport& first, std::string_view model, MonoTime at)
    : at_(at) {
  for (std::size_t i = 0; i < kAppleParts; ++i)
    if (first.power[i]) parts_.push_back(static_cast<ApplePart>(i));
  channels_ = apple_channels(parts_, model);
  for (auto& channel : channels_) channel.read_every = Seconds{0.2};
  counted_.resize(channels_.size());
  power_.resize(channels_.size());
  add(first, at);
}

void PowermetricsCounters::add(const PowermetricsReport& report, MonoTime at) {
  at_ = std::max(at_, at);
  power_[0] = report.combined;
  for (std::size_t i = 0; i < parts_.size(); ++i) power_[i + 1] = report.power[static_cast<std::size_t>(parts_[i])];
  for (std::size_t i = 0; i < counted_.size(); ++i) counted_[i] += power_[i].value_or(Watts{0}) * report.elapsed;
}

std::vector<Result<StampedReading>> PowermetricsCounters::read() const {
  std::vector<Result<StampedReading>> readings;
  for (std::size_t i = 0; i < counted_.size(); ++i) {
    if (power_[i])
      readings.emplace_back(StampedReading{at_, counted_[i]});
    else
      readings.emplace_back(Error{Errc::retry, "powermetrics: the last report leaves `" + channels_[i].name + "` out"});
  }
  return readings;
}

}  // namespace ipw::probes::sources
