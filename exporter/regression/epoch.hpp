#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace ipw {

// What runs, by name: as the configuration has it (`model`, `request`), as the server says (`engine_version`,
// `model_digest`, `quantization`, ...), as the device's driver says (`driver`, `power_cap_watts`, `partition`); and
// what it is measured by (`corpus`, `judges`). What nobody tells is not there.
using Facts = std::map<std::string, std::string>;

// A stretch of time in which the same ran. Epochs with the same facts have the same digest, also years apart.
struct Epoch {
  std::string digest;
  WallTime since{};
  Facts facts;
};

// Every fact that both know is the same.
bool same_facts(const Facts& before, const Facts& now);
// "driver 550.54 -> 580.65, quantization Q8_0 -> Q4_K_M": the facts that both know and that differ.
std::string difference(const Facts& before, const Facts& now);
// Why cycles of two epochs cannot be compared: what they are measured by differs. Nothing where they can.
std::optional<std::string> incomparable(const Facts& before, const Facts& now);

// Follows one target through its epochs. Owned by the accountant's thread.
class EpochTracker {
 public:
  // `known`: the target's former epochs, oldest first; the last one goes on until a fact speaks against it.
  EpochTracker(Facts configured, std::vector<Epoch> known, WallTime now);

  // A source (the server, the driver) tells all that it knows. True when that opened an epoch, or told more about this
  // one: then it is to be stored. A fact that was unknown before is no change.
  bool learn(const std::string& source, const Facts& facts, WallTime at);

  const Epoch& current() const { return known_.back(); }
  // The one before, of another digest; null where there is none.
  const Epoch* previous() const;
  const Epoch* find(const std::string& digest) const;  // the newest of that digest

 private:
  bool update(WallTime at);

  std::map<std::string, Facts> sources_;
  std::vector<Epoch> known_;  // by their beginning
};

}  // namespace ipw
