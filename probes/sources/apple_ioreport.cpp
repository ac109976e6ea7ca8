// Source: no header of Apple's describes IOReport; the functions' types are those that its users have found out, and
// the layout of an element is that of xnu's iokit/IOKit/IOKernelReportStructs.h (IOReportElement: provider, channel and
// type of 8 bytes each, then the time in mach ticks, then four values).

#include "probes/sources/apple_ioreport.hpp"

#ifdef __APPLE__

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach_time.h>

#include <array>
#include <cstring>

#include "probes/shared_library.hpp"
#include "probes/sources/apple_soc.hpp"

namespace ipw::probes::sources {
namespace {

constexpr std::size_t kTimeOffset = 24;

struct Releaser {
  void operator()(CFTypeRef object) const { ::CFRelease(object); }
};
template <class Ref>
using Owned = std::unique_ptr<std::remove_pointer_t<Ref>, Releaser>;

using CopyChannels = CFDictionaryRef(CFStringRef group, CFStringRef subgroup, std::uint64_t, std::uint64_t,
                                     std::uint64_t);
using CreateSubscription = CFTypeRef(void*, CFMutableDictionaryRef wanted, CFMutableDictionaryRef* subscribed,
                                     std::uint64_t, CFTypeRef);
using CreateSamples = CFDictionaryRef(CFTypeRef subscription, CFMutableDictionaryRef subscribed, CFTypeRef);
using ChannelText = CFStringRef(CFDictionaryRef channel);
using SimpleValue = std::int64_t(CFDictionaryRef channel, std::int32_t index);

struct Functions {
  CopyChannels* copy_channels;
  CreateSubscription* create_subscription;
  CreateSamples* create_samples;
  ChannelText *name, *unit;
  SimpleValue* value;

  bool complete() const {
    return copy_channels != nullptr && create_subscription != nullptr && create_samples != nullptr && name != nullptr &&
           unit != nullptr && value != nullptr;
  }
};

std::string to_text(CFStringRef text) {
  char buffer[256] = {};
  if (text == nullptr || !::CFStringGetCString(text, buffer, sizeof buffer, kCFStringEncodingUTF8)) return {};
  return buffer;
}

std::optional<Seconds> age_of(CFDictionaryRef channel) {
  const void* raw = ::CFDictionaryGetValue(channel, CFSTR("RawElements"));
  if (raw == nullptr || ::CFGetTypeID(raw) != ::CFDataGetTypeID()) return std::nullopt;
  const auto* const data = static_cast<CFDataRef>(raw);
  std::uint64_t written = 0;
  if (::CFDataGetLength(data) < static_cast<CFIndex>(kTimeOffset + sizeof written)) return std::nullopt;
  std::memcpy(&written, ::CFDataGetBytePtr(data) + kTimeOffset, sizeof written);
  mach_timebase_info_data_t base{};
  const auto now = ::mach_absolute_time();
  if (written == 0 || written > now || ::mach_timebase_info(&base) != KERN_SUCCESS || base.denom == 0)
    return std::nullopt;
  return Seconds{static_cast<double>(now - written) * base.numer / base.denom * 1e-9};
}

// A sample of the whole group: an array of channels, in an order that stays.
class Sample {
 public:
  explicit Sample(CFDictionaryRef sample) : sample_(sample) {
    if (sample == nullptr) return;
    const void* list = ::CFDictionaryGetValue(sample, CFSTR("IOReportChannels"));
    if (list != nullptr && ::CFGetTypeID(list) == ::CFArrayGetTypeID()) channels_ = static_cast<CFArrayRef>(list);
  }
  std::size_t size() const { return channels_ == nullptr ? 0 : static_cast<std::size_t>(::CFArrayGetCount(channels_)); }
  // REQUIRES: index < size().
  CFDictionaryRef operator[](std::size_t index) const {
    return static_cast<CFDictionaryRef>(::CFArrayGetValueAtIndex(channels_, static_cast<CFIndex>(index)));
  }

 private:
  Owned<CFDictionaryRef> sample_;
  CFArrayRef channels_{nullptr};
};

class IoReport final : public PowerSource {
 public:
  IoReport(SharedLibrary library, const Functions& functions, const Clock& clock)
      : library_(std::move(library)), functions_(functions), clock_(clock) {}

  Result<void> subscribe(const std::string& model) {
    const Owned<CFDictionaryRef> found(functions_.copy_channels(CFSTR("Energy Model"), nullptr, 0, 0, 0));
    if (found == nullptr) return Error{Errc::unavailable, "IOReport has no group `Energy Model`"};
    wanted_.reset(::CFDictionaryCreateMutableCopy(nullptr, 0, found.get()));
    CFMutableDictionaryRef subscribed = nullptr;
    subscription_.reset(functions_.create_subscription(nullptr, wanted_.get(), &subscribed, 0, nullptr));
    subscribed_.reset(subscribed);
    if (subscription_ == nullptr) return Error{Errc::unavailable, "IOReport refuses a subscription"};

    const auto first = sample();
    for (std::size_t i = 0; i < first.size(); ++i)
      counters_.push_back({to_text(functions_.name(first[i])), to_text(functions_.unit(first[i]))});
    auto soc = AppleSoc::from(counters_, model);
    if (!soc) return Error{Errc::unavailable, soc.error().message};
    soc_ = std::move(*soc);
    return {};
  }

  std::span<const Channel> channels() const override { return soc_->channels(); }

  std::vector<Result<StampedReading>> read() override {
    const auto now_sampled = sample();
    const auto value_of = [&](std::size_t i) -> Result<AppleValue> {
      if (i >= now_sampled.size() || to_text(functions_.name(now_sampled[i])) != counters_[i].name)
        return Error{Errc::unavailable, "IOReport's counter `" + counters_[i].name + "` is not there any more"};
      return AppleValue{functions_.value(now_sampled[i], 0), age_of(now_sampled[i])};
    };
    return soc_->read(value_of, clock_.now());
  }

 private:
  Sample sample() const {
    auto* const subscribed = subscribed_ != nullptr ? subscribed_.get() : wanted_.get();
    return Sample(functions_.create_samples(subscription_.get(), subscribed, nullptr));
  }

  SharedLibrary library_;
  Functions functions_;
  const Clock& clock_;
  Owned<CFMutableDictionaryRef> wanted_, subscribed_;
  Owned<CFTypeRef> subscription_;
  std::vector<AppleCounter> counters_;
  std::optional<AppleSoc> soc_;
};

}  // namespace

Result<std::unique_ptr<PowerSource>> open_ioreport(const std::string& model, const Clock& clock) {
  const std::array<std::string, 1> names{"/usr/lib/libIOReport.dylib"};
  auto library = SharedLibrary::open(names);
  if (!library) return library.error();
  const Functions functions{library->function<CopyChannels>("IOReportCopyChannelsInGroup"),
                            library->function<CreateSubscription>("IOReportCreateSubscription"),
                            library->function<CreateSamples>("IOReportCreateSamples"),
                            library->function<ChannelText>("IOReportChannelGetChannelName"),
                            library->function<ChannelText>("IOReportChannelGetUnitLabel"),
                            library->function<SimpleValue>("IOReportSimpleGetIntegerValue")};
  if (!functions.complete()) return Error{Errc::unavailable, library->name() + " lacks functions that are needed"};
  auto source = std::make_unique<IoReport>(std::move(*library), functions, clock);
  if (auto ok = source->subscribe(model); !ok) return ok.error();
  return source;
}

}  // namespace ipw::probes::sources

#endif
