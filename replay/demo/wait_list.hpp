#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace ipw::replay::demo {

// Who was asked to come back later, and when. Whoever comes when the time has passed is let in once. Loop thread only.
class WaitList {
 public:
  void ask(const std::string& who, MonoTime until) { until_[who] = until; }

  enum class Answer { not_asked, too_early, waited };
  // Counts who is too early; who has waited is forgotten.
  Answer meet(const std::string& who, MonoTime now) {
    const auto found = until_.find(who);
    if (found == until_.end()) return Answer::not_asked;
    if (now < found->second) {
      ++too_early_;
      return Answer::too_early;
    }
    until_.erase(found);
    return Answer::waited;
  }
  // REQUIRES: was asked.
  MonoTime until(const std::string& who) const { return until_.at(who); }
  std::uint64_t too_early() const { return too_early_; }

 private:
  std::map<std::string, MonoTime> until_;
  std::uint64_t too_early_{0};
};

}  // namespace ipw::replay::demo
