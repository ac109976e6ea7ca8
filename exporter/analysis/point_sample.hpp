#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/analysis/query_results.hpp"

namespace ipw {

// One query as plots show it.
struct QueryPoint {
  std::string id, query_id;  // the last attempt's, and the corpus line's
  WallTime sent_at{};
  std::optional<bool> right;  // nothing where it is not judged
  std::optional<double> input_tokens, output_tokens;
  std::optional<double> time_to_first_token, latency;  // seconds
  std::array<std::optional<double>, kScopes> joules, watts;
};

// Some of many points, by chance but always the same: those whose ids have the smallest hashes. So each point is as
// likely as any other to be kept, in whatever order they come, and memory is bounded.
class PointSample {
 public:
  static constexpr std::size_t kPoints = 2000;

  explicit PointSample(std::size_t limit = kPoints) : limit_(limit) {}
  void add(QueryPoint point);
  std::uint64_t seen() const { return seen_; }
  std::vector<QueryPoint> points() const;  // by time

 private:
  struct Held {
    std::uint64_t hash;
    QueryPoint point;
    bool operator<(const Held& other) const;
  };
  std::size_t limit_;
  std::uint64_t seen_{0};
  std::vector<Held> heap_;  // the greatest hash first
};

// The same on every machine and in every version: FNV-1a, its bits mixed once more.
std::uint64_t stable_hash(std::string_view text);

}  // namespace ipw
