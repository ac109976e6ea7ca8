#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "exporter/accounting/record.hpp"

namespace ipw {

// What went wrong with a final attempt that has no right to be called merely wrong: it was not answered, cut off, or
// not judged as correct or wrong.
struct Failure {
  std::string what{};    // the outcome, or the verdict of an answer
  std::string reason{};  // in the words of the server or the judge; may be empty
  std::string id, query_id;
  WallTime at{};
};

// Counts failures by what they are and why, and keeps the newest. In bounded memory.
class Failures {
 public:
  static constexpr std::size_t kReasons = 40, kNewest = 50, kReasonBytes = 300;
  using Count = std::pair<std::pair<std::string, std::string>, std::uint64_t>;

  // Passes over what is not final, was cancelled, or is judged correct, wrong or a tie, or waits for its judge.
  void add(const AttemptRecord& record);
  std::uint64_t all() const { return all_; }
  std::vector<Count> counts() const;    // the commonest first; what is beyond kReasons together as `other`
  std::vector<Failure> newest() const;  // newest first

 private:
  std::uint64_t all_{0}, other_{0};
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts_;
  std::vector<Failure> newest_;  // a heap, the oldest first
};

}  // namespace ipw
