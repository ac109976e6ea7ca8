#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "replay/corpus.hpp"
#include "replay/panel.hpp"

namespace ipw::replay {

// Which part of a corpus a panel takes (`corpus.panel` of the configuration).
struct PanelChoice {
  std::size_t size{0};  // at least 1
  std::uint64_t seed{1};
  std::string stratify{"subject"};  // subject, language, none, or the name of a metadata field
};

// How many of each stratum a panel of `size` takes: proportional to `counts` by largest remainder, and at least one of
// each where `size` allows that. Of equal remainders the earlier one is served. All, when there are no more than
// `size`.
std::vector<std::uint64_t> panel_shares(const std::vector<std::uint64_t>& counts, std::uint64_t size);

// Draws a panel in two passes over the corpus, keeping 8 bytes of an item in the first, and of the second what it has
// drawn. Within a stratum those are drawn whose id and seed hash lowest: the order of the lines does not matter, and a
// line more or less changes little. One thread.
class PanelDraw {
 public:
  explicit PanelDraw(PanelChoice choice) : choice_(std::move(choice)) {}

  // The first pass: every item once.
  void look(const CorpusItem& item);
  // The second: reads the same corpus again. Errors: invalid, when no item has the metadata field, when it has more
  // than 10,000 values, and when the corpus is no longer the same.
  Result<Panel> draw(CorpusReader& corpus) const;

 private:
  struct Pool {
    std::uint64_t items{0};
    std::vector<std::uint64_t> lowest;  // hashes, as a heap, as many as the panel could take
  };
  Result<void> check_field() const;
  std::string stratum_of(const CorpusItem& item) const;

  PanelChoice choice_;
  std::map<std::string, Pool, std::less<>> pools_;
  std::set<std::string, std::less<>> fields_;  // of the metadata, for whoever misspells one
};

}  // namespace ipw::replay
