// The machine's power as its BMC measures it, asked through the kernel's IPMI device with the DCMI command Get Power
// Reading: one figure, which most BMCs renew once a second.
// Source: IPMI 2.0 (messages, completion codes), DCMI 1.5 (6.6.1), <linux/ipmi.h>.

#include "probes/cpu_info.hpp"
#include "probes/power_source.hpp"
#include "probes/sources/ipmi_dcmi.hpp"

namespace ipw::probes::sources {
namespace {

constexpr Watts kMostOfMachine{100e3};

class Ipmi final : public PowerSource {
 public:
  Ipmi(DcmiMeter meter, const std::string& model, const Clock& clock) : meter_(std::move(meter)), clock_(clock) {
    channel_.name = "host";
    channel_.device = {"host", model};
    channel_.domain = Domain::platform;
    channel_.max_power = kMostOfMachine;
    channel_.read_every = Seconds{1};
  }

  std::span<const Channel> channels() const override { return {&channel_, 1}; }

  std::vector<Result<StampedReading>> read() override {
    const auto before = clock_.now();
    const auto watts = meter_.read();
    if (!watts) return {watts.error()};
    return {StampedReading{before + (clock_.now() - before) / 2, *watts}};
  }

 private:
  DcmiMeter meter_;
  Channel channel_;
  const Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_ipmi(Options& options, const ProbeEnvironment& environment) {
  if (auto ok = options.finish(); !ok) return ok.error();
  DcmiMeter meter([root = environment.root] { return open_ipmi_device(root); }, *environment.clock);
  auto source = std::make_unique<Ipmi>(std::move(meter), cpu_model(environment.root), *environment.clock);
  const auto first = source->read();
  if (!first.front()) return Error{Errc::unavailable, first.front().error().message};
  return source;
}

}  // namespace ipw::probes::sources
