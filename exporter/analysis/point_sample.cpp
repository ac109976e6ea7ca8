#include "exporter/analysis/point_sample.hpp"

#include <algorithm>
#include <tuple>

namespace ipw {

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31U);
}

bool PointSample::Held::operator<(const Held& other) const {
  return std::tie(hash, point.id) < std::tie(other.hash, other.point.id);
}

void PointSample::add(QueryPoint point) {
  ++seen_;
  Held held{stable_hash(point.id), std::move(point)};
  if (heap_.size() == limit_) {
    if (!(held < heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }
  heap_.push_back(std::move(held));
  std::push_heap(heap_.begin(), heap_.end());
}

std::vector<QueryPoint> PointSample::points() const {
  std::vector<QueryPoint> all;
  all.reserve(heap_.size());
  for (const auto& held : heap_) all.push_back(held.point);
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return std::tie(a.sent_at, a.id) < std::tie(b.sent_at, b.id); });
  return all;
}

}  // namespace ipw
