#pragma once

#include <string>
#include <utility>
#include <vector>

#include "replay/corpus.hpp"

namespace ipw::testing {

// A corpus that is a list of items, or fails after them.
class ListCorpus final : public replay::CorpusReader {
 public:
  explicit ListCorpus(std::vector<std::pair<std::string, std::string>> ids_and_problems, std::string failure = {})
      : items_(std::move(ids_and_problems)), failure_(std::move(failure)) {}

  Result<std::optional<replay::CorpusItem>> next() override {
    if (at_ == items_.size() && !failure_.empty()) return Error{Errc::invalid, failure_};
    if (at_ == items_.size()) return std::optional<replay::CorpusItem>();
    replay::CorpusItem item;
    item.id = items_[at_].first;
    item.problem = items_[at_].second;
    ++at_;
    return std::optional(std::move(item));
  }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
  std::string failure_;
  std::size_t at_{0};
};

}  // namespace ipw::testing
