#include "exporter/regression/epoch.hpp"

#include <algorithm>
#include <utility>

#include "replay/digest.hpp"

namespace ipw {
namespace {

constexpr std::size_t kDigits = 12;

std::string digest_of(const Facts& facts) {
  std::string all;
  for (const auto& [name, value] : facts) all.append(name).append(1, '=').append(value).append(1, '\n');
  return replay::sha256({all}).substr(0, kDigits);
}

}  // namespace

std::string difference(const Facts& before, const Facts& now) {
  std::string all;
  for (const auto& [name, value] : now)
    if (const auto old = before.find(name); old != before.end() && old->second != value)
      all.append(all.empty() ? "" : ", ").append(name).append(" ").append(old->second).append(" -> ").append(value);
  return all;
}

bool same_facts(const Facts& before, const Facts& now) {
  return difference(before, now).empty();
}

std::optional<std::string> incomparable(const Facts& before, const Facts& now) {
  constexpr std::pair<const char*, const char*> kYardsticks[] = {
      {"corpus", "the baseline is of another corpus or panel"},
      {"judges", "the baseline was judged by other judges"},
      {"load", "the baseline was measured under another load"}};
  for (const auto& [name, why] : kYardsticks) {
    const auto old = before.find(name), current = now.find(name);
    if (old != before.end() && current != now.end() && old->second != current->second) return why;
  }
  return std::nullopt;
}

EpochTracker::EpochTracker(Facts configured, std::vector<Epoch> known, WallTime now) : known_(std::move(known)) {
  sources_[""] = std::move(configured);
  if (known_.empty()) known_.push_back({digest_of(sources_[""]), now, sources_[""]});
  update(now);
}

bool EpochTracker::learn(const std::string& source, const Facts& facts, WallTime at) {
  if (facts.empty()) return false;
  sources_[source] = facts;
  return update(at);
}

bool EpochTracker::update(WallTime at) {
  Facts now;
  for (const auto& [source, facts] : sources_) now.insert(facts.begin(), facts.end());
  auto& current = known_.back();
  if (same_facts(current.facts, now)) {
    const auto size = current.facts.size();
    current.facts.insert(now.begin(), now.end());
    return current.facts.size() != size;
  }
  const auto same =
      std::find_if(known_.rbegin(), known_.rend(), [&](const Epoch& epoch) { return same_facts(epoch.facts, now); });
  auto digest = same != known_.rend() ? same->digest : digest_of(now);
  known_.push_back({std::move(digest), at, std::move(now)});
  return true;
}

const Epoch* EpochTracker::previous() const {
  const auto found =
      std::find_if(known_.rbegin(), known_.rend(), [&](const Epoch& e) { return e.digest != current().digest; });
  return found == known_.rend() ? nullptr : &*found;
}

const Epoch* EpochTracker::find(const std::string& digest) const {
  const auto found = std::find_if(known_.rbegin(), known_.rend(), [&](const Epoch& e) { return e.digest == digest; });
  return found == known_.rend() ? nullptr : &*found;
}

}  // namespace ipw
