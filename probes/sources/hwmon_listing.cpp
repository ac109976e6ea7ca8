#include "probes/sources/hwmon_listing.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace ipw::probes::sources {
namespace {

// Chips whose inputs do not pair by number, or not all of them; `name` is a prefix.
// Sources: Documentation/hwmon/{ina3221,ina209,ina2xx,ina238,ltc2947}.rst, drivers/hwmon/{ltc2992,pmbus/max20730,
// pmbus/max20751}.c of the kernel. (in1 of ltc2992 is its second supply; in2 and above are general-purpose pins.)
struct ChipRule {
  std::string_view name;
  std::vector<VoltsAmperes> pairs;
};

const std::vector<ChipRule>& chip_rules() {
  static const std::vector<ChipRule> kRules{
      {"ina3221", {{1, 1}, {2, 2}, {3, 3}}},  // in4 to in7 are voltages over shunts, curr4 a sum
      {"ina2", {{1, 1}}},                     // in0 is the voltage over the shunt
      {"max2073", {{2, 1}}},                  // in1 is the input, whose current is not measured
      {"max20743", {{2, 1}}},
      {"max20751", {{2, 1}}},
      {"ltc2947", {{0, 1}}},
      {"ltc2992", {{0, 1}, {1, 2}}},
  };
  return kRules;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// What a label is about, so that "vout1" and "iout1", "CPU voltage" and "CPU current" are about the same.
std::string subject(const std::string& label, char symbol, std::string_view quantity) {
  auto text = lower(label);
  if (const auto at = text.find(quantity); at != std::string::npos) {
    text.erase(at, quantity.size());
    return slug(text);
  }
  if (text.size() > 1 && text.front() == symbol) return "?" + text.substr(1);
  return text;
}

bool same_subject(const std::string& volts, const std::string& amperes) {
  if (volts.empty() || amperes.empty()) return false;
  return lower(volts) == lower(amperes) || subject(volts, 'v', "voltage") == subject(amperes, 'i', "current");
}

std::vector<VoltsAmperes> pairs_by_label(const HwmonChip& chip) {
  std::vector<VoltsAmperes> pairs;
  std::set<int> taken;
  for (const int volts : chip.numbers("in", "_input")) {
    for (const int amperes : chip.numbers("curr", "_input")) {
      if (taken.contains(amperes) || !same_subject(chip.label("in", volts), chip.label("curr", amperes))) continue;
      taken.insert(amperes);
      pairs.push_back({volts, amperes});
      break;
    }
  }
  return pairs;
}

std::vector<VoltsAmperes> pairs_by_number(const HwmonChip& chip) {
  std::vector<VoltsAmperes> pairs;
  for (const int number : chip.numbers("curr", "_input"))
    if (chip.label("in", number).empty() || chip.label("curr", number).empty()) pairs.push_back({number, number});
  return pairs;
}

std::string name_of(std::string_view kind, int number) {
  return std::string(kind) + std::to_string(number);
}

class Listing {
 public:
  explicit Listing(const HwmonChip& chip) : chip_(chip) {}

  std::vector<FoundSensor> take() {
    for (const int number : chip_.numbers("energy", "_input")) add_energy(number);
    for (const int number : chip_.numbers("power", "_input")) add_power(number, "_input");
    for (const int number : chip_.numbers("power", "_average")) add_power(number, "_average");
    if (chip_.numbers("energy", "_input").empty() && !has_power())
      for (const auto& pair : pair_inputs(chip_)) add_product(pair);
    return std::move(found_);
  }

 private:
  std::filesystem::path file(const std::string& name, std::string_view ending) const {
    return chip_.folder / (name + std::string(ending));
  }
  bool has(const std::string& name, std::string_view ending) const { return chip_.has(name + std::string(ending)); }
  bool has_power() const {
    return !chip_.numbers("power", "_input").empty() || !chip_.numbers("power", "_average").empty();
  }
  bool is_off(const std::string& name) const {
    return has(name, "_enable") && number_in(file(name, "_enable")).value_or(1) == 0;
  }
  void guard(HwmonSensor& sensor, const std::string& name) const {
    if (has(name, "_enable")) sensor.while_enabled(file(name, "_enable"));
    if (has(name, "_fault")) sensor.unless_fault(file(name, "_fault"));
  }
  Seconds milliseconds(const std::string& name) const {
    return Seconds{std::min(number_in(chip_.folder / name).value_or(0), 60e3) * 1e-3};
  }
  Seconds update_interval() const { return milliseconds("update_interval"); }

  void add_energy(int number) {
    const auto name = name_of("energy", number), power = name_of("power", number);
    if (is_off(name)) return;
    auto sensor = HwmonSensor::energy(file(name, "_input"));
    guard(sensor, name);
    for (const char* ending : {"_input", "_average"}) {
      if (!has(power, ending)) continue;
      sensor.beside(file(power, ending));
      counted_.insert(number);
      break;
    }
    add({name, chip_.label("energy", number), std::move(sensor), update_interval(), {}, cap(power)});
  }

  void add_power(int number, std::string_view ending) {
    const auto name = name_of("power", number);
    if (is_off(name) || !counted_.insert(number).second) return;
    auto sensor = HwmonSensor::power(file(name, ending));
    guard(sensor, name);
    const auto mean_of = ending == "_average" ? milliseconds(name + "_average_interval") : Seconds{0};
    const auto every = mean_of.value > 0 ? mean_of : update_interval();
    add({name, chip_.label("power", number), std::move(sensor), every, mean_of, cap(name)});
  }

  void add_product(const VoltsAmperes& pair) {
    const auto volts = name_of("in", pair.volts), amperes = name_of("curr", pair.amperes);
    if (is_off(volts) || is_off(amperes)) return;
    auto sensor = HwmonSensor::product(file(volts, "_input"), file(amperes, "_input"));
    guard(sensor, volts);
    guard(sensor, amperes);
    auto label = chip_.label("in", pair.volts);
    if (label.empty()) label = chip_.label("curr", pair.amperes);
    add({volts, std::move(label), std::move(sensor), update_interval(), {}, {}});
  }

  std::optional<std::filesystem::path> cap(const std::string& power) const {
    if (!has(power, "_cap")) return std::nullopt;
    return file(power, "_cap");
  }
  void add(FoundSensor&& sensor) { found_.push_back(std::move(sensor)); }

  const HwmonChip& chip_;
  std::vector<FoundSensor> found_;
  std::set<int> counted_;  // the powers that need no row of their own
};

}  // namespace

std::vector<VoltsAmperes> pair_inputs(const HwmonChip& chip) {
  auto pairs = pairs_by_label(chip);
  const auto rule =
      std::ranges::find_if(chip_rules(), [&](const ChipRule& r) { return chip.name.starts_with(r.name); });
  for (const auto& pair : rule == chip_rules().end() ? pairs_by_number(chip) : rule->pairs) {
    const auto in_use = [&](const VoltsAmperes& p) { return p.volts == pair.volts || p.amperes == pair.amperes; };
    if (std::ranges::any_of(pairs, in_use)) continue;
    if (chip.has(name_of("in", pair.volts) + "_input") && chip.has(name_of("curr", pair.amperes) + "_input"))
      pairs.push_back(pair);
  }
  std::ranges::sort(pairs, {}, &VoltsAmperes::volts);
  return pairs;
}

std::vector<FoundSensor> find_sensors(const HwmonChip& chip) {
  return Listing(chip).take();
}

}  // namespace ipw::probes::sources
