#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace ipw::probes::sources::amdgpu {

// One unit of the energy counter, whatever the revision: 2^-16 J (15.259 uJ).
constexpr Joules kEnergyUnit{1.0 / 65536};

// Why a GPU runs slower than it might.
enum class Limiter { power_cap, current, thermal, hardware };
constexpr std::size_t kLimiters = 4;
std::string_view to_text(Limiter limiter);

// The first four bytes of every table.
struct MetricsHeader {
  std::size_t size;  // of the whole table
  int format, content;

  bool is_apu() const { return format == 2 || format == 3; }
  std::string text() const;  // "v1.3"
};

// What concerns power in the table that the kernel shows as `gpu_metrics`. What the table has not, or marks as not
// available (all ones), is empty.
struct GpuMetrics {
  MetricsHeader header{};
  std::optional<std::uint64_t> energy;  // counted so far, in kEnergyUnit; its width is the firmware's (see Model)
  std::optional<Watts> power;           // of the socket
  // By Limiter. Either whether it limits now, or for how long it ever did, in a unit of the firmware's own.
  std::optional<std::array<std::uint64_t, kLimiters>> limited;
  bool limited_is_accumulated{false};
};

std::optional<MetricsHeader> metrics_header(std::string_view table);

// Reads a table, or its first bytes where it is longer than what was read. Errors: unavailable (a revision or size that
// is not known: names it), retry (truncated), invalid (contradicts itself).
//
// Source of the layouts: struct gpu_metrics_v* in drivers/gpu/drm/amd/include/kgd_pp_interface.h of the kernel, with
// C's natural alignment; v1.9 is a list of attributes, packed (smu_cmn.h). v1.0 and v2.0 are refused, as that header
// advises.
Result<GpuMetrics> parse_gpu_metrics(std::string_view table);

// What limited the GPU at `now`, given the table before; nothing where the table does not tell.
std::vector<std::string> limited_by(const GpuMetrics& now, const std::optional<GpuMetrics>& before);

}  // namespace ipw::probes::sources::amdgpu
