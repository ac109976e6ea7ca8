#include "probes/sources/amdgpu_metrics.hpp"

#include <algorithm>

namespace ipw::probes::sources::amdgpu {
namespace {

// Where the fields of one revision lie; 0, which is the header's place, where it has none.
struct Layout {
  int format{0}, content{0};
  std::size_t size{0};
  std::size_t watts{0};             // 16 bit
  std::size_t milliwatts{0};        // 16 bit
  std::size_t wide_milliwatts{0};   // 32 bit
  std::size_t energy{0};            // 64 bit
  std::size_t throttlers{0};        // 64 bit, the same bits for every GPU: SMU_THROTTLER_*_BIT in amdgpu_smu.h
  std::size_t mi300_throttlers{0};  // 32 bit: smu_v13_0_6_throttler_map
  std::size_t residencies{0};       // 5 of 32 bit: prochot, power, socket, voltage regulator, memory
};

// Two structures went by the name v1.6 while it was being made; the size tells them apart. The units of the power of
// v2.1 to v2.3 differ between APUs, so that it is left to hwmon.
constexpr std::array kLayouts{
    Layout{.format = 1, .content = 1, .size = 96, .watts = 22, .energy = 24},
    Layout{.format = 1, .content = 2, .size = 104, .watts = 22, .energy = 24},
    Layout{.format = 1, .content = 3, .size = 120, .watts = 22, .energy = 24, .throttlers = 112},
    Layout{.format = 1, .content = 4, .size = 288, .watts = 10, .energy = 24, .mi300_throttlers = 40},
    Layout{.format = 1, .content = 5, .size = 360, .watts = 10, .energy = 88, .mi300_throttlers = 104},
    Layout{.format = 1, .content = 6, .size = 384, .watts = 10, .energy = 88, .residencies = 108},
    Layout{.format = 1, .content = 6, .size = 1664, .watts = 10, .energy = 16, .residencies = 36},
    Layout{.format = 1, .content = 7, .size = 2208, .watts = 10, .energy = 24, .residencies = 44},
    Layout{.format = 1, .content = 8, .size = 3872, .watts = 10, .energy = 24, .residencies = 44},
    Layout{.format = 2, .content = 1, .size = 120},
    Layout{.format = 2, .content = 2, .size = 128, .throttlers = 120},
    Layout{.format = 2, .content = 3, .size = 152, .throttlers = 120},
    Layout{.format = 2, .content = 4, .size = 168, .milliwatts = 40, .throttlers = 120},
    Layout{.format = 3, .content = 0, .size = 264, .wide_milliwatts = 112},
};
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kResidencies = 5;

std::uint64_t unsigned_at(std::string_view table, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(table[offset + i]);
  return value;
}

// The field, unless it is not there or all ones.
std::optional<std::uint64_t> field(std::string_view table, std::size_t offset, std::size_t width) {
  if (offset == 0) return std::nullopt;
  const auto value = unsigned_at(table, offset, width);
  const auto all_ones = ~std::uint64_t{0} >> (64 - 8 * width);
  if (value == all_ones) return std::nullopt;
  return value;
}

// Newer kernels put 32 ones into the 64 bits where a Radeon's firmware no longer counts.
std::optional<std::uint64_t> counted(std::optional<std::uint64_t> energy) {
  if (energy && *energy == 0xFFFFFFFFU) return std::nullopt;
  return energy;
}

std::optional<Watts> watts(std::optional<std::uint64_t> raw, double unit) {
  if (!raw) return std::nullopt;
  return Watts{static_cast<double>(*raw) * unit};
}

constexpr std::uint64_t bits(int first, int last) {
  return (~std::uint64_t{0} << first) & (~std::uint64_t{0} >> (63 - last));
}

using Limited = std::array<std::uint64_t, kLimiters>;

Limited from_throttlers(std::uint64_t status) {
  return {status & bits(0, 7), status & bits(16, 23), status & bits(32, 45), status & bits(46, 47)};
}

Limited from_mi300_throttlers(std::uint64_t status) {
  return {status & bits(1, 1), 0, status & bits(2, 4), status & bits(0, 0)};
}

using Residencies = std::array<std::optional<std::uint64_t>, kResidencies>;

std::optional<Limited> from_residencies(const Residencies& times) {
  if (std::ranges::none_of(times, [](const auto& time) { return time.has_value(); })) return std::nullopt;
  const auto at = [&](std::size_t i) { return times[i].value_or(0); };
  return Limited{at(1), 0, at(2) + at(3) + at(4), at(0)};
}

Error refused(Errc code, const MetricsHeader& header, const std::string& why) {
  return {code, header.text() + " of " + std::to_string(header.size) + " bytes " + why};
}

GpuMetrics parse_fixed(std::string_view table, const MetricsHeader& header, const Layout& layout) {
  GpuMetrics metrics;
  metrics.header = header;
  metrics.energy = counted(field(table, layout.energy, 8));
  metrics.power = watts(field(table, layout.watts, 2), 1);
  if (!metrics.power) metrics.power = watts(field(table, layout.milliwatts, 2), 1e-3);
  if (!metrics.power) metrics.power = watts(field(table, layout.wide_milliwatts, 4), 1e-3);
  if (const auto status = field(table, layout.throttlers, 8)) metrics.limited = from_throttlers(*status);
  if (const auto status = field(table, layout.mi300_throttlers, 4)) metrics.limited = from_mi300_throttlers(*status);
  if (layout.residencies != 0) {
    Residencies times;
    for (std::size_t i = 0; i < kResidencies; ++i) times[i] = field(table, layout.residencies + 4 * i, 4);
    metrics.limited = from_residencies(times);
    metrics.limited_is_accumulated = true;
  }
  return metrics;
}

// v1.9: a count in 32 bits, then each attribute's encoding in 64 bits (unit, type, id, number of values) and values.
// The ids are enum amdgpu_metrics_attr_id's, of which new ones come at the end.
constexpr std::uint64_t kSocketPower = 3, kEnergy = 7, kFirstResidency = 10;

struct Attribute {
  std::uint64_t id{0};
  std::optional<std::uint64_t> value;  // the first of its values
  std::size_t size{0};                 // with its encoding
};

// Nothing: its type is not known, or it reaches beyond the end.
std::optional<Attribute> attribute_at(std::string_view table, std::size_t offset) {
  constexpr std::size_t kWidths[] = {1, 1, 2, 2, 4, 4, 8, 8}, kEncoding = 8;
  if (table.size() < offset + kEncoding) return std::nullopt;
  const auto encoding = unsigned_at(table, offset, kEncoding);
  const std::size_t type = encoding >> 20 & 0xF, values = encoding & 0x3FF;
  if (type >= std::size(kWidths) || values == 0) return std::nullopt;
  const auto size = kEncoding + kWidths[type] * values;
  if (table.size() < offset + size) return std::nullopt;
  return Attribute{encoding >> 10 & 0x3FF, field(table, offset + kEncoding, kWidths[type]), size};
}

Result<GpuMetrics> parse_attributes(std::string_view table, const MetricsHeader& header) {
  GpuMetrics metrics;
  metrics.header = header;
  Residencies times;
  std::size_t offset = 8;
  for (auto left = unsigned_at(table, kHeaderSize, 4); left > 0; --left) {
    const auto attribute = attribute_at(table, offset);
    if (!attribute && table.size() < header.size) break;  // the rest was not read
    if (!attribute) return refused(Errc::invalid, header, "has an attribute of no known type, or fewer than it says");
    if (attribute->id == kSocketPower) metrics.power = watts(attribute->value, 1);
    if (attribute->id == kEnergy) metrics.energy = counted(attribute->value);
    const auto residency = attribute->id - kFirstResidency;  // far beyond the last where the id is smaller
    if (residency < kResidencies) times[residency] = attribute->value;
    offset += attribute->size;
  }
  metrics.limited = from_residencies(times);
  metrics.limited_is_accumulated = true;
  return metrics;
}

}  // namespace

std::string_view to_text(Limiter limiter) {
  constexpr std::string_view kNames[] = {"power_cap", "current", "thermal", "hardware"};
  return kNames[static_cast<std::size_t>(limiter)];
}

std::string MetricsHeader::text() const {
  return "v" + std::to_string(format) + "." + std::to_string(content);
}

std::optional<MetricsHeader> metrics_header(std::string_view table) {
  if (table.size() < kHeaderSize) return std::nullopt;
  return MetricsHeader{unsigned_at(table, 0, 2), static_cast<unsigned char>(table[2]),
                       static_cast<unsigned char>(table[3])};
}

Result<GpuMetrics> parse_gpu_metrics(std::string_view table) {
  // SensorFile's readings are this long at most; every field that is read lies before.
  constexpr std::size_t kRead = 512;
  const auto header = metrics_header(table);
  if (!header) return Error{Errc::retry, "a table of " + std::to_string(table.size()) + " bytes is truncated"};
  const bool is_list = header->format == 1 && header->content == 9;
  const auto* layout = std::ranges::find_if(kLayouts, [&](const Layout& l) {
    return l.format == header->format && l.content == header->content && l.size == header->size;
  });
  if (layout == kLayouts.end() && !(is_list && header->size >= 8))
    return refused(Errc::unavailable, *header, "is a table of an unknown revision: not read");
  if (table.size() < std::min(header->size, kRead)) return refused(Errc::retry, *header, "is truncated");
  if (is_list) return parse_attributes(table.substr(0, header->size), *header);
  return parse_fixed(table, *header, *layout);
}

std::vector<std::string> limited_by(const GpuMetrics& now, const std::optional<GpuMetrics>& before) {
  std::vector<std::string> limiters;
  if (!now.limited) return limiters;
  Limited level{};
  if (now.limited_is_accumulated) {
    if (!before || !before->limited) return limiters;
    level = *before->limited;
  }
  for (std::size_t i = 0; i < kLimiters; ++i)
    if ((*now.limited)[i] > level[i]) limiters.emplace_back(to_text(static_cast<Limiter>(i)));
  return limiters;
}

}  // namespace ipw::probes::sources::amdgpu
