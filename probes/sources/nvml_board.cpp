#include "probes/sources/nvml_board.hpp"

#include <algorithm>
#include <limits>

namespace ipw::probes::nvml {
namespace {

using Answer = GpuBoard::Answer;

// The figures of a board, in the order of Answers.
enum Figure : std::size_t { kEnergy, kPower, kModulePower, kFigures };
using Answers = std::array<Answer, kFigures>;
using Wanted = std::array<bool, kFigures>;

constexpr FieldValue field_of(std::size_t figure) {
  FieldValue field{};
  field.field = figure == kEnergy ? kTotalEnergy : kInstantPower;
  field.scope = figure == kModulePower ? kScopeModule : kScopeGpu;
  return field;
}

// Beyond these a figure is one of the driver's marks for "no value" (such as 2^64 - 1), or garbage.
constexpr double kMostMillijoules = 1e15, kMostMilliwatts = 1e8;
// A sensor may stamp its value with the instant of its last update, which is never longer ago.
constexpr std::chrono::milliseconds kOldestStamp{150};

struct Handle {
  const Library& library;
  Device device;
  const Clocks& clocks;
};

double number(const FieldValue& field) {
  switch (field.type) {
    case 0:
      return field.as_double;
    case 1:
      return field.as_uint;
    case 2:
      return static_cast<double>(field.as_ulong);
    case 3:
      return static_cast<double>(field.as_ull);
    case 4:
      return static_cast<double>(field.as_sll);
    case 5:
      return field.as_int;
    case 6:
      return field.as_ushort;
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

// A call into the driver, and what its stamps mean on our clock. Without a (believable) stamp a value is from the
// middle of the call.
class CallTime {
 public:
  explicit CallTime(const Clocks& clocks) : clocks_(clocks), before_(clocks.mono->now()), wall_before_(clocks.wall()) {}
  void end() { after_ = clocks_.mono->now(); }

  MonoTime middle() const { return before_ + (after_ - before_) / 2; }
  MonoTime at(long long stamp_us) const {
    // Far from now the difference of the two could overflow.
    const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(wall_before_.time_since_epoch()).count();
    if (stamp_us < now_us - 1'000'000 || stamp_us - now_us > 3'600'000'000) return middle();
    const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(wall_before_.time_since_epoch());
    const auto stamp = before_ + (std::chrono::microseconds(stamp_us) - since_epoch);
    return stamp < before_ - kOldestStamp || stamp > after_ ? middle() : stamp;
  }

 private:
  const Clocks& clocks_;
  MonoTime before_;
  WallTime wall_before_;
  MonoTime after_{};
};

void ask_fields(const Handle& handle, const Wanted& wanted, Answers& answers) {
  std::array<FieldValue, kFigures> fields{};
  int count = 0;
  for (std::size_t i = 0; i < kFigures; ++i)
    if (wanted[i]) fields[static_cast<std::size_t>(count++)] = field_of(i);
  if (count == 0) return;

  CallTime time(handle.clocks);
  const int code = call(handle.library->field_values, handle.device, count, fields.data());
  time.end();
  for (std::size_t i = 0, next = 0; i < kFigures; ++i) {
    if (!wanted[i]) continue;
    const auto& field = fields[next++];
    if (code != kOk)
      answers[i] = {code, 0, time.middle()};
    else
      answers[i] = {field.code, number(field), time.at(field.stamp_us)};
  }
}

template <class Number>
Answer ask(const Handle& handle, int (*function)(Device, Number*)) {
  Number value{};
  CallTime time(handle.clocks);
  const int code = call(function, handle.device, &value);
  time.end();
  return {code, static_cast<double>(value), time.middle()};
}

bool is_energy(const Answer& answer) {
  return answer.code == kOk && answer.value >= 0 && answer.value < kMostMillijoules;
}

// No board that answers draws nothing at all: 0 is what some drivers say when they are asked too soon.
bool is_power(const Answer& answer) {
  return answer.code == kOk && answer.value > 0 && answer.value < kMostMilliwatts;
}

Watts watts(const Answer& power) {
  return Watts{power.value * 1e-3};
}

std::optional<std::string> loss(const Library& library, const Answers& answers) {
  for (const auto& answer : answers)
    if (is_loss(answer.code)) return library.describe(answer.code);
  return std::nullopt;
}

// An answer that is no figure.
Error no_figure(const Library& library, const std::string& what, const Answer& answer) {
  if (answer.code == kOk && answer.value == 0)
    return {Errc::retry, what + " reads 0, as it may when the driver is asked too soon"};
  if (answer.code == kOk) return {Errc::invalid, what + " cannot be " + std::to_string(answer.value * 1e-3)};
  const auto code = is_loss(answer.code) || answer.code == kNoPermission ? Errc::unavailable : Errc::retry;
  return {code, what + ": " + library.describe(answer.code)};
}

}  // namespace

Result<Abilities> probe(const Library& library, Device device, const Clocks& clocks) {
  const Handle handle{library, device, clocks};
  Answers fields;
  ask_fields(handle, {true, true, true}, fields);
  const Answers calls{ask(handle, library->energy), ask(handle, library->power)};
  for (const auto& answers : {fields, calls})
    if (const auto lost = loss(library, answers)) return Error{Errc::unavailable, *lost};

  Abilities abilities;
  const auto from = [](bool field, bool call) { return field ? From::field : call ? From::call : From::nothing; };
  abilities.energy = from(is_energy(fields[kEnergy]), is_energy(calls[kEnergy]));
  abilities.power = from(is_power(fields[kPower]), is_power(calls[kPower]));
  if (is_power(fields[kPower])) abilities.gpu_power = watts(fields[kPower]);
  if (is_power(fields[kModulePower])) abilities.module_power = watts(fields[kModulePower]);
  return abilities;
}

Result<void> GpuBoard::attach(const Library& library, Device device, const Clocks& clocks) {
  const auto abilities = probe(library, device, clocks);
  if (!abilities) return abilities.error();
  const bool same = (!shows_.energy || abilities->energy != From::nothing) &&
                    (!shows_.power || abilities->power != From::nothing) &&
                    (!shows_.module_power || abilities->module_power);
  if (!same) return Error{Errc::unavailable, "it does not tell any more what it told when it was opened"};
  abilities_ = *abilities;
  device_ = device;
  has_counted_ = false;
  return {};
}

Result<void> GpuBoard::read(const Library& library, const Clocks& clocks,
                            std::vector<Result<StampedReading>>& readings) {
  const Handle handle{library, device_, clocks};
  Answers answers;
  ask_fields(handle,
             {shows_.energy && abilities_.energy == From::field, abilities_.power == From::field, shows_.module_power},
             answers);
  if (shows_.energy && abilities_.energy == From::call) answers[kEnergy] = ask(handle, library->energy);
  if (abilities_.power == From::call) answers[kPower] = ask(handle, library->power);
  if (const auto lost = loss(library, answers)) return Error{Errc::unavailable, *lost};

  for (std::size_t i = 0; i < kFigures; ++i) answers[i].at = last_[i] = std::max(answers[i].at, last_[i]);
  if (shows_.energy) readings.push_back(counted(library, answers[kEnergy], answers[kPower]));
  if (shows_.power) readings.push_back(gauged(library, answers[kPower]));
  if (shows_.module_power) readings.push_back(gauged(library, answers[kModulePower]));
  return {};
}

Result<StampedReading> GpuBoard::counted(const Library& library, const Answer& energy, const Answer& power) {
  if (!is_energy(energy) || (energy.value == 0 && has_counted_))
    return no_figure(library, uuid_ + ": energy in joules", energy);
  if (energy.value > 0) has_counted_ = true;
  StampedReading reading{energy.at, Joules{energy.value * 1e-3}};
  if (is_power(power)) reading.power = StampedWatts{power.at, watts(power)};
  return reading;
}

Result<StampedReading> GpuBoard::gauged(const Library& library, const Answer& power) const {
  if (!is_power(power)) return no_figure(library, uuid_ + ": power in watts", power);
  return StampedReading{power.at, watts(power)};
}

}  // namespace ipw::probes::nvml
